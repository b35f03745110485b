// Acts on handoffs, wherever they stand: in the queue's pane, on the board's dialog, on a lead's page.
// A form that somebody has begun stays until it is sent or cancelled, whatever the page fetches meanwhile.

const dialog = document.querySelector("#manage");

const isChanged = (field) => {
  if (field.type === "hidden") return false;
  if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
  return field.value !== undefined && field.type !== "submit" && field.value !== field.defaultValue && field.tagName !== "BUTTON";
};
const isBegun = (form) =>
  form && !("done" in form.dataset) && (form.querySelector(".has-error, .form-errors") || [...form.elements].some(isChanged));

const keepsPlace = () => isBegun(document.querySelector("[data-act-form]"));
const isChoosing = (list) => list.querySelector("input[name=handoff]:checked") || list.contains(document.activeElement?.closest?.("select"));
const isPoll = (event) => !event.detail.requestConfig.triggeringEvent;

// A key opens a form in the pane. Nothing that the page fetches by itself takes the form's place, on its way or there.
const pane = document.querySelector("#pane");
let opening = null;
const hasForm = () => Boolean(opening || pane?.querySelector("[data-act-form]:not([data-done])"));
const isAbout = (row) => row.id === (opening?.row || `handoff-${pane?.querySelector("[data-pane]")?.dataset.pane}`);

// Before htmx asks, as a request that replaces another has ended that one when "htmx:beforeRequest" comes.
document.addEventListener("htmx:confirm", (event) => {
  const { elt: source, triggeringEvent: cause } = event.detail;
  if (cause?.type === "click") return;
  const wouldReplace = (source.matches("[data-row]") && isAbout(source)) || source.matches("[data-pane], #pane *");
  if ((source.matches("[data-row], [data-pane]") && keepsPlace()) || (hasForm() && wouldReplace && !source.closest("[data-act-form]"))) {
    event.preventDefault();
    if (source.matches("[data-pane]")) source.dataset.stale = "";
  }
});

// Keys typed while a form is on its way are typed into it when it is there.
let typedAhead = [];
const typeInto = (key) => {
  const field = document.activeElement;
  const isText = field.matches("textarea, input:not([type=radio], [type=checkbox])");
  if (key === "Tab") {
    const stops = [...field.form.elements].filter((each) => each.offsetParent);
    stops[stops.indexOf(field) + 1]?.focus();
  } else if (key === "Enter") {
    if (field.matches("button")) field.click();
    else if (!field.matches("textarea")) field.form.requestSubmit();
    else document.execCommand("insertText", false, "\n");
  } else if (isText && key.length === 1) {
    document.execCommand("insertText", false, key);
  }
};

const opened = () => {
  opening = null;
  const keys = typedAhead;
  typedAhead = [];
  for (const key of keys) {
    if (!document.activeElement.closest("[data-act-form]")) return;
    typeInto(key);
  }
};

document.addEventListener(
  "keydown",
  (event) => {
    if (!opening || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") opening.xhr.abort();
    else if (event.key.length === 1 || event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) typedAhead.push(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt: source, xhr } = event.detail;
  if (source.id === "board" && isPoll(event) && (dialog?.open || isChoosing(source))) event.preventDefault();
  if ((source.id === "queue" || source.id === "board") && isPoll(event) && document.hidden) event.preventDefault();
  if (!source.matches("[data-opens-act]")) return;
  opening = { xhr, row: source.closest("[data-row]").id };
  xhr.addEventListener("loadend", () => opening?.xhr === xhr && opened());
});

// A list does not change under an act on its way: the answer finds the button that asked, and the list is fetched after it.
const LIST = "#queue, #board";
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  if (!target.matches(LIST) || !target.querySelector(".htmx-request")) return;
  event.detail.shouldSwap = false;
  target.dataset.stale = "";
});
document.addEventListener("htmx:afterRequest", (event) => {
  const list = event.detail.elt.closest(LIST);
  if (!list || !("stale" in list.dataset) || list === event.detail.elt || list.querySelector(".htmx-request")) return;
  delete list.dataset.stale;
  globalThis.htmx.trigger(list, "refresh");
});

// The form that did it is done with before anything is fetched again.
document.addEventListener(
  "handoffs-changed",
  (event) => {
    const form = event.target.closest?.("[data-act-form]");
    if (!form) return;
    form.dataset.done = "";
    if (dialog?.open) dialog.close();
    else if (form.closest(".act-place")) form.remove();
  },
  true,
);

const backToRow = () => document.querySelector("[data-row].is-current")?.focus();

const close = (form) => {
  if (dialog?.open) dialog.close();
  else form.remove();
  backToRow();
  const stale = pane?.querySelector("[data-pane][data-stale]");
  if (stale) globalThis.htmx.trigger(stale, "refresh");
};

document.addEventListener("click", (event) => {
  const cancel = event.target.closest("[data-close-act]");
  const form = cancel?.closest("[data-act-form]");
  if (!form || cancel.closest(".page-text")) return;
  event.preventDefault();
  close(form);
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-act-form]");
  if (event.key !== "Escape" || !form || dialog?.open || form.closest(".page-text")) return;
  event.preventDefault();
  close(form);
});

// After an act the keyboard goes on in the list.
document.addEventListener("htmx:afterSettle", (event) => {
  const { target } = event.detail;
  if (target?.id === "queue" && document.activeElement === document.body) backToRow();
  if (dialog && target === dialog && !dialog.open) dialog.showModal();
});
