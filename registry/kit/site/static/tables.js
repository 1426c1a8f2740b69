// Tables that say data-sort are sorted by their columns: a real button in each heading, the state in aria-sort. Where a
// list goes on over further pages, its headings stay plain: one page of it sorted would look like the whole list. The
// server sorts that one, by the choice in the list's filter.

const words = new Intl.Collator(document.documentElement.lang, { numeric: true });

function key(cell) {
  if (!cell) return "";
  const time = cell.querySelector("time");
  return cell.dataset.value ?? time?.dateTime ?? cell.textContent.trim();
}

function compare(one, two, numbers) {
  if (!numbers) return words.compare(one, two);
  const value = (text) => Number(text.replace(/[^0-9.\-]/g, "")) || 0;
  return value(one) - value(two);
}

function sort(table, column, heading) {
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const numbers = heading.classList.contains("num");
  const [body] = table.tBodies;
  const rows = [...body.rows].sort((a, b) => compare(key(a.cells[column]), key(b.cells[column]), numbers) * (down ? -1 : 1));
  body.append(...rows);
}

function parts(tables) {
  const links = [...document.querySelectorAll("nav.pages")];
  const before = (link) => (table) => table.compareDocumentPosition(link) & Node.DOCUMENT_POSITION_FOLLOWING;
  return new Set(links.map((link) => tables.filter(before(link)).at(-1)));
}

function prepare(root) {
  const tables = [...root.querySelectorAll("table[data-sort]")];
  const partial = parts(tables);
  for (const table of tables) {
    if (partial.has(table) || !table.tHead || table.tBodies[0]?.rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, column, heading));
    });
  }
}

prepare(document);
