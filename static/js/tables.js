// The head of a table that fits sticks under the top line. One that does not fit scrolls in its own box, which then
// is a tab stop.

const measure = (box) => {
  const fits = box.firstElementChild.offsetWidth <= box.clientWidth;
  box.toggleAttribute("data-fits", fits);
  box.tabIndex = fits ? -1 : 0;
};

const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) measure(target.closest(".table-scroll"));
});

const watch = () => {
  for (const box of document.querySelectorAll(".table-scroll:not([data-watched])")) {
    box.dataset.watched = "";
    watcher.observe(box);
    watcher.observe(box.firstElementChild);
  }
};

watch();
document.body.addEventListener("htmx:afterSettle", watch);
