// The agreement's page: prints, and marks in the contents where one is reading.
const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

const links = new Map(
  [...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]),
);
const places = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);

const mark = () => {
  const line = 120;
  const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
  const passed = places.filter((place) => place.getBoundingClientRect().top <= line);
  const current = atEnd ? places.at(-1) : (passed.at(-1) ?? places[0]);
  for (const [id, link] of links) {
    link.toggleAttribute("aria-current", id === current?.id);
  }
};

let waiting = false;
addEventListener(
  "scroll",
  () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark();
    });
  },
  { passive: true },
);
mark();
