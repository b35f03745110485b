// Runs before the first paint, so that theme, row height and sidebar never flicker.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const read = (key) => {
    try {
      return localStorage.getItem(`portal.${key}`);
    } catch {
      return null;
    }
  };
  const apply = () => {
    const theme = read("theme") || "auto";
    root.dataset.bsTheme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    root.dataset.density = read("density") || "regular";
    root.dataset.sidebar = read("sidebar") || "open";
  };
  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("portal:settings", apply);
})();
