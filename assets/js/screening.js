// Keeps what an officer has written in a screening in this browser, until its version is decided on or a week has passed.
// Nothing of it leaves the browser; a lost connection or an ended session loses nothing.

const form = document.querySelector("form[data-kept]");
const PREFIX = "kept:screening-";
const WEEK = 7 * 24 * 3600 * 1000;

function store(act) {
  try {
    return act(localStorage);
  } catch {
    return null; // a full or forbidden store: the page works without it
  }
}

function kept(key) {
  return store((place) => JSON.parse(place.getItem(key))) || { at: 0, fields: [] };
}

if (form) {
  const key = `${PREFIX}${form.dataset.kept}`;
  const status = form.querySelector("[data-kept-status]");
  const fields = () =>
    [...new FormData(form)].filter(([name, value]) => value && !["csrfmiddlewaretoken", "once_key", "version"].includes(name));
  const keep = () => store((place) => place.setItem(key, JSON.stringify({ at: Date.now(), fields: fields() })));

  store((place) => {
    for (const other of Object.keys(place)) {
      if (other.startsWith(PREFIX) && other !== key && Date.now() - kept(other).at > WEEK) place.removeItem(other);
    }
  });

  if (form.hasAttribute("data-kept-fresh")) {
    keep(); // the form came back from the server with everything that was written
  } else {
    const before = kept(key).fields;
    for (const [name, value] of before) {
      for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (window.touched.has(field)) continue; // written before this script came
        if (field.type === "checkbox" || field.type === "radio") field.checked = field.value === value || field.checked;
        else if (field.tagName === "TEXTAREA") field.value = value;
      }
    }
    if (before.length && status) status.textContent = status.dataset.keptWords;
  }
  form.addEventListener("input", keep);
  window.portal.catchUp(form);
}
