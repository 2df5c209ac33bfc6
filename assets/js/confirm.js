// Asks before a form with data-confirm (on the form or on the button pressed) is sent. Without scripts the form is
// simply sent: whatever can't be undone has its own page for that.

const dialog = document.querySelector("[data-confirm-dialog]");
const agreed = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  const asked = button?.dataset.confirm ? button : form;
  if (!asked.dataset.confirm || agreed.has(form) || !dialog?.showModal) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  dialog.querySelector("[data-confirm-text]").textContent = asked.dataset.confirm;
  const yes = dialog.querySelector("[data-confirm-yes]");
  yes.dataset.usual ??= yes.textContent;
  yes.textContent = asked.dataset.confirmButton || yes.dataset.usual;
  yes.className = asked.dataset.confirmTone === "danger" ? "btn btn-danger" : "btn btn-primary";
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return button?.focus();
    agreed.add(form);
    form.requestSubmit(button ?? undefined);
    agreed.delete(form);
  };
  dialog.showModal();
}, true);
