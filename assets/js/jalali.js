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
    // Left open, it covers the fields that follow and whoever types goes on there.
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" || event.key === "Tab") window.jalaliDatepicker.hide();
    });
  });
  document.head.append(style, script);
}

export function wake() {
  started ??= start() ?? true;
}
