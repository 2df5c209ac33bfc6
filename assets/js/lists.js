// List pages: choosing all rows, counting them, asking before a bulk action, and forms that send themselves.

const { say, digits, catchUp } = window.portal;
const seen = new WeakSet();

function count(list) {
  const bulk = list.querySelector("[data-bulk]");
  if (!bulk) return;
  const boxes = [...list.querySelectorAll("[data-choose]")];
  const chosen = boxes.filter((box) => box.checked).length;
  const whole = list.querySelector("[data-choose-all]");
  if (whole) {
    whole.checked = chosen > 0 && chosen === boxes.length;
    whole.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  const everywhere = bulk.querySelector("[name=bulk_all]").checked;
  bulk.querySelector("[data-bulk-count]").textContent = chosen && !everywhere ? say("selected", { count: digits(chosen) }) : "";
}

document.addEventListener("change", (event) => {
  const list = event.target.closest("[data-list]");
  if (!list) return;
  if (event.target.matches("[data-choose-all]")) {
    for (const box of list.querySelectorAll("[data-choose]")) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  if (event.target.matches("[name=bulk_action]")) {
    const question = event.target.selectedOptions[0]?.dataset.confirmText;
    if (question) event.target.form.dataset.confirm = question;
    else delete event.target.form.dataset.confirm;
    if (question) window.portal.wake(event.target.form);
  }
  count(list);
});
document.addEventListener("htmx:beforeRequest", (event) => event.target.closest("[data-list]")?.classList.add("is-loading"));
document.addEventListener("htmx:afterRequest", (event) => {
  for (const list of document.querySelectorAll("[data-list].is-loading")) list.classList.remove("is-loading");
});

// On a phone the filters open when they are asked for, and stay open while one of them is set.
function open(list, is) {
  list.classList.toggle("is-open", is);
  list.querySelector("[data-list-more]")?.setAttribute("aria-expanded", String(is));
}
document.addEventListener("click", (event) => {
  const list = event.target.closest("[data-list-more]")?.closest("[data-list]");
  if (list) open(list, !list.classList.contains("is-open"));
});

export function wake(part) {
  const lists = part.matches?.("[data-list]") ? [part] : part.querySelectorAll("[data-list]");
  for (const list of lists) {
    if (!seen.has(list)) {
      catchUp(list);
      open(list, Boolean(list.querySelector(".filter-chip")));
    }
    seen.add(list);
    count(list);
    // Fields search by themselves, so the button of the form is only for those without scripts.
    for (const button of list.querySelectorAll("[data-list-submit]")) button.hidden = Boolean(window.htmx) || button.form?.method === "get";
  }
  const list = part.closest?.("[data-list]");
  if (list) wake(list);
}
