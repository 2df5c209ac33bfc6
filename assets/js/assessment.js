// The assessor's sheet: keyboard, progress, and autosave that loses nothing. Without this script the form works by its buttons.

const form = document.querySelector("[data-assessment]");
const words = JSON.parse(document.getElementById("assessment-words").textContent);
const status = form.querySelector("[data-autosave-status]");
const digits = (value) => window.portal?.digits(value) ?? String(value);
const DELAY = 1200; // after the last touch
const RETRY = 8000; // after a lost connection
const KEY = `assessment-${form.dataset.assessment}-${form.dataset.user}`;
const NOT_MINE = new Set(["csrfmiddlewaretoken", "version", "then", "once_key"]);
const questions = [...form.querySelectorAll("[data-q]")];

// ---------------------------------------------------------------- the fields by name
const names = [...new Set([...form.elements].map((element) => element.name).filter((name) => name && !NOT_MINE.has(name)))];

function read(name) {
  const controls = [...form.querySelectorAll(`[name="${name}"]`)];
  const box = controls.find((control) => control.type === "checkbox");
  if (box?.checked) return box.value;
  if (controls[0].type === "radio") return controls.find((control) => control.checked)?.value ?? "";
  return controls[0].value;
}

function write(name, value) {
  for (const control of form.querySelectorAll(`[name="${name}"]`)) {
    if (control.type === "radio" || control.type === "checkbox") control.checked = control.value === value;
    else control.value = value === "na" && name.startsWith("r-") ? "" : value;
  }
  if (name.startsWith("c-") && value) question(name)?.querySelector(".q-comment")?.setAttribute("open", "");
}

const question = (name) => document.getElementById(name.replace(/^[rc]-/, "q-"));

// `saved` is what the server holds as far as we know; whatever differs from it is still to be sent.
let version = Number(form.elements.version.value);
const saved = Object.fromEntries(names.map((name) => [name, read(name)]));
const refused = {}; // values that the server could not read: not sent again until they change
const twice = {}; // fields answered differently in another window: {name: the other value}

const unsent = () => names.filter((name) => read(name) !== saved[name] && read(name) !== refused[name] && !(name in twice));
const unkept = () => names.filter((name) => read(name) !== saved[name]);

// ---------------------------------------------------------------- what this browser keeps
function keep() {
  try {
    const mine = Object.fromEntries(unkept().map((name) => [name, { value: read(name), base: saved[name] }]));
    if (Object.keys(mine).length) localStorage.setItem(KEY, JSON.stringify(mine));
    else localStorage.removeItem(KEY);
  } catch { /* a browser that keeps nothing still saves to the server */ }
}

function putBack() {
  let mine;
  try {
    mine = JSON.parse(localStorage.getItem(KEY) || "{}");
  } catch {
    return;
  }
  let restored = 0;
  for (const [name, { value, base }] of Object.entries(mine)) {
    if (!names.includes(name) || value === saved[name]) continue;
    if (read(name) !== saved[name]) continue; // the page itself brought back what was typed
    if (saved[name] === base) restored += 1;
    else twice[name] = saved[name];
    write(name, value);
  }
  if (restored) window.portal?.toast(words.restored, "info");
  Object.keys(twice).forEach(ask);
}

// ---------------------------------------------------------------- saving
let timer = 0;
let busy = null;
let ended = false;

function say(text, tone = "", link = null) {
  status.textContent = text;
  status.dataset.tone = tone;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.text;
    status.append(" ", anchor);
  }
}

function touch() {
  keep();
  progress();
  if (ended) return;
  if (unsent().length) {
    if (!busy) say(words.unsaved);
    clearTimeout(timer);
    timer = setTimeout(save, DELAY);
  }
}

async function save() {
  clearTimeout(timer);
  if (busy) {
    await busy;
    return unsent().length ? save() : undefined;
  }
  if (ended || !unsent().length) return undefined;
  busy = send(unsent());
  try {
    await busy;
  } finally {
    busy = null;
  }
  return undefined;
}

