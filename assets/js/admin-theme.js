// Gives the admin pages the theme that the reader chose for the portal; loaded before anything is painted.
(() => {
  const chosen = document.cookie.match(/(?:^|; )theme=(\w+)/)?.[1] || "auto";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    document.documentElement.dataset.theme = chosen === "dark" || (chosen === "auto" && dark.matches) ? "dark" : "light";
  };
  apply();
  dark.addEventListener("change", apply);
})();
