// Keys stand on the button or link they press: data-key="c", or "g q" for one after the other. A key inside a row works
// for the current row, any other for the page. "?" lists what there is; data-key-label replaces the button's own words.

const words = JSON.parse(document.getElementById("words").textContent).keys;
const help = document.getElementById("keys-dialog");
const PAUSE = 1200;
let before = "";
let timer = 0;

const isTyping = (element) => element.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const shown = (element) => element.offsetParent !== null && !element.matches(":disabled, [aria-disabled=true]");
const inHiddenMenu = (element) => element.closest("details:not([open]) > :not(summary)");
const scopes = () => {
  const row = document.activeElement?.closest?.("[data-row]") || document.querySelector("[data-row].is-current");
  return row ? [row, document] : [document];
};

const candidates = (scope) =>
  [...scope.querySelectorAll("[data-key]")].filter((element) => {
    const row = element.closest("[data-row]");
    return (scope !== document || !row) && (shown(element) || inHiddenMenu(element));
  });

const find = (test) => {
  for (const scope of scopes()) {
    const found = candidates(scope).find((element) => test(element.dataset.key));
    if (found) return found;
  }
  return null;
};

const press = (element) => {
  if (element.matches("input, select, textarea")) element.focus();
  else element.click();
};

const label = (element) => {
  if (element.dataset.keyLabel || element.ariaLabel) return element.dataset.keyLabel || element.ariaLabel;
  const copy = element.cloneNode(true);
  for (const extra of copy.querySelectorAll("kbd, .nav-badge, .visually-hidden")) extra.remove();
  return copy.textContent.trim().replace(/\s+/g, " ");
};

const line = (keys, text) => {
  const element = document.createElement("div");
  element.className = "keys-line";
  const name = document.createElement("span");
  name.textContent = text;
  const caps = document.createElement("span");
  keys.split(" ").forEach((key, index) => {
    if (index) caps.append(" ");
    const cap = document.createElement("kbd");
    cap.textContent = key.length === 1 ? key.toUpperCase() : key;
    caps.append(cap);
  });
  element.append(name, caps);
  return element;
};

const group = (title, lines) => {
  if (!lines.length) return "";
  const section = document.createElement("section");
  section.className = "keys-group";
  const heading = document.createElement("h3");
  heading.textContent = title;
  section.append(heading, ...lines);
  return section;
};

const linesOf = (elements) => {
  const seen = new Map(elements.map((element) => [element.dataset.key, element]));
  return [...seen].map(([key, element]) => line(key, label(element)));
};

const showHelp = () => {
  const row = document.querySelector("[data-row].is-current") || document.querySelector("[data-rows] [data-row]");
  const moves = row ? [line("J", words.next), line("K", words.previous), line("Enter", words.open)] : [];
  const everywhere = [...document.getElementById("keys-everywhere").content.querySelectorAll("[data-key-row]")];
  const onPage = candidates(document);
  const isNav = (element) => element.closest(".sidebar");
  help.querySelector("[data-keys-groups]").replaceChildren(
    group(words.row, [...moves, ...(row ? linesOf(candidates(row)) : [])]),
    group(words.page, linesOf(onPage.filter((element) => !isNav(element)))),
    group(words.everywhere, [
      ...everywhere.map((item) => line(item.dataset.keyRow, item.textContent)),
      ...linesOf(onPage.filter(isNav)),
    ]),
  );
  help.showModal();
};

// A key whose button is not there yet waits while an act in a list is on its way: its answer may bring the button
// (accept, then qualify). What is typed after it waits behind it.
let held = [];
const isBusy = () => document.querySelector("[data-rows].htmx-request, [data-rows] .htmx-request");
const release = () => {
  if (!held.length) return;
  const isThere = find((key) => key === held[0].toLowerCase());
  if (!isThere && isBusy()) return;
  const keys = held;
  held = [];
  if (!isThere) return;
  for (const key of keys) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
};
for (const name of ["htmx:afterSettle", "htmx:afterRequest"]) document.addEventListener(name, () => setTimeout(release));

document.addEventListener(
  "keydown",
  (event) => {
    if (!held.length || !event.isTrusted || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "Escape") held = [];
    else if (event.key.length === 1 || event.key === "Enter" || event.key === "Tab") held.push(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    event.preventDefault();
    showHelp();
    return;
  }
  if (event.key.length !== 1) return;
  const typed = before ? `${before} ${event.key.toLowerCase()}` : event.key.toLowerCase();
  clearTimeout(timer);
  before = "";
  const target = find((key) => key === typed);
  if (target) {
    event.preventDefault();
    press(target);
  } else if (find((key) => key.startsWith(`${typed} `))) {
    before = typed;
    timer = setTimeout(() => (before = ""), PAUSE);
  } else if (event.isTrusted && isBusy() && !"jk".includes(typed)) {
    held = [event.key];
  }
});

const announce = (root) => {
  for (const element of root.querySelectorAll?.("[data-key]") || []) {
    if (!element.dataset.key.includes(" ")) element.setAttribute("aria-keyshortcuts", element.dataset.key);
  }
};
announce(document);
document.body.addEventListener("htmx:afterSettle", (event) => announce(event.target));
document.querySelector("[data-open-keys]")?.addEventListener("click", showHelp);
help?.addEventListener("click", (event) => event.target === help && help.close());
