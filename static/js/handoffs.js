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
// A key may open a form before the row it belongs to has shown its lead: the form wins.
const opensForm = (row) => row.matches("[data-row]") && row.querySelector("button.htmx-request");
const isPoll = (event) => !event.detail.requestConfig.triggeringEvent;

document.addEventListener("htmx:beforeRequest", (event) => {
  const source = event.detail.elt;
  const cause = event.detail.requestConfig.triggeringEvent?.type;
  if (source.id === "board" && isPoll(event) && (dialog?.open || isChoosing(source))) event.preventDefault();
  if (source.matches("[data-row], [data-pane]") && cause !== "click" && (keepsPlace() || opensForm(source))) event.preventDefault();
  if ((source.id === "queue" || source.id === "board") && isPoll(event) && document.hidden) event.preventDefault();
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
