// The command palette: Ctrl/⌘ K anywhere. The server answers ?q= with links; arrows choose, Enter goes.

const dialog = document.getElementById("palette");
const input = dialog.querySelector("input");
const results = document.getElementById("palette-results");
const status = dialog.querySelector(".palette-status");
let back = null;
let running = null;
let timer = 0;

const items = () => [...results.querySelectorAll("[role=option]")];
const chosen = () => results.querySelector("[aria-selected=true]");

const choose = (item) => {
  chosen()?.setAttribute("aria-selected", "false");
  if (!item) {
    input.removeAttribute("aria-activedescendant");
    return;
  }
  item.setAttribute("aria-selected", "true");
  input.setAttribute("aria-activedescendant", item.id);
  item.scrollIntoView({ block: "nearest", behavior: "instant" });
};

const show = (html) => {
  results.innerHTML = html;
  items().forEach((item, index) => (item.id = `palette-item-${index}`));
  status.textContent = "";
  choose(items()[0]);
};

const ask = async () => {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  const slow = setTimeout(() => (status.textContent = status.dataset.searching), 400);
  try {
    const answer = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(input.value.trim())}`, {
      signal,
      headers: { "HX-Request": "true", "X-Requested-With": "XMLHttpRequest" },
    });
    if (answer.redirected) location.reload();
    else if (answer.ok) show(await answer.text());
    else throw new Error(String(answer.status));
  } catch (error) {
    if (error.name === "AbortError") return;
    results.replaceChildren();
    status.textContent = status.dataset.failed;
  } finally {
    clearTimeout(slow);
  }
};

const open = () => {
  if (dialog.open || document.querySelector("dialog[open]")) return;
  back = document.activeElement;
  dialog.showModal();
  input.select();
  ask();
};

const step = (by) => {
  const all = items();
  if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
};

if (dialog.dataset.url) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else open();
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-open-palette]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open();
  });
}

input.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, 120);
});
dialog.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowUp") step(-1);
  else if (event.key === "Enter") chosen()?.click();
  else if (event.key === "Escape") dialog.close(); // a search field would only empty itself
  else return;
  event.preventDefault();
});
results.addEventListener("pointermove", (event) => {
  const item = event.target.closest("[role=option]");
  if (item && item !== chosen()) choose(item);
});
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => {
  running?.abort();
  back?.focus();
});
