// Clocks that run: the same words as the server's (sla_portal/humanize.py), counted on in the open page.

const words = JSON.parse(document.getElementById("words").textContent).clock;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// The server's clock counts. A page out of the browser's cache carries an old one, so the last fresh offset serves.
const serverOffset = () => {
  const stated = document.querySelector("meta[name=server-now]").content;
  const [entry] = performance.getEntriesByType("navigation");
  if (entry?.transferSize === 0) return Number(sessionStorage.getItem("portal.offset") || 0);
  const arrived = performance.timeOrigin + (entry?.responseStart || 0);
  const offset = Date.parse(stated) - arrived;
  sessionStorage.setItem("portal.offset", String(offset));
  return offset;
};
const offset = serverOffset();
const now = () => Date.now() + offset;

const fill = (template, values) => template.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

// Null beyond the days there are words for: what the server wrote stays.
const length = (span) => {
  if (span < MINUTE) return words.moment;
  if (span >= DAY) return words.days[Math.floor(span / DAY) - 1] ?? null;
  const hours = Math.floor(span / HOUR);
  const minutes = Math.floor((span % HOUR) / MINUTE);
  if (!hours) return fill(words.minutes, { minutes });
  return fill(minutes ? words.hoursMinutes : words.hours, { hours, minutes });
};

const set = (element, text) => {
  if (text !== null && element.textContent !== text) element.textContent = text;
};

const stateAt = ({ due, soon, today, state }, at) => {
  if (at > Date.parse(due)) return "overdue";
  if (state === "due_soon" || (soon && at >= Date.parse(soon))) return "due_soon";
  if (state === "today" || at >= Date.parse(today)) return "today";
  return "later";
};

const tickClock = (clock, at) => {
  const span = at - Date.parse(clock.dataset.due);
  const said = length(Math.abs(span));
  set(clock.querySelector("[data-clock-words]"), said && fill(span > 0 ? words.late : words.due, { length: said }));
  const state = stateAt(clock.dataset, at);
  if (state === clock.dataset.state) return;
  clock.classList.replace(`clock-${clock.dataset.state}`, `clock-${state}`);
  const use = clock.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${words.icons[state]}`));
  set(clock.querySelector("[data-clock-state]"), `${words.states[state]}: `);
  for (const name of ["title", "data-tip"]) {
    const text = clock.getAttribute(name);
    if (text) clock.setAttribute(name, text.replace(words.states[clock.dataset.state], words.states[state]));
  }
  clock.dataset.state = state;
  clock.dispatchEvent(new CustomEvent("clock:changed", { bubbles: true, detail: { state } }));
};

const dayWhenOpened = new Date(now()).toDateString();

const tickWhen = (time, at) => {
  const span = Date.parse(time.dataset.when) - at;
  if (Math.abs(span) < MINUTE) return set(time, words.now);
  if (Math.abs(span) < HOUR) {
    const minutes = fill(words.minutes, { minutes: Math.floor(Math.abs(span) / MINUTE) });
    return set(time, fill(span > 0 ? words.ahead : words.ago, { length: minutes }));
  }
  return set(time, new Date(at).toDateString() === dayWhenOpened ? time.dataset.day : time.dataset.settled);
};

const tick = () => {
  if (document.hidden) return;
  const at = now();
  for (const clock of document.querySelectorAll("[data-due]")) tickClock(clock, at);
  for (const time of document.querySelectorAll("[data-when]")) tickWhen(time, at);
};

tick();
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
document.body.addEventListener("htmx:afterSettle", tick);
