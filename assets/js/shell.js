// The page shell: folding menus, display settings, focus on errors, and loading what a page needs.

const words = JSON.parse(document.getElementById("portal-words")?.textContent || "{}");
const root = document.documentElement;

// Modules find these here, so that no module has to import another by a name that changes with its content.
window.portal = {
  words,
  digits: (value) => (words.language === "fa" ? String(value).replace(/\d/g, (d) => "۰۱۲۳۴۵۶۷۸۹"[d]) : String(value)),
  // What was typed, in millionths, so that three thirds are compared exactly; NaN for what is no number.
  millionths(text) {
    const plain = text
      .trim()
      .replace(/[۰-۹]/g, (d) => d.charCodeAt(0) - 0x6f0)
      .replace(/[٠-٩]/g, (d) => d.charCodeAt(0) - 0x660)
      .replace(/[٬,\s]/g, "")
      .replace("٫", ".");
    if (plain === "") return 0;
    return /^\d*\.?\d*$/.test(plain) ? Math.round(Number(plain) * 1e6) : NaN;
  },
  // Millionths as a percentage.
  percent(total) {
    if (Number.isNaN(total)) return "؟";
    const text = (total / 1e6).toLocaleString("en", { maximumFractionDigits: 3 });
    return words.language === "fa" ? `${window.portal.digits(text).replace(/,/g, "٬").replace(".", "٫")}٪` : `${text}%`;
  },
  say(text, values = {}) {
    return (words[text] || text).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  },
  // Whoever is quicker than a script chooses and types without it: when it has come, it hears of all that was touched.
  catchUp(part) {
    for (const field of part.querySelectorAll("input, select, textarea")) {
      if (!window.touched.has(field)) continue;
      for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    }
  },
  // Text found in this browser may belong to lines of a formset that were added here: as many are made again.
  growAgain(total, add) {
    total.form.addEventListener("autosave:restore", ({ detail }) => {
      const wanted = Number(new Map(detail).get(total.name) ?? 0);
      while (Number(total.value) < wanted && !add.hidden) add.click();
    });
  },
  toast(text, tone = "info") {
    const note = document.createElement("div");
    note.className = `note note-${tone} toast-note`;
    const body = document.createElement("div");
    body.textContent = text;
    note.append(body);
    document.querySelector("[data-toasts]")?.append(note);
    setTimeout(() => note.remove(), 7000);
  },
};

// --- menus close on a click elsewhere and on Escape
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details[data-fold][open]")) {
    if (!open.contains(event.target) && !open.classList.contains("nav-fold")) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details[data-fold][open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// --- display settings take effect at once and are remembered for the server
const dark = matchMedia("(prefers-color-scheme: dark)");
const cookie = (name) => document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`))?.[1];
function applyTheme(theme) {
  root.toggleAttribute("data-theme-auto", theme === "auto");
  root.dataset.bsTheme = theme === "dark" || (theme === "auto" && dark.matches) ? "dark" : "light";
}
dark.addEventListener("change", () => {
  if (root.hasAttribute("data-theme-auto")) applyTheme("auto");
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-display]") || !event.submitter?.name) return;
  event.preventDefault();
  const { name, value } = event.submitter;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  if (name === "theme") applyTheme(value);
  if (name === "text_size") root.dataset.textSize = value;
  if (name === "contrast") root.dataset.contrast = value;
  for (const button of event.target.querySelectorAll(`button[name="${name}"]`)) {
    button.setAttribute("aria-pressed", String(button === event.submitter));
  }
});
if (cookie("theme") === undefined && root.hasAttribute("data-theme-auto")) applyTheme("auto");

// --- what a form that was sent by script had to tell
try {
  for (const [text, look] of JSON.parse(sessionStorage.getItem("told") || "[]")) {
    window.portal.toast(text, look.match(/note-(\w+)/)?.[1]);
  }
  sessionStorage.removeItem("told");
} catch {
  // No store: nothing was left there.
}

// --- what this browser keeps of somebody's writing goes when it has arrived, and when its writer signs out
function forget(prefix, about = "") {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(prefix) && localStorage.getItem(key).includes(about)) localStorage.removeItem(key);
    }
  } catch {
    // Nothing was kept there.
  }
}
for (const [name, prefix, about] of [["signed_out", `kept:${cookie("signed_out")}:`], ["done", `kept:${words.user}:`, cookie("done")]]) {
  if (!cookie(name)) continue;
  forget(prefix, about);
  document.cookie = `${name}=; Path=/; Max-Age=0`;
}
for (const part of document.querySelectorAll("[data-forget]")) forget(`kept:${words.user}:${part.dataset.forget}:`);

// --- the summary of errors takes the focus
document.querySelector("[data-error-summary]")?.focus();

// --- on a phone the tabs stand in one line: the one that is open is in sight
for (const here of document.querySelectorAll(".tabs [aria-current]")) {
  const list = here.closest("ul");
  const [inner, outer] = [here.getBoundingClientRect(), list.getBoundingClientRect()];
  list.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
}

// --- a table wider than its place can be scrolled by keyboard too
const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) {
      target.tabIndex = 0;
      target.setAttribute("role", "region");
      const name = target.querySelector("caption")?.textContent.trim();
      if (name) target.setAttribute("aria-label", name);
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
    }
  }
});

// --- what a page needs is loaded when it is there; again after htmx has brought something new
const needs = {
  confirm: "[data-confirm]",
  autosave: "[data-autosave-url], main form[method=post] textarea",
  filedrop: "[data-filedrop]",
  jalali: "[data-jdp]",
  lists: "[data-list]",
};
const loaded = {};
const came = new Set();
function wake(part) {
  for (const wrap of part.querySelectorAll(".table-wrap")) widths.observe(wrap);
  for (const [name, selector] of Object.entries(needs)) {
    if (part.matches?.(selector) || part.querySelector(selector)) {
      loaded[name] ??= import(words.modules[name]).finally(() => came.add(name));
      loaded[name].then((module) => module.wake?.(part));
    }
  }
}
// Who presses before the script that asks has come is asked when it has; if it never comes, the form is sent as without scripts.
document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  if (!loaded.confirm || came.has("confirm") || !(button ?? form).closest("[data-confirm]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  loaded.confirm.catch(() => {}).then(() => form.requestSubmit(button ?? undefined));
}, true);
window.portal.wake = wake; // for what a script has made or marked
wake(document);
document.addEventListener("htmx:load", (event) => wake(event.detail.elt));
