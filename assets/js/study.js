// An expert's pairs: says in words what was chosen, and shows how the answers stand each time they were saved.
// Saving itself is autosave.js; without scripts the buttons below save.

const form = document.querySelector("[data-pairs]");
const rtl = document.documentElement.dir === "rtl";
const radios = (pair) => [...pair.querySelectorAll('[type="radio"]')].filter((radio) => radio.value !== "");

form.addEventListener("change", (event) => {
  const pair = event.target.closest("[data-pair]");
  if (pair) pair.querySelector("[data-said]").textContent = event.target.getAttribute("aria-label") ?? "";
});

// The keys go the way the arrow points, on a page that reads from the right too; and only along the scale: a pair is not
// left open by one step too many.
form.addEventListener("keydown", (event) => {
  const pair = event.target.closest("[data-pair]");
  const ways = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: rtl ? 1 : -1, ArrowRight: rtl ? -1 : 1 };
  if (!pair || !(event.key in ways) || event.target.type !== "radio" || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const steps = radios(pair);
  const here = steps.indexOf(event.target);
  // From an open pair the keys begin in the middle.
  const next = here < 0 ? (steps.length - 1) / 2 : Math.min(Math.max(here + ways[event.key], 0), steps.length - 1);
  steps[next].focus({ preventScroll: true });
  if (!steps[next].checked) {
    steps[next].checked = true;
    steps[next].dispatchEvent(new Event("change", { bubbles: true }));
  }
});

form.addEventListener("autosave:saved", (event) => {
  for (const [name, html] of Object.entries(event.detail.parts ?? {})) {
    const part = form.querySelector(`[data-part="${name}"]`);
    if (part && !part.contains(document.activeElement)) part.innerHTML = html;
  }
});

// A judgement to look at again: go there with the focus (following the link itself would lose it).
form.addEventListener("click", (event) => {
  const link = event.target.closest("[data-doubt]");
  if (!link) return;
  event.preventDefault();
  const pair = document.getElementById(link.hash.slice(1));
  pair.querySelector(":checked").focus({ preventScroll: true });
  pair.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
});

window.portal.catchUp(form);
