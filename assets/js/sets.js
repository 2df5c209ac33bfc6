// The editor of indicator sets: live sums, moving without leaving the page, the row's form in its place.
// Every button works without this script; here it only becomes quicker.

const { words, digits, millionths, percent } = window.portal;

const editor = () => document.querySelector("[data-editor]");
const weightsOf = (group) => [...document.querySelectorAll(`[data-weight="${group}"]`)];
const changed = (input) => input.value !== input.defaultValue;

function weigh() {
  for (const sum of document.querySelectorAll("[data-sum]")) {
    const total = weightsOf(sum.dataset.sum).reduce((all, input) => all + millionths(input.value), 0);
    const state = total === 100e6 ? "right" : "wrong";
    const output = sum.querySelector("[data-total]");
    const text = percent(total);
    if (output.textContent !== text) output.textContent = text;
    if (sum.dataset.state !== state) sum.dataset.state = state;
  }
  const note = document.querySelector("[data-unsaved]");
  if (note) note.hidden = ![...document.querySelectorAll("[data-weight]")].some(changed);
}

// --- moving and spreading: send the form, put the new editor in the old one's place
async function swap(form, button) {
  const body = new FormData(form, button);
  button.setAttribute("aria-busy", "true");
  let page;
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    button.removeAttribute("aria-busy");
    window.portal.toast(words.offline, "danger");
    return;
  }
  const fresh = page.querySelector("[data-editor]");
  if (!fresh) {
    // Signed out, or no draft any more: let the server lead.
    location.assign(form.action);
    return;
  }
  const { id } = button;
  const open = document.querySelector(".edit-slot:not(:empty)");
  editor().replaceWith(document.adoptNode(fresh));
  window.htmx?.process(editor());
  if (open && document.getElementById(open.id)) document.getElementById(open.id).replaceWith(open);
  if (open) for (const field of open.querySelectorAll("[name=edition]")) field.value = document.querySelector("#weights [name=edition]").value;
  const again = document.getElementById(id);
  const target = again && !again.disabled ? again : again?.parentElement.querySelector("button:not(:disabled)");
  (document.querySelector("[data-error-summary]") || target)?.focus();
  weigh();
}

let leaving = false;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-weights]") && event.submitter?.matches("[data-swap]")) {
    event.preventDefault();
    swap(form, event.submitter);
    return;
  }
  if (form.matches("[data-node-form]")) {
    // Weights typed beside the open form go with it.
    for (const input of document.querySelectorAll("[data-weight]")) {
      if (!changed(input)) continue;
      const copy = document.createElement("input");
      copy.type = "hidden";
      copy.name = input.name;
      copy.value = input.value;
      form.append(copy);
    }
  }
  leaving = true;
});

window.addEventListener("beforeunload", (event) => {
  if (!leaving && [...document.querySelectorAll("[data-weight]")].some(changed)) event.preventDefault();
});
window.addEventListener("pageshow", () => {
  leaving = false;
  weigh();
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-weight]")) weigh();
});

// --- the form of a row, in its place
function levels(form) {
  const chosen = form.querySelector("[name=scale]");
  const gate = form.querySelector("[name=gate_least]");
  if (!chosen || !gate) return;
  for (const word of form.querySelectorAll("span[data-gate]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-outline-secondary";
    button.textContent = word.textContent;
    button.addEventListener("click", () => {
      gate.value = digits(Number(word.dataset.gate));
      gate.focus();
    });
    word.replaceWith(button);
  }
  const show = () => {
    for (const list of form.querySelectorAll("[data-gate-levels]")) list.hidden = list.dataset.gateLevels !== chosen.value;
  };
  chosen.addEventListener("change", show);
  show();
}

for (const form of document.querySelectorAll("[data-node-form]")) levels(form);
document.addEventListener("htmx:afterSwap", (event) => {
  const form = event.target.querySelector?.("[data-node-form]");
  if (!form) return;
  levels(form);
  form.querySelector("input:not([type=hidden]), textarea")?.focus();
});
document.addEventListener("htmx:beforeRequest", (event) => {
  // One open form at a time, so that no half-written one is forgotten out of sight.
  const open = document.querySelector(".edit-slot:not(:empty)");
  if (open && event.target.closest("[data-editor]") && open !== event.detail.target) {
    event.preventDefault();
    open.scrollIntoView({ block: "center" });
    open.querySelector("input:not([type=hidden]), textarea")?.focus();
  }
});
document.addEventListener("click", (event) => {
  const slot = event.target.closest("[data-close-node]")?.closest(".edit-slot");
  if (!slot) return;
  event.preventDefault();
  slot.replaceChildren();
  document.getElementById(slot.dataset.slot)?.focus();
});

weigh();
