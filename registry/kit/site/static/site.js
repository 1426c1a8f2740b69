// Small helps for pages that work without them.

// A form that ends something asks first, in its own words.
document.addEventListener("submit", (event) => {
  const asked = event.submitter?.dataset.confirm;
  if (asked && !window.confirm(asked)) event.preventDefault();
});

// A second click sends nothing twice: the key of the form would be the same anyway.
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) setTimeout(() => event.submitter?.setAttribute("disabled", ""), 0);
});
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[disabled]")) button.removeAttribute("disabled");
});

// A code is copied by a click on it.
document.addEventListener("click", async (event) => {
  const code = event.target.closest?.("code.code");
  if (!code || !navigator.clipboard) return;
  await navigator.clipboard.writeText(code.textContent.trim());
  code.classList.add("copied");
  setTimeout(() => code.classList.remove("copied"), 1200);
});

// What is shown once is copied by its button.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button || !navigator.clipboard) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = button.dataset.copied;
});

// "/" goes to the search box.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  if (event.key === "/" && !typing && !event.metaKey && !event.ctrlKey && !event.altKey) {
    event.preventDefault();
    document.getElementById("q")?.focus();
  }
});
