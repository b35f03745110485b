// Swagger UI knows the dark by a class of its own.

const root = document.documentElement;
const follow = () => root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
new MutationObserver(follow).observe(root, { attributeFilter: ["data-bs-theme"] });
follow();
