// The assessor's sheet: keyboard, progress, and autosave that loses nothing. Without this script the form works by its buttons.

const form = document.querySelector("[data-assessment]");
const words = JSON.parse(document.getElementById("assessment-words").textContent);
const status = form.querySelector("[data-autosave-status]");
const { digits, toast, Copies } = window.portal;
const persian = document.documentElement.lang === "fa";
const DELAY = 1200; // after the last touch
const RETRY = 8000; // after a lost connection
const SMALL = 60_000; // bytes that a browser still sends while a page goes away
const NOT_MINE = new Set(["csrfmiddlewaretoken", "version", "then", "once_key"]);
const questions = [...form.querySelectorAll("[data-q]")];

// ---------------------------------------------------------------- the fields by name
const controls = {};
for (const element of form.elements) {
  if (element.name && !NOT_MINE.has(element.name)) (controls[element.name] ??= []).push(element);
}
const names = Object.keys(controls);
const limits = {}; // letters that a text may have; told in words instead of cutting off what is pasted
for (const name of names) {
  if (controls[name][0].maxLength > 0) {
    limits[name] = controls[name][0].maxLength;
    controls[name][0].removeAttribute("maxlength");
  }
}

function read(name) {
  const [first] = controls[name];
  if (first.type === "radio") return controls[name].find((control) => control.checked)?.value ?? "";
  return controls[name].find((control) => control.type === "checkbox" && control.checked)?.value ?? first.value;
}

// What stood there when the page came: whoever was quicker than this script has changed it already.
function brought(name) {
  const [first] = controls[name];
  const chosen = controls[name].find((control) => control.defaultChecked);
  if (first.type === "radio") return chosen?.value ?? "";
  return chosen?.value ?? first.defaultValue;
}

function write(name, value) {
  for (const control of controls[name]) {
    if (control.type === "radio" || control.type === "checkbox") control.checked = control.value === value;
    else if (control.type === "text") control.value = value === "na" ? "" : shownNumber(value);
    else control.value = value;
  }
  if (name.startsWith("c-") && value) question(name).querySelector(".q-comment").open = true;
}

const question = (name) => (/^[rc]-/.test(name) ? document.getElementById(`q-${name.slice(2)}`) : null);
const shownNumber = (value) => (persian ? digits(value).replace(".", "٫") : value);

// Letters too many. Signs of two units count once; where far too much was pasted nobody counts so exactly.
function over(name) {
  const text = limits[name] ? controls[name][0].value : "";
  if (!text || text.length <= limits[name]) return 0;
  return Math.max(0, (text.length > 3 * limits[name] ? text.length : [...text].length) - limits[name]);
}
// Two writings of one text or number: the server stores a tidied form.
const plain = (text) => text.replace(/[۰-۹]/g, (digit) => digit.charCodeAt(0) - 0x6f0).replace("٫", ".");
const tidy = (text) => plain(text).normalize("NFC").replace(/[يى]/g, "ی").replace(/ك/g, "ک").replace(/\s+/g, " ").trim();
const alike = (one, two) => one === two || tidy(one) === tidy(two);

// ---------------------------------------------------------------- what is saved and what is not
// `stored` is what the server holds as far as we know, `shown` how that looks in the field: what looks otherwise was changed here.
let version = Number(form.elements.version.value);
const shown = Object.fromEntries(names.map((name) => [name, brought(name)]));
const stored = Object.fromEntries(names.map((name) => [name, controls[name][0].dataset.stored ?? shown[name]]));
const base = {}; // what a field grew from while a question about it is open: {name: value}
const rivals = {}; // fields changed in two places: {name: [{value, where}]}; not sent before somebody has chosen
const refused = {}; // values that the server could not read: not sent again until they change
const sent = {}; // values on their way whose arrival was never confirmed: if the server shows one, it is ours

const changed = (name) => read(name) !== shown[name];
const unkept = () => names.filter((name) => changed(name) || name in rivals);
const unsent = () => unkept().filter((name) => read(name) !== refused[name] && !(name in rivals) && !over(name));

const copies = new Copies(form.dataset.user, `sheet-${form.dataset.assessment}`);

function keep() {
  const mine = {};
  for (const name of unkept()) {
    mine[name] = { value: read(name), base: base[name] ?? stored[name], sent: sent[name], others: left(name).map(({ value }) => value) };
  }
  return copies.keep(mine);
}

// What only another page knew stays beside what stands here, until somebody has chosen.
const left = (name) => (rivals[name] ?? []).filter(({ where }) => where === "kept");

