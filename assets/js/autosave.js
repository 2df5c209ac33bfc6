// Keeps what is written in a form in this browser until it has arrived, and saves it as a draft where the server takes one.
//
// Every form with a text and a one-time key is kept: a session that ends, a lost connection or a closed window loses nothing.
// When the form has taken effect, secretariat.gate says so in the cookie “done”, and shell.js forgets what was kept.
//
// <form data-autosave-url="…" data-autosave-version="3">: the whole form is posted there. Answers: 200 {"version",
// "saved_at"}; 409 {"message", "url"} when somebody else saved first; 422 {"errors": {field: [sentences]}} when a field
// can't be kept, 413 when it is too much at once. A sign-in page, 401 or 403 means that the session is over: nothing is thrown away.

const { say, digits, words, catchUp } = window.portal;
const WAIT = 1200;
const RETRY = 15000;

const NOT_WRITTEN = ["csrfmiddlewaretoken", "once_key", "version"];
const written = (fields) => fields.filter(([name]) => !NOT_WRITTEN.includes(name));

class Kept {
  constructor(form, place) {
    this.form = form;
    // Nobody else who uses this browser is shown it; shell.js forgets it when its writer signs out.
    this.key = `kept:${words.user}:${location.pathname}:${place}`;
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", () => this.keep());
    this.offerKept();
  }

  changed() {
    this.keep();
  }

  fields() {
    return [...new FormData(this.form)].filter(([, value]) => !(value instanceof File));
  }

  keep() {
    const once = this.form.elements.namedItem("once_key")?.value;
    try {
      localStorage.setItem(this.key, JSON.stringify({ once, fields: written(this.fields()) }));
    } catch {
      // A full or forbidden store: the form works without it.
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // Nothing was kept there.
    }
  }

  offerKept() {
    let kept;
    try {
      kept = JSON.parse(localStorage.getItem(this.key) || "null")?.fields;
    } catch {
      return;
    }
    // The page shows it already: after an error, or because it has arrived. What is hidden nobody wrote.
    const seen = (fields) => JSON.stringify(fields.filter(([name]) => this.form.elements.namedItem(name)?.type !== "hidden"));
    if (!kept || seen(kept) === seen(written(this.fields()))) return this.forget();
    const note = document.createElement("div");
    note.className = "note note-warning";
    note.setAttribute("role", "status");
    const body = document.createElement("div");
    const text = document.createElement("p");
    text.textContent = say("restored");
    const row = document.createElement("div");
    row.className = "cluster";
    for (const [word, look, act] of [
      ["restore", "btn btn-sm btn-primary", () => this.putBack(kept)],
      ["discard", "btn btn-sm btn-quiet", () => this.forget()],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = look;
      button.textContent = say(word);
      button.addEventListener("click", () => {
        act();
        note.remove();
      });
      row.append(button);
    }
    body.append(text, row);
    note.append(body);
    this.form.prepend(note);
  }

  putBack(kept) {
    // Pages whose rows are made by a script make as many as are needed.
    this.form.dispatchEvent(new CustomEvent("autosave:restore", { detail: kept }));
    const values = new Map();
    for (const [name, value] of kept) values.set(name, [...(values.get(name) || []), value]);
    for (const field of this.form.elements) {
      if (!field.name || ["file", "hidden"].includes(field.type)) continue;
      const mine = values.get(field.name) || [];
      if (field.type === "checkbox" || field.type === "radio") field.checked = mine.includes(field.value);
      else if (field.multiple) for (const option of field.options) option.selected = mine.includes(option.value);
      else if (mine.length && !field.matches("button")) field.value = mine.shift();
    }
    this.form.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

class Draft extends Kept {
  constructor(form) {
    super(form, form.dataset.autosaveUrl);
    this.url = form.dataset.autosaveUrl;
    this.version = form.dataset.autosaveVersion || "";
    this.line = form.querySelector("[data-autosave-status]") || document.querySelector("[data-autosave-status]");
    this.dirty = this.busy = this.stopped = this.leaving = false;
    form.addEventListener("submit", (event) => {
      queueMicrotask(() => {
        if (event.defaultPrevented) return;
        this.leaving = true;
        clearTimeout(this.timer);
      });
    });
    addEventListener("online", () => this.dirty && this.save());
    addEventListener("beforeunload", (event) => {
      if (this.dirty && !this.leaving) event.preventDefault();
    });
    addEventListener("pagehide", () => this.dirty && !this.leaving && this.keep());
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.code === "KeyS") {
        event.preventDefault();
        this.save();
      }
    });
  }

