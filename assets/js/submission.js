// Rows that grow and shrink: creators and links. Without this script the buttons save the draft and bring empty rows.

const typed = (form) => form?.dispatchEvent(new Event("input", { bubbles: true }));

for (const part of document.querySelectorAll("[data-rows]")) {
  const form = part.closest("form");
  const pattern = part.querySelector("[data-row-pattern]");
  const add = part.querySelector("[data-row-add]");
  const rows = () => [...part.querySelectorAll(":scope > [data-row]")];
  // Numbers are never used twice on one page, so a removed row leaves no trace in another.
  let next = Math.max(-1, ...rows().map((row) => Number(row.querySelector("[name]").name.split("-")[1]))) + 1;

  const tend = () => {
    for (const row of rows()) row.querySelector("[data-row-remove]").hidden = rows().length === 1;
  };

  add.type = "button";
  add.addEventListener("click", () => {
    const fresh = document.createElement("div");
    fresh.innerHTML = pattern.innerHTML.replaceAll("__n__", String(next));
    next += 1;
    const row = fresh.firstElementChild;
    add.before(row);
    tend();
    row.querySelector("input").focus();
  });

  part.addEventListener("click", (event) => {
    const button = event.target.closest("[data-row-remove]");
    if (!button) return;
    const row = button.closest("[data-row]");
    const neighbour = row.previousElementSibling?.matches("[data-row]") ? row.previousElementSibling : row.nextElementSibling;
    row.remove();
    tend();
    (neighbour?.querySelector("input") || add).focus();
    typed(form);
  });

  tend();
}
