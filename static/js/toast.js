// Messages: the server's (flash messages, an HX-Trigger named "toast") and those about requests that failed.
// detail: {text, level = "info", undo: {url, label}}

const region = document.getElementById("toasts");
const words = JSON.parse(document.getElementById("words").textContent).toast;
const LINGER = 7000;

const arm = (line) => {
  line.querySelector(".toast-close").addEventListener("click", () => line.remove());
  if (line.matches(".toast-error, .toast-warning") || line.querySelector(".toast-act")) return;
  let timer = setTimeout(() => line.remove(), LINGER);
  for (const stop of ["pointerenter", "focusin"]) line.addEventListener(stop, () => clearTimeout(timer));
  for (const go of ["pointerleave", "focusout"]) {
    line.addEventListener(go, () => {
      clearTimeout(timer);
      timer = setTimeout(() => line.remove(), LINGER);
    });
  }
};

const undoButton = ({ url, label }, line) => {
  const button = document.createElement("button");
  button.className = "toast-act";
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", () => {
    line.remove();
    globalThis.htmx.ajax("POST", url, { source: document.body, swap: "none" });
  });
  return button;
};

export const toast = ({ text, level = "info", undo }) => {
  if ([...region.querySelectorAll(".toast-words")].some((shown) => shown.textContent === text)) return null;
  const line = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  line.classList.add(`toast-${level}`);
  for (const icon of line.querySelectorAll("[data-icon]")) {
    if (icon.dataset.icon !== level) icon.remove();
  }
  if (level === "error") line.setAttribute("role", "alert");
  const shown = line.querySelector(".toast-words");
  shown.textContent = text;
  if (undo) shown.after(undoButton(undo, line));
  region.append(line);
  return line;
};

for (const line of region.querySelectorAll(".toast-line")) arm(line);
new MutationObserver((changes) => {
  const added = changes.flatMap((change) => [...change.addedNodes]);
  added.filter((node) => node.matches?.(".toast-line")).forEach(arm);
}).observe(region, { childList: true });

addEventListener("toast", (event) => toast(event.detail));

// What the server said, wherever it said it: problem details, plain text, or the marked words of an error page.
const serverWords = (xhr) => {
  const kind = xhr.getResponseHeader("Content-Type") || "";
  if (kind.includes("json")) {
    try {
      const problem = JSON.parse(xhr.responseText);
      return problem.detail || problem.title || "";
    } catch {
      return "";
    }
  }
  if (kind.startsWith("text/plain")) return xhr.responseText.slice(0, 400);
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  return page.querySelector("[data-words]")?.textContent.trim() || "";
};

const fallback = (status) => {
  if (status === 403) return words.forbidden;
  if (status === 404 || status === 410) return words.gone;
  return words.failed;
};

const goToLogin = () => {
  const login = document.body.dataset.loginUrl;
  location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
};

// A session that ended: the request was answered by the log-in page, or by 401.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  const login = document.body.dataset.loginUrl;
  const atLogin = login && xhr.responseURL && new URL(xhr.responseURL).pathname === login && location.pathname !== login;
  if (!atLogin && xhr.status !== 401) return;
  event.detail.shouldSwap = false;
  event.detail.isError = false;
  goToLogin();
});

// What a page fetches by itself may miss once: nobody asked for it, and it comes again. When nothing has come for a
// while one line says so, until something does.
const PATIENCE = 8000;
let missedSince = 0;
let notice = null;
const isPoll = ({ elt, requestConfig }) =>
  elt?.id === "bell" || (!requestConfig?.triggeringEvent && /\bevery\b/.test(elt?.getAttribute("hx-trigger") || ""));

const missed = () => {
  missedSince ||= Date.now();
  if (!notice && Date.now() - missedSince >= PATIENCE) notice = toast({ text: words.away, level: "warning" });
};
document.body.addEventListener("htmx:afterRequest", (event) => {
  const { status } = event.detail.xhr;
  if (!status || status >= 500) return;
  missedSince = 0;
  notice?.remove();
  notice = null;
});

document.body.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 401) return;
  if (xhr.status >= 500 && isPoll(event.detail)) missed();
  else toast({ text: serverWords(xhr) || fallback(xhr.status), level: "error" });
});

// An act that does not arrive is somebody's business at once.
const unreachable = (event) => {
  if (isPoll(event.detail)) missed();
  else toast({ text: words.unreachable, level: "error" });
};
document.body.addEventListener("htmx:sendError", unreachable);
document.body.addEventListener("htmx:timeout", unreachable);