function putBack() {
  const found = copies.found();
  let restored = 0;
  for (const copy of found) {
    for (const [name, field] of Object.entries(copy.fields)) {
      if (!names.includes(name)) continue;
      for (const value of [field.value, ...(field.others ?? [])]) {
        if (alike(value, stored[name])) continue;
        if (changed(name)) {
          if (!alike(value, read(name))) (rivals[name] ??= []).push({ value, where: "kept" });
          continue;
        }
        write(name, value);
        if (stored[name] === field.base || field.sent?.some((one) => alike(one, stored[name]))) restored += 1;
        else {
          base[name] = field.base;
          rivals[name] = [{ value: stored[name], where: "there" }];
        }
      }
    }
  }
  if (keep()) copies.drop(found);
  if (restored) toast(words.restored, "info");
  Object.keys(rivals).forEach(ask);
}

// ---------------------------------------------------------------- saving
let timer = 0;
let last = ""; // when the server took something last
let busy = null;
let ended = false; // the server takes nothing more
let away = ""; // why nothing can be sent now: "offline", "signed_out" or nothing

function say(text, state, link = null) {
  status.textContent = text;
  status.dataset.state = state;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.text;
    if (link.leaves) anchor.addEventListener("click", () => (leaving = keep()));
    status.append(" ", anchor);
  }
}

function sayHowItStands(time = last) {
  const open = Object.keys(rivals);
  const wrong = unkept().find((name) => over(name) || read(name) === refused[name]);
  last = time;
  if (open.length) say(words.twice, "error", { href: `#${place(open[0]).id}`, text: words.show });
  else if (wrong) say(words.some, "error", { href: `#${place(wrong).id}`, text: words.show });
  else say(last && words.saved.replace("{time}", digits(last)), last && "saved");
}

const place = (name) => question(name) ?? controls[name][0];

function touch() {
  const kept = keep();
  progress();
  for (const name of Object.keys(limits)) complainOfLength(name);
  if (ended) return;
  if (!kept) say(words.not_kept, "error");
  else if (away) say(words[away], "away", away === "signed_out" ? signIn : null);
  else if (unsent().length && !busy) say(words.unsaved, "unsaved");
  else if (!unsent().length && !busy) sayHowItStands();
  clearTimeout(timer);
  if (unsent().length && away !== "signed_out") timer = setTimeout(save, away ? RETRY : DELAY);
}

async function save() {
  clearTimeout(timer);
  if (busy) {
    await busy;
    return save();
  }
  if (ended || !unsent().length) return sayHowItStands();
  busy = send(unsent());
  try {
    await busy;
  } finally {
    busy = null;
  }
  return undefined;
}

const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? form.elements.csrfmiddlewaretoken.value;

async function send(fields) {
  const values = Object.fromEntries(fields.map((name) => [name, read(name)]));
  for (const [name, value] of Object.entries(values)) sent[name] = [...(sent[name] ?? []), value].slice(-5);
  keep();
  const body = new URLSearchParams({ ...values, version: String(version) });
  say(words.saving, "saving");
  let response = null;
  try {
    response = await fetch(form.dataset.saveUrl, {
      method: "POST",
      body,
      // The token of now: it changes when one signs in again, in this tab or in another.
      headers: { Accept: "application/json", "X-CSRFToken": token() },
      redirect: "manual",
      keepalive: document.visibilityState === "hidden" && String(body).length < SMALL,
    });
  } catch {
    // No connection: told below.
  }
  away = whyAway(response);
  if (away) {
    say(words[away], "away", away === "signed_out" ? signIn : null);
    if (away === "offline") timer = setTimeout(save, RETRY);
    return;
  }
  let answer = {};
  try {
    answer = await response.json();
  } catch {
    // Not ours: treated as refused below.
  }
  if (response.status === 409) return meet(answer);
  if (!response.ok) {
    ended = true;
    say(answer.error || words.closed, "error", { href: location.pathname, text: words.reload, leaves: true });
    return;
  }
  take(answer, values);
}

const signIn = { href: location.pathname, text: words.sign_in, leaves: true };

function whyAway(response) {
  if (!response || response.status >= 500) return "offline";
  // A sign-in page instead of an answer, or a token of a session that is over.
  return response.type === "opaqueredirect" || response.status === 403 ? "signed_out" : "";
}

