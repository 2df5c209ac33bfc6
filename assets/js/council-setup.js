// Setting a council up: rules of marks show only where it may grant some, and each rule says itself in a sentence.
// Without this script the rules stand there all the same, and those of marks count only where it may grant some.

const grants = document.getElementById("id_grants_marks");
const without = document.querySelector("[data-without-marks]");
const ofMarks = document.querySelectorAll("[data-of-marks]");

function tend() {
  for (const line of ofMarks) line.hidden = !grants.checked;
  without.hidden = grants.checked;
}

if (grants && without) {
  grants.addEventListener("change", tend);
  tend();
}

function say(line) {
  line.querySelector("[data-kind]").textContent = line.querySelector("select[name$=-decision]").selectedOptions[0].text;
  const words = line.querySelector("[data-words]");
  const chosen = (name) => line.querySelector(`select[name$=-${name}]`)?.selectedOptions[0]?.text;
  if (!chosen("quorum")) return;
  const sentence = words.dataset.words.replace(/\{(\w+)\}/g, (_whole, name) => chosen(name));
  words.textContent = line.querySelector("[name$=-is_secret]").checked ? `${sentence} ${words.dataset.secret}` : sentence;
}

document.getElementById("decision_rules-group")?.addEventListener("change", (event) => {
  const line = event.target.closest(".rules-line");
  if (line) say(line);
});

// On a narrow screen nine empty cards are a long way to scroll: the next one shows once the one before names somebody.
const lines = [...document.querySelectorAll(".seats-line:not(.empty-form, .has_original)")];
const narrow = matchMedia("(max-width: 56rem)");
const named = (line) => [...line.querySelectorAll("[name$=-user], [name$=-new_email]")].some((field) => field.value);

function fold() {
  lines.forEach((line, place) => {
    line.hidden = narrow.matches && place > 1 && !named(line) && !named(lines[place - 1]);
  });
}

if (lines.length > 2) {
  // The chooser of people tells of its changes through jQuery only.
  window.django.jQuery("#seats-group").on("change", fold);
  narrow.addEventListener("change", fold);
  fold();
}

// The chooser of people draws a box of its own, which has no name; it takes that of the field's label.
function name(part) {
  for (const select of part.querySelectorAll("select.admin-autocomplete")) {
    const box = select.parentElement.querySelector(".select2-selection");
    const label = part.querySelector(`label[for="${select.id}"]`);
    if (box && label) {
      label.id = `${select.id}-label`;
      box.setAttribute("aria-labelledby", `${label.id} ${box.getAttribute("aria-labelledby")}`);
      box.querySelector(".select2-selection__rendered").setAttribute("aria-labelledby", label.id);
    }
  }
}

window.django.jQuery(() => name(document));
document.addEventListener("formset:added", (event) => setTimeout(() => name(event.target)));

// Among nine lines the one that is wrong is brought into view.
document.querySelector(".has-errors .errorlist")?.scrollIntoView({ block: "center" });