  tell(state, text) {
    if (!this.line) return;
    this.line.dataset.state = state;
    this.line.textContent = text;
  }

  changed() {
    if (this.stopped) return this.keep();
    this.dirty = true;
    this.tell("unsaved", say("unsaved"));
    this.keep();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), WAIT);
  }

  async save() {
    if (this.busy || this.stopped) return;
    clearTimeout(this.timer);
    this.busy = true;
    this.dirty = false;
    this.tell("saving", say("saving"));
    const body = new FormData();
    for (const [name, value] of this.fields()) if (name !== "once_key") body.append(name, value);
    if (this.version) body.set("version", this.version);
    try {
      const answer = await fetch(this.url, {
        method: "POST",
        body,
        redirect: "manual",
        headers: { Accept: "application/json", "X-Requested-With": "autosave" },
      });
      await this.read(answer);
    } catch {
      this.fail("offline", RETRY);
    }
    this.busy = false;
    if (this.dirty && !this.stopped && !this.timer) this.timer = setTimeout(() => this.save(), WAIT);
  }

  async read(answer) {
    this.timer = undefined;
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return this.fail("sign_in", RETRY);
    const told = (answer.headers.get("Content-Type") || "").includes("json") ? await answer.json() : {};
    if (answer.status === 409) return this.stale(told);
    if (answer.status === 422 || answer.status === 413) {
      this.dirty = false;
      return this.tell("error", Object.values(told.errors || {}).flat()[0] || told.message || say("unsaved"));
    }
    if (!answer.ok) return this.fail("offline", RETRY);
    if (told.version !== undefined) {
      this.version = String(told.version);
      this.form.dataset.autosaveVersion = this.version;
      const field = this.form.elements.namedItem("version");
      if (field) field.value = this.version;
    }
    const time = told.saved_at || new Date().toTimeString().slice(0, 5);
    this.tell("saved", say("saved", { time: digits(time) }));
    if (!this.dirty) this.forget();
    this.form.dispatchEvent(new CustomEvent("autosave:saved", { bubbles: true, detail: told }));
  }

  fail(reason, again) {
    this.dirty = true;
    this.keep();
    this.tell("error", say(reason));
    this.timer = setTimeout(() => this.save(), again);
  }

  stale(told) {
    this.stopped = true;
    this.keep();
    this.tell("error", `${told.message || say("stale")} `);
    if (told.compare) {
      // The page answers the submitted form with both texts side by side.
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-sm btn-primary";
      button.textContent = told.compare;
      button.addEventListener("click", () => this.form.requestSubmit());
      this.line?.append(button);
      return;
    }
    const link = document.createElement("a");
    link.href = told.url || location.href;
    link.textContent = say("reload");
    link.addEventListener("click", () => (this.leaving = true));
    this.line?.append(link);
  }
}

export function wake(part) {
  const texts = [...part.querySelectorAll("main form[method=post] textarea")].map((text) => text.form);
  for (const form of new Set([...part.querySelectorAll("form[data-autosave-url]"), ...texts])) {
    if (form.draft) continue;
    if (form.dataset.autosaveUrl) form.draft = new Draft(form);
    else if (words.user && form.elements.namedItem("once_key")) {
      const [first] = form.querySelectorAll("textarea");
      form.draft = new Kept(form, `${form.getAttribute("action") ?? ""}:${first.name}`);
    }
    if (form.draft) catchUp(form);
  }
}
