// The agenda's editor: lines are added, and change places by their arrows or by dragging. Without this script the numbers
// in the lines say the order, and empty lines wait at the end.

const { digits } = window.portal;
const editor = document.querySelector("[data-agenda]");
const list = editor.querySelector(".agenda-rows");
const total = editor.querySelector("[name$=-TOTAL_FORMS]");
const most = Number(editor.querySelector("[name$=-MAX_NUM_FORMS]").value);
const pattern = editor.querySelector("[data-pattern]");
const add = editor.querySelector("[data-add]");
const live = editor.querySelector("[data-agenda-says]");
let held = null;

const rows = () => [...list.querySelectorAll("[data-row]")];

function number() {
  rows().forEach((row, place) => {
    row.querySelector("[name$=-place]").value = digits(place + 1);
  });
  add.hidden = Number(total.value) >= most;
}

function place(row, before) {
  list.insertBefore(row, before);
  number();
  live.textContent = `${live.dataset.moved} ${digits(rows().indexOf(row) + 1)}`;
}

function prepare(row) {
  row.querySelector("[data-steps]").hidden = false;
  row.querySelector("[data-up]").addEventListener("click", (event) => {
    if (row.previousElementSibling) place(row, row.previousElementSibling);
    event.currentTarget.focus();
  });
  row.querySelector("[data-down]").addEventListener("click", (event) => {
    if (row.nextElementSibling) place(row, row.nextElementSibling.nextElementSibling);
    event.currentTarget.focus();
  });
  // Only the grip begins a drag: the fields of the line stay selectable.
  const grip = row.querySelector("[data-grip]");
  grip.draggable = true;
  row.addEventListener("dragend", () => {
    row.classList.remove("is-held");
    held = null;
    for (const other of rows()) other.classList.remove("is-target");
  });
  grip.addEventListener("dragstart", (event) => {
    held = row;
    row.classList.add("is-held");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.querySelector("[name$=-title]").value);
    event.dataTransfer.setDragImage(row, 0, 0);
  });
  row.addEventListener("dragover", (event) => {
    if (!held || held === row) return;
    event.preventDefault();
    for (const other of rows()) other.classList.toggle("is-target", other === row);
  });
  row.addEventListener("drop", (event) => {
    if (!held || held === row) return;
    event.preventDefault();
    place(held, rows().indexOf(held) < rows().indexOf(row) ? row.nextElementSibling : row);
  });
}

add.addEventListener("click", () => {
  const fresh = document.createElement("template");
  fresh.innerHTML = pattern.innerHTML.replaceAll("__prefix__", total.value);
  const row = fresh.content.querySelector("[data-row]");
  list.append(row);
  total.value = Number(total.value) + 1;
  prepare(row);
  number();
  row.querySelector("[name$=-title]").focus();
});

window.portal.growAgain(total, add);
for (const row of rows()) prepare(row);
number();
