// The board of actions: cards are dragged, or moved by the keyboard and by the buttons of their menu. The server decides:
// a card that it refuses goes back to where it was, and the live region says what happened.

const { digits, toast } = window.portal;
const form = document.getElementById("place");
const live = document.querySelector("[data-board-says]");
const dialog = document.querySelector("[data-why-dialog]");
const board = () => document.getElementById("board");
const lists = () => [...board().querySelectorAll("[data-column]")];
const cards = (list) => [...list.querySelectorAll("[data-card]")];
let held = null;

function tell(text, tone) {
  live.textContent = text;
  toast(text, tone);
}

function count(list, by) {
  const shown = list.closest("section").querySelector("[data-count]");
  shown.dataset.count = Number(shown.dataset.count) + by;
  shown.textContent = digits(shown.dataset.count);
}

// Put a card where it belongs; its place in the column it came from is remembered by the caller.
function put(card, list, before = list.firstElementChild) {
  const from = card.closest("[data-column]");
  list.insertBefore(card, before);
  if (from !== list) {
    count(from, -1);
    count(list, 1);
  }
}

function askWhy(label, sentence) {
  dialog.querySelector("[data-why-title]").textContent = label;
  dialog.querySelector("[data-why-label]").textContent = sentence;
  const text = dialog.querySelector("textarea");
  text.value = "";
  dialog.returnValue = "";
  return new Promise((answer) => {
    dialog.onclose = () => answer(dialog.returnValue === "yes" ? text.value : "");
    dialog.showModal();
    text.focus();
  });
}

async function move(card, target, why = "") {
  const from = card.closest("[data-column]");
  const list = board().querySelector(`[data-column="${target}"]`);
  const back = card.nextElementSibling;
  put(card, list);
  card.classList.add("is-held");
  const body = new FormData(form);
  body.set("to", `${card.dataset.card}.${target}`);
  body.set("why", why);
  let told;
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body, redirect: "manual", headers: { Accept: "application/json" } });
    if (answer.type === "opaqueredirect" || !(answer.headers.get("Content-Type") || "").includes("json")) throw new Error("lost");
    told = await answer.json();
  } catch {
    card.classList.remove("is-held");
    put(card, from, back);
    card.querySelector("a").focus();
    return tell(board().dataset.lost, "danger");
  }
  const fresh = new DOMParser().parseFromString(told.card, "text/html").querySelector("[data-card]");
  card.replaceWith(fresh);
  const place = board().querySelector(`[data-column="${told.status}"]`);
  if (!place) {
    // Cancelled meanwhile: it has left the board.
    count(list, -1);
    fresh.remove();
  } else if (place === from) {
    put(fresh, from, back);
  } else {
    put(fresh, place);
  }
  if (told.asks) {
    const said = await askWhy(told.asks, told.message);
    if (said.trim()) return move(fresh, target, said);
    return fresh.querySelector("a").focus();
  }
  if (fresh.isConnected) fresh.querySelector("a").focus();
  tell(told.message, answer.ok ? "success" : "danger");
}

// --- by its menu
form.addEventListener("submit", (event) => {
  const card = event.submitter?.closest("[data-card]");
  if (!card) return;
  event.preventDefault();
  card.querySelector("details").open = false;
  move(card, event.submitter.value.split(".")[2]);
});

// --- by dragging
document.addEventListener("dragstart", (event) => {
  held = event.target.closest?.("[data-card]");
  if (!held) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", held.querySelector("a").textContent);
  held.classList.add("is-held");
});
document.addEventListener("dragend", () => {
  held?.classList.remove("is-held");
  held = null;
  for (const column of board().querySelectorAll(".is-target")) column.classList.remove("is-target");
});
document.addEventListener("dragover", (event) => {
  const column = held && event.target.closest?.(".action-column");
  for (const other of board().querySelectorAll(".is-target")) if (other !== column) other.classList.remove("is-target");
  if (!column) return;
  event.preventDefault();
  column.classList.add("is-target");
});
document.addEventListener("drop", (event) => {
  const list = held && event.target.closest?.(".action-column")?.querySelector("[data-column]");
  if (!list) return;
  event.preventDefault();
  if (list !== held.closest("[data-column]")) move(held, list.dataset.column);
});

// --- by keyboard: arrows walk, with Shift the card is moved
document.addEventListener("keydown", (event) => {
  const card = event.target.matches?.("[data-card] > a") && event.target.closest("[data-card]");
  if (!card || event.ctrlKey || event.altKey || event.metaKey || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const list = card.closest("[data-column]");
  const inList = cards(list);
  const place = inList.indexOf(card);
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    return inList[place + (event.key === "ArrowDown" ? 1 : -1)]?.querySelector("a").focus();
  }
  const onwards = (event.key === "ArrowLeft") === (document.documentElement.dir === "rtl");
  const all = lists();
  if (event.shiftKey) {
    const next = all[all.indexOf(list) + (onwards ? 1 : -1)];
    if (next) move(card, next.dataset.column);
    return;
  }
  for (let at = all.indexOf(list) + (onwards ? 1 : -1); all[at]; at += onwards ? 1 : -1) {
    const found = cards(all[at]);
    if (found.length) return found[Math.min(place, found.length - 1)].querySelector("a").focus();
  }
});
