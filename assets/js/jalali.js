// Brings the Jalali date picker to fields with data-jdp; typing stays possible.

const { words } = window.portal;
const DAYS = ["Sa", "Su", "Mo", "Tu", "We", "Th", "Fr"];
const MONTHS = ["Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar", "Mehr", "Aban", "Azar", "Dey", "Bahman", "Esfand"];
let started;

function start() {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = words.modules.picker_style;
  const script = document.createElement("script");
  script.src = words.modules.picker;
  script.addEventListener("load", () => {
    window.jalaliDatepicker.startWatch({
      persianDigits: words.language === "fa",
      separatorChars: { date: "/" },
      autoReadOnlyInput: false,
      hideAfterChange: true,
      // These two speak only Persian.
      showTodayBtn: words.language === "fa",
      showEmptyBtn: words.language === "fa",
      ...(words.language === "fa" ? {} : { days: DAYS, months: MONTHS }),
      zIndex: 1000,
      topSpace: 6,
      bottomSpace: 6,
      minDate: "attr",
      maxDate: "attr",
    });
    // Whoever went into the field before this script came is shown it too; whom the page itself has put there is not.
    const field = document.activeElement;
    if (navigator.userActivation?.hasBeenActive && field?.matches("[data-jdp]")) window.jalaliDatepicker.show(field);
    // Left open, it covers the fields that follow and whoever types goes on there.
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" || event.key === "Tab") window.jalaliDatepicker.hide();
    });
  });
  document.head.append(style, script);
}

// Shown are the digits of the page; whoever asks a field for its value, the picker first of all, reads Latin ones.
const SHOWN = "۰۱۲۳۴۵۶۷۸۹";
const { get, set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
const latin = (text) => text.replace(/[۰-۹]/g, (digit) => SHOWN.indexOf(digit));
const shown = (text) => (words.language === "fa" ? String(text).replace(/\d/g, (digit) => SHOWN[digit]) : text);

function translate(field) {
  if (Object.hasOwn(field, "value")) return;
  Object.defineProperty(field, "value", {
    get() { return latin(get.call(this)); },
    set(text) { set.call(this, shown(text)); },
    configurable: true,
  });
  const show = () => { field.value = get.call(field); };
  field.addEventListener("change", show);
  if (window.touched.has(field)) show();
}

export function wake(part) {
  started ??= start() ?? true;
  for (const field of part.querySelectorAll("[data-jdp]")) translate(field);
}
