// Uploading a file: refuse what is too large before it is sent, and say how far it is.

const forms = () => document.querySelectorAll("form.upload");

const check = (form) => {
  const input = form.querySelector("input[type=file]");
  const [file] = input.files;
  const isTooLarge = file && file.size > Number(form.dataset.mostBytes);
  input.setCustomValidity(isTooLarge ? form.dataset.tooLarge : "");
  if (isTooLarge) input.reportValidity();
};

document.addEventListener("change", (event) => {
  const form = event.target.closest("form.upload");
  if (form) check(form);
});

const show = (form, share) => {
  const box = form.querySelector(".upload-progress");
  const bar = box.querySelector("progress");
  const words = box.querySelector("[role=status]");
  const isSent = share >= 1;
  box.hidden = false;
  if (isSent) bar.removeAttribute("value");
  else bar.value = share * 100;
  const said = isSent ? words.dataset.reading : words.dataset.sending;
  if (words.textContent !== said) words.textContent = said;
};

document.body.addEventListener("htmx:xhr:progress", (event) => {
  const form = event.target.closest("form.upload");
  const { lengthComputable, loaded, total } = event.detail;
  if (form && lengthComputable && total > 100_000) show(form, loaded / total);
});

for (const name of ["htmx:sendError", "htmx:responseError"]) {
  document.body.addEventListener(name, () => {
    for (const form of forms()) form.querySelector(".upload-progress").hidden = true;
  });
}
