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

  const grow = () => {
    const fresh = document.createElement("div");
    fresh.innerHTML = pattern.innerHTML.replaceAll("__n__", String(next));
    next += 1;
    const row = fresh.firstElementChild;
    add.before(row);
    tend();
    return row;
  };

  add.type = "button";
  add.addEventListener("click", () => grow().querySelector("input").focus());

  // Text found in this browser may belong to rows that were made here.
  form.addEventListener("autosave:restore", (event) => {
    const stem = rows()[0].querySelector("[name]").name.split("-")[0];
    const numbers = event.detail.map(([name]) => name.split("-")).filter(([kind, number]) => kind === stem && number >= 0);
    for (const wanted = Math.max(0, ...numbers.map(([, number]) => Number(number))); next <= wanted; ) grow();
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

// Files go up one batch at a time with a bar; the list is shown anew and nothing typed elsewhere on the page is touched.
const { say, digits, words } = window.portal;

for (const form of document.querySelectorAll("[data-file-form]")) {
  const input = form.querySelector("[data-filedrop-input]");
  const bar = form.querySelector("[data-filedrop-progress]");
  const errors = form.querySelector("[data-filedrop-error]");
  const chosen = form.querySelector("[data-filedrop-chosen]");
  const list = document.querySelector("[data-file-rows]");
  const button = form.querySelector("button:not([type=button])");

  const complain = (sentences) => {
    errors.replaceChildren(
      ...sentences.map((sentence) => {
        const line = document.createElement("div");
        line.textContent = sentence;
        return line;
      }),
    );
  };

  form.addEventListener(
    "submit",
    (event) => {
      if (!input.files.length) return;
      event.preventDefault();
      complain([]);
      const request = new XMLHttpRequest();
      const line = document.createElement("li");
      chosen.append(line);
      bar.hidden = false;
      bar.value = 0;
      button.disabled = true;
      request.upload.addEventListener("progress", (step) => {
        if (!step.lengthComputable) return;
        const percent = Math.floor((step.loaded / step.total) * 100);
        bar.value = percent;
        line.textContent = percent < 100 ? say("sending", { percent: digits(percent) + (words.language === "fa" ? "٪" : "%") }) : say("sent");
      });
      request.addEventListener("loadend", () => {
        bar.hidden = true;
        button.disabled = false;
        chosen.replaceChildren();
        let told;
        try {
          told = JSON.parse(request.responseText);
        } catch {
          return complain([say(request.responseURL && !request.responseURL.includes(form.getAttribute("action")) ? "sign_in" : "not_sent")]);
        }
        list.innerHTML = told.html;
        document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: list } }));
        complain(told.errors.map((error) => (error.name ? `${error.name}: ${error.message}` : error.message)));
        form.reset();
        if (told.files.length) window.portal.toast(told.said, "success");
        (told.errors.length ? input : list.querySelector("a:last-of-type") || input).focus();
      });
      request.open("POST", form.action);
      request.setRequestHeader("Accept", "application/json");
      request.send(new FormData(form));
    },
    true,
  );
}
