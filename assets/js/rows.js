// Lists of lines in a form (Django formsets) grow by one line at a time. Without this script one empty line is always there.

for (const part of document.querySelectorAll("[data-formset]")) {
  const total = part.querySelector("[name$=-TOTAL_FORMS]");
  const most = Number(part.querySelector("[name$=-MAX_NUM_FORMS]").value);
  const pattern = part.querySelector("[data-formset-pattern]");
  const add = part.querySelector("[data-formset-add]");

  const tend = () => {
    add.hidden = Number(total.value) >= most;
  };

  add.addEventListener("click", () => {
    const fresh = document.createElement("div");
    fresh.innerHTML = pattern.innerHTML.replaceAll("__prefix__", total.value);
    const row = fresh.firstElementChild;
    add.before(row);
    total.value = Number(total.value) + 1;
    tend();
    row.querySelector("select, input:not([type=hidden])").focus();
  });
  window.portal.growAgain(total, add);

  tend();
}