async function send(fields) {
  const sent = Object.fromEntries(fields.map((name) => [name, read(name)]));
  const body = new URLSearchParams({ ...sent, version: String(version), csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
  say(words.saving);
  let response;
  try {
    response = await fetch(form.dataset.saveUrl, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
  } catch {
    response = null;
  }
  if (!response || response.status >= 500) {
    say(words.offline, "warning");
    timer = setTimeout(save, RETRY);
    return;
  }
  if (response.type === "opaqueredirect" || response.status === 403) return signedOut();
  let answer = {};
  try {
    answer = await response.json();
  } catch { /* not ours: treated as refused below */ }
  if (response.status === 409) return meet(answer);
  if (!response.ok) {
    ended = true;
    say(answer.error || words.closed, "danger", { href: location.href, text: words.reload });
    return;
  }
  version = answer.version;
  form.elements.version.value = version;
  for (const [name, value] of Object.entries(sent)) {
    const id = name.slice(2);
    if (name.startsWith("r-") && answer.errors[id]) {
      refused[name] = value;
      complain(name, answer.errors[id]);
    } else {
      saved[name] = value;
      delete refused[name];
      if (name.startsWith("r-")) complain(name, "");
    }
  }
  keep();
  if (Object.keys(refused).length) say(words.some, "danger");
  else say(words.saved.replace("{time}", answer.saved_at), "success");
  if (unsent().length) timer = setTimeout(save, DELAY);
}

function signedOut() {
  ended = true; // until the page is opened again: then what this browser kept is put back and sent
  say(words.signed_out, "danger", { href: location.pathname, text: words.sign_in });
}

// Another window saved first: take over what we did not touch, ask about what both changed.
function meet(answer) {
  version = answer.version;
  form.elements.version.value = version;
  for (const [name, theirs] of Object.entries(answer.fields)) {
    if (!names.includes(name) || theirs === saved[name]) continue;
    const mine = read(name);
    if (mine === saved[name]) write(name, theirs);
    else if (mine !== theirs) twice[name] = theirs;
    saved[name] = theirs;
  }
  keep();
  progress();
  Object.keys(twice).forEach(ask);
  if (unsent().length) timer = setTimeout(save, 0);
  else if (Object.keys(twice).length) say(words.twice, "warning");
  else say(words.saved.replace("{time}", digits(new Date().toTimeString().slice(0, 5))), "success");
}

function spoken(name, value) {
  if (value === "") return words.empty;
  const control = form.querySelector(`[type="radio"][name="${name}"][value="${CSS.escape(value)}"], [type="checkbox"][name="${name}"][value="${CSS.escape(value)}"]`);
  return control?.closest("label").innerText.trim().replace(/\s+/g, " ") || digits(value);
}

function ask(name) {
  const place = question(name)?.querySelector("[data-other]") ?? form.elements[name].closest(".field");
  place.querySelector(`[data-twice="${name}"]`)?.remove();
  const box = document.createElement("div");
  box.className = "note note-warning";
  box.dataset.twice = name;
  box.setAttribute("role", "alert");
  const body = document.createElement("div");
  const text = document.createElement("p");
  text.textContent = `${words.twice} ${words.here} «${spoken(name, read(name))}» – ${words.there} «${spoken(name, twice[name])}»`;
  body.append(text, button(words.keep_here, () => settle(name, read(name))), " ", button(words.take_there, () => settle(name, twice[name])));
  box.append(body);
  place.append(box);
}

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm btn-outline-primary";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

function settle(name, value) {
  delete twice[name];
  form.querySelector(`[data-twice="${name}"]`)?.remove();
  write(name, value);
  touch();
}

function complain(name, sentence) {
  const box = question(name)?.querySelector("[data-error]");
  if (!box) return;
  box.textContent = sentence;
  question(name).classList.toggle("q-wrong", Boolean(sentence));
  const input = question(name).querySelector(`[name="${name}"]`);
  if (sentence) {
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", box.id);
  } else input.removeAttribute("aria-invalid");
}

// ---------------------------------------------------------------- progress
const answered = (q) => read(`r-${q.id.slice(2)}`) !== "";

function progress() {
  let done = 0;
  let rated = 0;
  let whole = 0;
  for (const q of questions) {
    const value = read(`r-${q.id.slice(2)}`);
    whole += Number(q.dataset.share);
    if (value !== "") done += 1;
    if (value !== "" && value !== "na") rated += Number(q.dataset.share);
  }
  const bar = form.querySelector("[data-bar]");
  bar.querySelector("[data-done]").textContent = digits(done);
  bar.querySelector("[data-progress]").value = done;
  const percent = whole ? Math.round((100 * rated) / whole) : 0;
  bar.querySelector("[data-coverage]").textContent = digits(percent) + (document.documentElement.lang === "fa" ? "٪" : "%");
  for (const section of form.querySelectorAll("[data-section]")) {
    const own = [...section.querySelectorAll("[data-q]")];
    const count = section.querySelector("[data-section-count]");
    if (!count) continue;
    const ready = own.filter(answered).length;
    count.querySelector("[data-done]").textContent = digits(ready);
    count.classList.toggle("is-done", ready === own.length);
  }
}

// ---------------------------------------------------------------- keyboard
const current = () => document.activeElement?.closest("[data-q]");
const typing = (element) => element?.matches("textarea, select, [type=text]") ?? false;

function go(q) {
  if (!q) return;
  (q.querySelector("[type=radio]:checked") ?? q.querySelector("[type=radio], [type=text]"))?.focus({ preventScroll: true });
  q.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

function choose(q, digit) {
  const levels = [...q.querySelectorAll('[type="radio"]')].filter((radio) => radio.value !== "" && radio.value !== "na");
  const radio = levels.find((level) => Number(level.value) === digit) ?? levels[digit - 1];
  if (!radio) return false;
  radio.checked = true;
  radio.focus({ preventScroll: true });
  return true;
}

function refuse(q) {
  const box = q.querySelector('[value="na"]');
  if (!box) return false;
  box.checked = true;
  box.focus({ preventScroll: true });
  return true;
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.code === "KeyS") {
    event.preventDefault();
    save();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const q = current();
  if (event.key === "Escape" && q && event.target.matches("textarea")) return go(q);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (event.target.matches("textarea, select") || (typing(event.target) && !q)) return;
    const next = q ? questions.indexOf(q) + (event.key === "ArrowDown" ? 1 : -1) : 0;
    if (!q && event.target !== document.body) return;
    event.preventDefault();
    return go(questions[next]);
  }
  if (typing(event.target)) return;
  if (event.key === "?" || event.key === "؟") return shortcuts();
  if (!q) return;
  const digit = event.code.match(/^(?:Digit|Numpad)(\d)$/)?.[1];
  // By the place of the key, so that a Persian keyboard does as well.
  if (digit !== undefined ? choose(q, Number(digit)) : event.code === "KeyN" && refuse(q)) {
    event.preventDefault();
    touch();
  } else if (event.code === "KeyC") {
    event.preventDefault();
    const details = q.querySelector(".q-comment");
    details.open = true;
    details.querySelector("textarea").focus();
  }
});

const dialog = document.querySelector("[data-shortcuts-dialog]");
const opener = form.querySelector("[data-shortcuts]");
const shortcuts = () => dialog.showModal();
opener.hidden = false;
opener.addEventListener("click", shortcuts);

// ---------------------------------------------------------------- beginning and end
form.addEventListener("input", (event) => {
  // A number typed after "not applicable" takes its place.
  if (event.target.matches('[type="text"]') && event.target.value) {
    const box = event.target.closest("[data-q]")?.querySelector('[type="checkbox"]');
    if (box) box.checked = false;
  }
  touch();
});
form.addEventListener("change", touch);
let leaving = false;
form.addEventListener("submit", () => {
  leaving = true;
});
addEventListener("beforeunload", (event) => {
  keep();
  if (!leaving && unkept().length) event.preventDefault();
});
addEventListener("online", save);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") save();
});
if (matchMedia("(max-width: 69.99rem)").matches) document.querySelector("[data-evidence]")?.removeAttribute("open");
// A page shown again with its errors carries what could not be saved: the server does not hold that.
for (const q of form.querySelectorAll(".q-wrong, .q-twice")) saved[`r-${q.id.slice(2)}`] = undefined;
putBack();
progress();
if (unsent().length) touch();
