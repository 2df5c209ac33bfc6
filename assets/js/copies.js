// What this browser keeps of a sheet until the server has it. Every open page writes a copy of its own, so that two tabs
// never overwrite one another; the next page that is opened takes over what the others left behind.
//
// The names begin with the person: nobody else who uses this browser is shown them, and shell.js forgets them when that
// person signs out or the sheet is handed in.

const LONG = 100_000; // letters of one field: what is longer gives way when the browser has no room

window.portal.Copies = class {
  constructor(user, about) {
    this.prefix = `kept:${user}:${about}:`;
    this.own = this.prefix + Date.now().toString(36) + Math.random().toString(36).slice(2);
  }

  // `fields`: {name: {value, base, sent}}. Returns whether all of it is kept.
  keep(fields) {
    const text = (some) => JSON.stringify({ at: Date.now(), fields: some });
    try {
      if (!Object.keys(fields).length) localStorage.removeItem(this.own);
      else localStorage.setItem(this.own, text(fields));
      return true;
    } catch {
      const short = Object.fromEntries(Object.entries(fields).filter(([, field]) => field.value.length < LONG));
      try {
        localStorage.setItem(this.own, text(short));
      } catch {
        // A browser that keeps nothing still saves to the server.
      }
      return false;
    }
  }

  // The copies that other pages left, the newest first: [{key, at, fields}].
  found() {
    const copies = [];
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(this.prefix) || key === this.own) continue;
        try {
          const { at, fields } = JSON.parse(localStorage.getItem(key));
          copies.push({ key, at, fields: fields ?? {} });
        } catch {
          localStorage.removeItem(key); // nobody could read it
        }
      }
    } catch {
      return [];
    }
    return copies.sort((one, two) => two.at - one.at);
  }

  drop(copies) {
    for (const { key } of copies) localStorage.removeItem(key);
  }
};
