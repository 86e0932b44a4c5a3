// A click on a column's head sorts the table by it; another one turns it round.
const worth = (cell) => {
  const text = cell.textContent.trim();
  const number = Number(text.replace(/,/g, "").replace(/%$/, ""));
  return text && !Number.isNaN(number) ? number : text;
};
const order = (a, b) => {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a.localeCompare(b);
};
document.addEventListener("click", (event) => {
  const head = event.target.closest(".artifact.table th");
  if (!head) return;
  const body = head.closest("table").tBodies[0];
  const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of head.parentNode.cells) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
  const rows = [...body.rows].map((row) => [worth(row.cells[head.cellIndex]), row]);
  body.append(...rows.sort(([a], [b]) => turn * order(a, b)).map(([, row]) => row));
});
