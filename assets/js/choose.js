// A long list of choices in groups is searched by what is typed above it. Without this script it is the list alone.

const fold = (text) =>
  text
    .normalize("NFKC")
    .replace(/[ىيئ]/g, "ی")
    .replace(/[كڪ]/g, "ک")
    .replace(/[آأإ]/g, "ا")
    .replace(/ؤ/g, "و")
    .replace(/[ۀة]/g, "ه")
    .replace(/[\u064B-\u065F\u0640\u200B-\u200F]/g, "")
    .replace(/\s+/g, "")
    .toLowerCase();

for (const list of document.querySelectorAll("select[data-choose]")) {
  const whole = [...list.children];
  const groups = whole.map((part) => ({ part, options: part.tagName === "OPTGROUP" ? [...part.children] : [part] }));
  const search = Object.assign(document.createElement("input"), {
    type: "search",
    className: "form-control choose-search",
    placeholder: list.dataset.choose,
    autocomplete: "off",
    dir: "auto",
  });
  search.setAttribute("aria-label", list.dataset.choose);
  search.setAttribute("aria-controls", list.id);
  const says = Object.assign(document.createElement("p"), { className: "form-text", role: "status" });
  const number = new Intl.NumberFormat(document.documentElement.lang);
  let fitting = [];

  const show = () => {
    const words = search.value.trim().split(/\s+/).map(fold).filter(Boolean);
    const chosen = list.value;
    fitting = [];
    for (const { part, options } of groups) {
      const within = part.tagName === "OPTGROUP" ? part.label : "";
      const kept = options.filter((option) => {
        const fits = option.value && words.every((word) => fold(`${option.text} ${within}`).includes(word));
        if (fits) fitting.push(option);
        // The empty choice and the one that was made never leave.
        return fits || !option.value || option.value === chosen;
      });
      if (part.tagName === "OPTGROUP") part.replaceChildren(...kept);
      if (kept.length && part.parentNode !== list) list.append(part);
      if (!kept.length) part.remove();
    }
    list.append(...whole.filter((part) => part.parentNode === list)); // in their order again
    list.value = chosen;
    const found = fitting.length ? list.dataset.chooseFound + number.format(fitting.length) : list.dataset.chooseNone;
    says.textContent = words.length ? found : "";
  };

  const choose = (option) => {
    list.value = option.value;
    list.dispatchEvent(new Event("change", { bubbles: true }));
    says.textContent = option.text;
  };

  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      if (fitting.length && search.value && !fitting.some((option) => option.selected)) choose(fitting[0]);
      list.focus();
    } else if (event.key === "Enter") {
      event.preventDefault(); // the form is not sent off from here
      if (search.value && fitting.length) choose(fitting[0]);
    }
  });
  list.size = Math.min(8, groups.reduce((sum, { options }) => sum + options.length + 1, 0));
  list.before(search);
  list.after(says);
}
