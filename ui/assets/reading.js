// What helps to read an answer: tables are sorted and saved, pictures come nearer.
const number = (text) => {
  const bare = text.replace(/[,\s]/g, "").replace(/%$/, "");
  return bare && !Number.isNaN(Number(bare)) ? Number(bare) : null;
};
const compare = (a, b) => {
  const [x, y] = [number(a), number(b)];
  if (x !== null && y !== null) return x - y;
  return x !== null ? -1 : y !== null ? 1 : a.localeCompare(b);
};
const text = (row, at) => row.cells[at]?.textContent.trim() ?? "";
const sort = (head) => {
  const table = head.closest("table");
  const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of head.parentNode.cells) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => turn * compare(text(a, head.cellIndex), text(b, head.cellIndex)));
  table.tBodies[0].append(...rows);
};
const cell = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const save = (table) => {
  const lines = [...table.rows].map((row) => [...row.cells].map((each) => cell(each.textContent.trim())).join(","));
  const url = URL.createObjectURL(new Blob([lines.join("\r\n")], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href: url, download: "table.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};
// The tables of finished answers get heads that can be pressed and a button; those of files have their own.
const ready = () => {
  for (const table of document.querySelectorAll("#chat .message-content:has(.foot) table:not(.ready, .artifact table)")) {
    table.classList.add("ready");
    for (const head of table.tHead?.rows[0]?.cells ?? []) {
      head.tabIndex = 0;
      head.setAttribute("aria-sort", "none");
    }
    const button = Object.assign(document.createElement("button"), { className: "save-table" });
    button.textContent = document.querySelector("#header .bar").dataset.save;
    table.after(button);
  }
};
const near = (link) => {
  const dialog = document.createElement("dialog");
  const close = document.createElement("button");
  const picture = link.querySelector("img").cloneNode();
  picture.loading = "eager";
  dialog.className = "near";
  close.className = "close";
  close.textContent = "×";
  close.setAttribute("aria-label", document.querySelector("#header .bar").dataset.close);
  dialog.append(close, picture);
  document.querySelector(".gradio-container").append(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === picture) return picture.classList.toggle("whole");
    dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
};
document.addEventListener("click", (event) => {
  const head = event.target.closest("#chat table.ready th");
  if (head) sort(head);
  const button = event.target.closest(".save-table");
  if (button) save(button.previousElementSibling);
  const link = event.target.closest("#chat .artifact.picture a:has(img)");
  if (link && !event.ctrlKey && !event.metaKey && event.button === 0) {
    event.preventDefault();
    near(link);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.("#chat table.ready th")) sort(event.target);
});
// What Gradio tells screen readers: the whole source of a message as its name, a list without items, and a button in a
// button for each step.
const plain = (chat) => {
  chat.querySelectorAll('[data-testid][aria-label*="message:"]').forEach((each) => each.removeAttribute("aria-label"));
  chat.querySelectorAll('.examples[role="list"]').forEach((each) => each.removeAttribute("role"));
  chat.querySelectorAll('.title[role="button"]').forEach((title) => {
    const button = title.querySelector("button");
    if (!button) return;
    title.removeAttribute("role");
    title.removeAttribute("tabindex");
    button.setAttribute("aria-label", title.textContent.trim());
  });
};
const watchChat = () => {
  const chat = document.getElementById("chat");
  if (!chat) return setTimeout(watchChat, 100);
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      ready();
      plain(chat);
    }, 150);
  }).observe(chat, { childList: true, subtree: true });
  plain(chat);
};
watchChat();
// The head of a message of Gradio's is a button that holds one; folding it is not worth that.
const watchToasts = () => {
  const toasts = document.querySelector(".toast-wrap");
  if (!toasts) return setTimeout(watchToasts, 100);
  new MutationObserver(() => {
    toasts.querySelectorAll('.toast-header[role="button"]').forEach((head) => {
      head.removeAttribute("role");
      head.removeAttribute("tabindex");
    });
  }).observe(toasts, { childList: true, subtree: true });
};
watchToasts();
