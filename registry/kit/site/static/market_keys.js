// The keyboard on the page of an instrument: to the ticket, through the prices of the book, and out again.
const ticket = document.querySelector(".ticket form");
const help = document.getElementById("keys");
const field = (name) => ticket.elements.namedItem(name);

function toTicket(side) {
  field("side").value = side;
  field("quantity_t:int").focus();
  ticket.dispatchEvent(new Event("input", { bubbles: true }));
}

/** A level's price, on the side that meets what rests there. */
function take(level) {
  const row = level.closest("tr");
  field("price_fen:yuan").value = (Number(row.dataset.price) / 100).toFixed(2);
  toTicket(row.parentElement.dataset.side === "ask" ? "buy" : "sell");
}

function walk(level, step) {
  const levels = [...document.querySelectorAll("#book .level")];
  levels[Math.min(levels.length - 1, Math.max(0, levels.indexOf(level) + step))].focus();
}

function best() {
  const asks = document.querySelectorAll("#book tbody[data-side=ask] .level");
  (asks[asks.length - 1] ?? document.querySelector("#book .level"))?.focus();
}

const LETTERS = { b: () => toTicket("buy"), s: () => toTicket("sell"), l: best, "?": () => help.showModal() };
const on = () => document.getElementById("keys-on").checked;

function pressed(event) {
  if (event.metaKey || event.ctrlKey || event.altKey || help.open) return;
  const level = event.target.closest?.("#book .level");
  if (event.key === "Escape" && event.target.closest?.("#book, .ticket")) return event.target.blur();
  if (level && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    return walk(level, event.key === "ArrowDown" ? 1 : -1);
  }
  // Until the next frame the focus is still in the window of keys that was just closed: nobody writes there any more.
  const written = event.target.closest?.("input, textarea, select");
  if ((written && !help.contains(written)) || !on() || !LETTERS[event.key]) return;
  event.preventDefault();
  LETTERS[event.key]();
}

if (ticket) {
  const button = document.querySelector("[data-keys]");
  const chosen = document.getElementById("keys-on");
  button.hidden = false;
  button.addEventListener("click", () => help.showModal());
  help.querySelector("[data-close]").addEventListener("click", () => help.close());
  chosen.checked = localStorage.getItem("keys") !== "off";
  chosen.addEventListener("change", () => localStorage.setItem("keys", chosen.checked ? "on" : "off"));
  document.addEventListener("keydown", pressed);
  document.getElementById("book").addEventListener("click", (event) => {
    const level = event.target.closest(".level");
    if (level) take(level);
  });
}
