// The shell: settings of this browser, menus, and the bell that waits while it is read.

const read = (key, fallback) => {
  try {
    return localStorage.getItem(`portal.${key}`) || fallback;
  } catch {
    return fallback;
  }
};

const write = (key, value) => {
  try {
    localStorage.setItem(`portal.${key}`, value);
  } catch {
    // A browser that keeps nothing keeps the defaults.
  }
  dispatchEvent(new Event("portal:settings"));
};

for (const group of document.querySelectorAll("[data-setting]")) {
  const key = group.dataset.setting;
  const current = read(key, key === "theme" ? "auto" : "regular");
  for (const input of group.querySelectorAll("input")) {
    input.checked = input.value === current;
    input.addEventListener("change", () => write(key, input.value));
  }
}

const collapse = document.querySelector("[data-toggle-sidebar]");
const showSidebar = () => {
  const open = read("sidebar", "open") === "open";
  collapse?.setAttribute("aria-expanded", String(open));
  for (const item of document.querySelectorAll("[data-nav-tip]")) {
    if (open) item.removeAttribute("title");
    else item.title = item.dataset.navTip;
  }
};
collapse?.addEventListener("click", () => {
  write("sidebar", read("sidebar", "open") === "open" ? "collapsed" : "open");
  showSidebar();
});
showSidebar();

const apple = /Mac|iPhone|iPad/.test(navigator.platform);
for (const key of document.querySelectorAll("[data-mod-key]")) {
  if (apple) key.textContent = "⌘ K";
}

// A menu is a <details class="menu">: it works without a script; with one it closes as people expect.
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
};
document.addEventListener("pointerdown", (event) => closeMenus(event.target));
document.addEventListener("focusin", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]") || document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key) || event.target.matches("select, input[type=radio]")) return;
  const items = [...menu.querySelectorAll("summary, .menu-body :is(a[href], button, input, select)")].filter((item) => item.offsetParent);
  const step = event.key === "ArrowDown" ? 1 : -1;
  items[(items.indexOf(event.target) + step + items.length) % items.length]?.focus();
  event.preventDefault();
});

// An open list of notices is not replaced under the reader, and a page that nobody sees does not ask.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const bell = event.target.closest?.("#bell");
  if (bell !== event.target) return;
  if (document.hidden || bell.querySelector("details[open]")) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.body.dispatchEvent(new Event("notices"));
});
