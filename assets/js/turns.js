// Leafing through what stands in one order: arrow keys turn the page, Esc leads back. Without this script the links do.

const turns = document.querySelector("[data-turns]");
const keys = turns.querySelector("[data-turn-keys]");
const busy = 'input, select, textarea, summary, [contenteditable], [role="region"][tabindex], dialog, [role="menu"], .dropdown-menu';

keys.hidden = !matchMedia("(hover: hover)").matches;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  // What scrolls or is typed in has these keys for itself.
  if (event.target.closest(busy) || document.querySelector("dialog[open], .dropdown-menu.show")) return;
  const onwards = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backwards = onwards === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  const turn = { [onwards]: "after", [backwards]: "before", Escape: "back" }[event.key];
  const link = turn && turns.querySelector(`[data-turn="${turn}"]`);
  if (!link) return;
  event.preventDefault();
  link.click();
});
