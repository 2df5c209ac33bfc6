// A place to drop files: checks type and size before sending, and shows how much of a large file has gone out.

const { say, digits } = window.portal;

function accepted(file, list) {
  if (!list) return true;
  return list.split(",").some((entry) => {
    const wanted = entry.trim().toLowerCase();
    if (wanted.startsWith(".")) return file.name.toLowerCase().endsWith(wanted);
    if (wanted.endsWith("/*")) return file.type.startsWith(wanted.slice(0, -1));
    return file.type === wanted;
  });
}

function sizeOf(file) {
  const small = file.size < 1048576;
  const n = digits(small ? Math.ceil(file.size / 1024) : (file.size / 1048576).toFixed(1)).replace(".", window.portal.words.language === "fa" ? "٫" : ".");
  return say(small ? "kilobytes" : "megabytes", { n });
}

function show(page, address) {
  history.replaceState(null, "", address);
  document.title = page.title;
  document.querySelector(".frame").replaceWith(document.adoptNode(page.querySelector(".frame")));
  document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: document } }));
  window.htmx?.process(document.querySelector(".frame"));
  (document.querySelector("[data-error-summary]") || document.querySelector("#main")).focus();
}

function prepare(place) {
  const input = place.querySelector("[data-filedrop-input]");
  const chosen = place.querySelector("[data-filedrop-chosen]");
  const errors = place.querySelector("[data-filedrop-error]");
  const bar = place.querySelector("[data-filedrop-progress]");
  const limit = Number(input.dataset.maxBytes) || Infinity;
  // The browser speaks of files in its own language; the page has a button in the reader's.
  input.classList.add("visually-hidden");
  place.querySelector("[data-filedrop-hint]").hidden = false;

  const check = () => {
    errors.textContent = "";
    chosen.replaceChildren();
    const problems = [];
    for (const file of input.files) {
      if (file.size > limit) problems.push(say("file_too_large", { name: file.name, limit: digits(Math.round(limit / 1048576)) }));
      else if (!accepted(file, place.dataset.accept)) problems.push(say("file_wrong_type", { name: file.name }));
      const item = document.createElement("li");
      const name = document.createElement("bdi");
      name.textContent = file.name;
      item.append(name, ` · ${sizeOf(file)}`);
      chosen.append(item);
    }
    for (const problem of problems) {
      const line = document.createElement("div");
      line.textContent = problem;
      errors.append(line);
    }
    input.setCustomValidity(problems[0] || "");
    input.classList.toggle("is-invalid", problems.length > 0);
    return problems.length === 0;
  };

  input.addEventListener("change", check);
  if (input.files.length) check(); // chosen before this script came
  for (const name of ["dragenter", "dragover"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.add("is-over");
    });
  }
  place.addEventListener("dragleave", (event) => {
    if (!place.contains(event.relatedTarget)) place.classList.remove("is-over");
  });
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("is-over");
    const bag = new DataTransfer();
    for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) bag.items.add(file);
    input.files = bag.files;
    check();
  });

  // The form is sent by script only to show progress; the answer is shown as the browser would have.
  const form = input.form;
  form?.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !input.files.length) return;
    if (!check()) return event.preventDefault();
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const request = new XMLHttpRequest();
    const line = document.createElement("li");
    chosen.append(line);
    bar.hidden = false;
    const buttons = [...form.elements].filter((element) => element.type === "submit");
    buttons.forEach((button) => (button.disabled = true));
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      const percent = Math.floor((step.loaded / step.total) * 100);
      bar.value = percent;
      const sign = window.portal.words.language === "fa" ? "٪" : "%";
      line.textContent = percent < 100 ? say("sending", { percent: digits(percent) + sign }) : say("sent");
    });
    request.addEventListener("load", () => {
      const html = (request.getResponseHeader("Content-Type") || "").includes("html");
      if (!html || request.status >= 500) return fail();
      if (form.draft) form.draft.leaving = true;
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const there = new URL(request.responseURL || location.href);
      if (there.pathname === location.pathname) return show(page, there);
      // The messages have been read by this very request: they are carried over to the page that it led to.
      const told = [...page.querySelectorAll("[data-message]")].map((note) => [note.textContent.trim(), note.className]);
      sessionStorage.setItem("told", JSON.stringify(told));
      location.assign(there);
    });
    const fail = () => {
      bar.hidden = true;
      line.remove();
      errors.textContent = say("not_sent");
      buttons.forEach((button) => (button.disabled = false));
    };
    request.addEventListener("error", fail);
    request.open("POST", form.action);
    request.send(body);
  });
}

export function wake(part) {
  for (const place of part.querySelectorAll("[data-filedrop]")) {
    if (place.ready) continue;
    place.ready = true;
    prepare(place);
  }
}
