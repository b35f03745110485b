// Forms: focus goes to what is wrong, "are you sure" is a dialog, menus of choices send themselves.

const focusMarked = (root) => root.querySelector?.("[data-focus]")?.focus();
focusMarked(document);
document.body.addEventListener("htmx:afterSettle", (event) => focusMarked(event.target));

const dialog = document.getElementById("confirm-dialog");

// Resolves to whether the person agreed; focus returns to where it was.
const ask = (text, { dataset, classList }) =>
  new Promise((resolve) => {
    const back = document.activeElement;
    const yes = dialog.querySelector("[value=yes]");
    dialog.querySelector("#confirm-words").textContent = text;
    yes.textContent = dataset.confirmAct || yes.dataset.default;
    yes.className = classList.contains("btn-danger") ? "btn btn-danger" : "btn btn-primary";
    dialog.returnValue = "no";
    dialog.addEventListener(
      "close",
      () => {
        back?.focus();
        resolve(dialog.returnValue === "yes");
      },
      { once: true },
    );
    dialog.showModal();
  });

if (dialog) {
  document.body.addEventListener("htmx:confirm", (event) => {
    const { question, elt, issueRequest } = event.detail;
    if (!question) return;
    event.preventDefault();
    ask(question, elt).then((yes) => yes && issueRequest(true));
  });

  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-confirm]");
    if (!asked || asked.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(asked.dataset.confirm, asked).then((yes) => {
      if (!yes) return;
      asked.dataset.confirmed = "yes";
      asked.click();
      delete asked.dataset.confirmed;
    });
  }, true);
}

document.addEventListener("change", (event) => {
  event.target.closest("form[data-autosubmit]")?.requestSubmit();
});

// One press, one request: a form that is on its way does not go twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || form.method === "get") return;
  if (form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