function take(answer, values) {
  setVersion(answer.version);
  for (const [name, value] of Object.entries(values)) {
    delete sent[name];
    if (answer.errors[name]) refused[name] = value;
    else {
      stored[name] = answer.stored[name];
      shown[name] = value;
      delete refused[name];
      delete base[name];
    }
    complain(name, answer.errors[name] ?? "");
  }
  keep();
  sayHowItStands(answer.saved_at);
  if (unsent().length) timer = setTimeout(save, DELAY);
}

function setVersion(now) {
  version = now;
  form.elements.version.value = now;
}

// Somebody saved first (another window, a paper sheet): take over what we did not touch, ask about what both changed.
function meet(answer) {
  setVersion(answer.version);
  let taken = 0;
  for (const [name, theirs] of Object.entries(answer.fields)) {
    if (!names.includes(name) || theirs === stored[name]) continue;
    const former = stored[name];
    stored[name] = theirs;
    if (!changed(name) || alike(read(name), theirs)) {
      taken += !changed(name);
      write(name, theirs);
      shown[name] = read(name);
      rivals[name] = left(name);
      if (!rivals[name].length) settle(name);
    } else if (!sent[name]?.some((value) => alike(value, theirs))) {
      base[name] ??= former;
      rivals[name] = [{ value: theirs, where: "there" }, ...left(name)];
    }
  }
  if (taken) toast(words.taken, "info");
  keep();
  progress();
  Object.keys(rivals).forEach(ask);
  if (unsent().length) timer = setTimeout(save, 0);
  else sayHowItStands(new Date().toTimeString().slice(0, 5));
}

// ---------------------------------------------------------------- changed in two places: side by side, to be chosen
function spoken(name, value) {
  if (value === "") return words.empty;
  const control = controls[name].find((one) => one.type !== "text" && one.type !== "textarea" && one.value === value);
  if (control) return control.closest("label").innerText.trim().replace(/\s+/g, " ");
  return name.startsWith("r-") ? shownNumber(value) : value;
}

function ask(name) {
  const at = question(name) ?? controls[name][0].closest(".field");
  at.querySelector(`[data-twice="${name}"]`)?.remove();
  const box = part("div", "twice");
  box.dataset.twice = name;
  box.setAttribute("role", "alert");
  const sides = part("div", "twice-sides");
  sides.append(side(words.here, spoken(name, read(name)), words.keep_here, () => choose(name, read(name))));
  for (const { value, where } of rivals[name]) {
    sides.append(side(words[where], spoken(name, value), words.take_there, () => choose(name, value)));
  }
  box.append(part("p", "twice-title", name.startsWith("c-") ? words.twice_comment : words.twice), sides);
  if (!name.startsWith("r-")) {
    const all = [read(name), ...rivals[name].map(({ value }) => value)].filter(Boolean);
    if (all.length > 1) box.append(button(words.keep_both, () => choose(name, all.join("\n\n"))));
  }
  at.append(box);
}

function side(title, text, action, act) {
  const box = part("div", "twice-side");
  const said = part("blockquote", "", text);
  said.dir = "auto";
  box.append(part("p", "twice-where", title), said, button(action, act));
  return box;
}

function part(tag, look, text = "") {
  const made = document.createElement(tag);
  made.className = look;
  made.textContent = text;
  return made;
}

