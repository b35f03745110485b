// Rows the keyboard moves through. [data-rows] holds [data-row]s; a row's own address is data-href or its first link.
// Becoming current fires "row:current" on the row, for a pane beside the list (hx-trigger="row:current delay:150ms").

const rowsOf = (list) => [...list.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
const lists = () => [...document.querySelectorAll("[data-rows]")].filter((list) => list.offsetParent);
const isTyping = (element) => element.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

const makeCurrent = (row, { focus = true, quiet = false } = {}) => {
  const list = row.closest("[data-rows]");
  for (const other of list.querySelectorAll("[data-row]")) {
    other.classList.toggle("is-current", other === row);
    other.tabIndex = other === row ? 0 : -1;
  }
  list.dataset.current = row.id;
  list.dataset.currentIndex = String(rowsOf(list).indexOf(row));
  if (focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest", behavior: "instant" });
  }
  if (!quiet) row.dispatchEvent(new CustomEvent("row:current", { bubbles: true }));
};

const prepare = () => {
  for (const list of lists()) {
    const rows = rowsOf(list);
    if (!rows.length) continue;
    const known = rows.find((row) => row.id && row.id === list.dataset.current);
    if (known && known.classList.contains("is-current")) continue;
    const moved = list.dataset.current !== undefined;
    const next = known || (moved && rows[Math.min(Number(list.dataset.currentIndex), rows.length - 1)]);
    const hadFocus = document.activeElement === document.body;
    if (next) makeCurrent(next, { focus: hadFocus, quiet: next === known });
    else if (list.hasAttribute("data-rows-start")) makeCurrent(rows[0], { focus: false });
    else rows.forEach((row, index) => (row.tabIndex = index ? -1 : 0));
  }
};

const currentList = () => document.activeElement?.closest?.("[data-rows]") || lists()[0];
const STEPS = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };

const move = (list, to) => {
  const rows = rowsOf(list);
  const current = rows.findIndex((row) => row.classList.contains("is-current"));
  const index = to(current, rows.length);
  if (rows[index]) makeCurrent(rows[index]);
};

const open = (row) => {
  const link = row.querySelector("[data-open], a[href]");
  if (row.dataset.href) location.assign(row.dataset.href);
  else link?.click();
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]") || event.target.closest("details.menu[open]")) return;
  const list = currentList();
  if (!list) return;
  const inList = list.contains(event.target);
  if (event.key.startsWith("Arrow") && !inList) return;
  if (event.key in STEPS) {
    move(list, (current, count) => Math.max(0, Math.min(count - 1, current + STEPS[event.key])));
  } else if (inList && event.key === "Home") {
    move(list, () => 0);
  } else if (inList && event.key === "End") {
    move(list, (_, count) => count - 1);
  } else if (event.key === "Enter" && event.target.matches("[data-row]")) {
    open(event.target);
  } else {
    return;
  }
  event.preventDefault();
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-rows] [data-row]");
  if (row && !row.classList.contains("is-current")) makeCurrent(row, { focus: false });
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-rows] [data-row]");
  if (!row || event.target.closest("a, button, input, select, label, summary, textarea")) return;
  makeCurrent(row);
  if (row.dataset.href && !getSelection().toString()) location.assign(row.dataset.href);
});

prepare();
document.body.addEventListener("htmx:afterSettle", prepare);
