// Filters of a timeline work at once and stay in the address, as they do without a script.

const apply = (timeline, kinds) => {
  for (const toggle of timeline.querySelectorAll("[aria-pressed]")) {
    toggle.setAttribute("aria-pressed", String(kinds.has(toggle.dataset.kind)));
  }
  for (const day of timeline.querySelectorAll(".timeline-day")) {
    const lines = [...day.querySelectorAll(".timeline-line")];
    for (const line of lines) line.hidden = kinds.size > 0 && !kinds.has(line.dataset.kind);
    day.hidden = lines.every((line) => line.hidden);
  }
};

document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-timeline] a[data-kind]");
  if (!toggle || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const address = new URL(location.href);
  const kinds = new Set(address.searchParams.getAll("kind"));
  if (!kinds.delete(toggle.dataset.kind)) kinds.add(toggle.dataset.kind);
  address.searchParams.delete("kind");
  for (const kind of kinds) address.searchParams.append("kind", kind);
  history.replaceState(history.state, "", address);
  apply(toggle.closest("[data-timeline]"), kinds);
});

document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches?.("[data-timeline] a[data-kind]")) {
    event.preventDefault();
    event.target.click();
  }
});