function button(text, act) {
  const made = part("button", "btn btn-sm btn-outline-primary", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function choose(name, value) {
  settle(name);
  write(name, value);
  // What stands on the server is written over only now, by choice.
  shown[name] = alike(value, stored[name]) ? read(name) : undefined;
  delete sent[name];
  delete refused[name];
  (controls[name].find((control) => control.checked) ?? controls[name][0]).focus();
  touch();
}

function settle(name) {
  delete rivals[name];
  delete base[name];
  form.querySelector(`[data-twice="${name}"]`)?.remove();
}

// ---------------------------------------------------------------- what cannot be kept is said beside it
function complain(name, sentence) {
  const [control] = controls[name];
  let note = document.getElementById(`e-${name}`);
  if (!note && !sentence) return;
  if (!note) {
    note = part("div", "field-error");
    note.id = `e-${name}`;
    note.setAttribute("role", "status");
    (control.closest(".levels, .q-typed") ?? control).after(note);
  }
  note.textContent = sentence;
  for (const one of controls[name]) {
    one.dataset.about ??= one.getAttribute("aria-describedby") ?? "";
    one.setAttribute("aria-describedby", `${one.dataset.about} ${sentence && note.id}`.trim());
  }
  if (sentence) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
  const q = question(name);
  q?.classList.toggle("q-wrong", Boolean(q.querySelector(".field-error:not(:empty)")));
}

function complainOfLength(name) {
  const more = over(name);
  if (!more && !document.getElementById(`e-${name}`)) return;
  const shownLength = (number) => digits(number.toLocaleString("en")).replaceAll(",", persian ? "٬" : ",");
  complain(name, more ? words.too_long.replace("{most}", shownLength(limits[name])).replace("{over}", shownLength(more)) : "");
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
  bar.querySelector("[data-coverage]").textContent = digits(percent) + (persian ? "٪" : "%");
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
const number = (element) => element?.matches("[inputmode=decimal]") ?? false;

function go(q) {
  if (!q) return;
  (q.querySelector("[type=radio]:checked") ?? q.querySelector("[type=radio], [type=text]"))?.focus({ preventScroll: true });
  q.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

function pick(q, digit) {
  const levels = [...q.querySelectorAll('[type="radio"]')].filter((radio) => radio.value !== "" && radio.value !== "na");
  const radio = levels.find((level) => Number(level.value) === digit) ?? levels[digit - 1];
  if (!radio) return false;
  radio.checked = true;
  radio.focus({ preventScroll: true });
  return true;
}

function leaveOut(q) {
  const box = q.querySelector('[value="na"]');
  if (!box) return false;
  write(box.name, "na");
  box.focus({ preventScroll: true });
  return true;
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.code === "KeyS") {
    event.preventDefault();
    save().then(() => unkept().length || away || toast(words.all_saved, "success"));
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const q = current();
  if (event.key === "Escape" && q && event.target.matches("textarea")) return go(q);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (event.target.matches("textarea, select") || (typing(event.target) && !q)) return;
    const next = q ? questions.indexOf(q) + (event.key === "ArrowDown" ? 1 : -1) : 0;
    if (!q && !event.target.matches("body, main")) return;
    event.preventDefault();
    return go(questions[next]);
  }
  // Letters are free where only a number is typed.
  if (typing(event.target) && !(number(event.target) && /^Key[NC]$/.test(event.code))) return;
  if (event.key === "?" || event.key === "؟") return shortcuts();
  if (!q) return;
  const digit = event.code.match(/^(?:Digit|Numpad)(\d)$/)?.[1];
  // By the place of the key, so that a Persian keyboard does as well.
  if (digit !== undefined ? pick(q, Number(digit)) : event.code === "KeyN" && leaveOut(q)) {
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
let leaving = false;

// The buttons send what is left and go on only when everything has arrived.
async function finish(event) {
  if (ended) {
    leaving = keep();
    return;
  }
  event.preventDefault();
  const target = event.submitter?.value === "review" ? form.dataset.reviewUrl : "";
  for (let tries = 0; tries < 4 && (busy || unsent().length) && !ended; tries += 1) {
    await save();
    if (away) break;
  }
  if (!unkept().length && !busy) {
    if (target) location.assign(target);
    else toast(words.all_saved, "success");
    return;
  }
  const first = Object.keys(rivals)[0] ?? unkept().find((name) => over(name) || name in refused);
  if (first) {
    sayHowItStands();
    const at = place(first);
    at.scrollIntoView({ block: "center" });
    (at.querySelector(".twice button") ?? at.closest(".field")?.querySelector(".twice button") ?? controls[first][0]).focus({ preventScroll: true });
  }
  toast(first ? status.firstChild.textContent : words[away || "unsaved"], "warning");
}

function begin() {
  form.addEventListener("submit", finish);
  form.addEventListener("change", touch);
  form.addEventListener("input", (event) => {
    // A number typed after "not applicable" takes its place.
    if (event.target.matches('[type="text"]') && event.target.value) {
      const box = event.target.closest("[data-q]")?.querySelector('[type="checkbox"]');
      if (box) box.checked = false;
    }
    if (event.target.matches('[type="checkbox"]:checked')) write(event.target.name, "na");
    touch();
  });
  addEventListener("beforeunload", (event) => {
    keep();
    if (!leaving && unkept().length) event.preventDefault();
  });
  addEventListener("online", () => {
    away = "";
    save();
  });
  addEventListener("offline", () => {
    away = "offline";
    touch();
  });
  addEventListener("focus", () => away && save());
  document.addEventListener("visibilitychange", () => save());
  putBack();
  if (unsent().length) save();
}

if (matchMedia("(max-width: 69.99rem)").matches) document.querySelector("[data-evidence]")?.removeAttribute("open");
// A page that came back with its errors is sent by its buttons: what the server holds of it is not known here.
if (!("manual" in form.dataset)) begin();
progress();
