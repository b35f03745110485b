// One tip for every [title]: on hover after a moment, on focus at once, and never clipped by a scrolling box.

const tip = document.createElement("div");
tip.className = "tip";
tip.id = "tip";
tip.role = "tooltip";
tip.popover = "manual";
document.body.append(tip);

let owner = null;
let timer = 0;

const place = () => {
  const around = owner.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const left = Math.min(Math.max(8, around.left + around.width / 2 - own.width / 2), innerWidth - own.width - 8);
  const above = around.top - own.height - 6;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 4 ? above : around.bottom + 6}px`;
};

const show = (element) => {
  owner = element;
  tip.textContent = element.dataset.tip;
  element.setAttribute("aria-describedby", "tip");
  tip.showPopover();
  place();
};

const hide = () => {
  clearTimeout(timer);
  if (!owner) return;
  if (!owner.title) owner.title = owner.dataset.tip;
  delete owner.dataset.tip;
  owner.removeAttribute("aria-describedby");
  owner = null;
  tip.hidePopover();
};

const start = (element, wait) => {
  if (!element || element === owner || element.matches(":disabled")) return;
  hide();
  if (element.hasAttribute("aria-describedby")) return;
  element.dataset.tip = element.title;
  element.removeAttribute("title");
  owner = element;
  timer = setTimeout(() => element.isConnected && show(element), wait);
};

const titled = (event) => event.target.closest?.("[title]:not([title=''])");
document.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "touch") start(titled(event), 350);
});
document.addEventListener("pointerout", (event) => {
  if (owner && !owner.contains(event.relatedTarget)) hide();
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches(":focus-visible")) start(titled(event), 0);
});
document.addEventListener("focusout", hide);
document.addEventListener("pointerdown", hide);
document.addEventListener("scroll", () => tip.matches(":popover-open") && place(), { capture: true, passive: true });
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
