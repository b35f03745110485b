// A person who followed the link goes on without a further click. A page that nobody looks at does not: it is prefetched,
// or in a scanner.

const form = document.querySelector("[data-onward]");

const goOn = () => {
  if (document.visibilityState !== "visible" || document.prerendering) return;
  document.removeEventListener("visibilitychange", goOn);
  form.requestSubmit();
};

document.addEventListener("visibilitychange", goOn);
document.addEventListener("prerenderingchange", goOn);
goOn();
