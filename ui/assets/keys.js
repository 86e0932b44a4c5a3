// Keyboard shortcuts: none of them while something is being typed, but those with a control key.
const press = (selector) => document.querySelector(selector)?.click();
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
const box = () => document.querySelector("#ask textarea");
const tab = (number) => document.querySelectorAll("#tabs button[role=tab]")[number - 1]?.click();
const help = () => element.querySelector("dialog.keys");
const keys = {
  "?": () => help().showModal(),
  "/": () => box()?.focus(),
  n: () => press("#new"),
  s: () => document.querySelector("#find input, #find textarea")?.focus(),
  b: () => press('[data-toggle="rail"]'),
  e: () => press('[data-toggle="evidence"]'),
  c: () => [...document.querySelectorAll("#chat .deed.copy")].at(-1)?.click(),
  r: () => [...document.querySelectorAll("#chat .deed.again")].at(-1)?.click(),
};
document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && document.querySelector("#ask .stop-button")) return press("#ask .stop-button");
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const act = keys[event.key] ?? (/^[1-9]$/.test(event.key) ? () => tab(Number(event.key)) : null);
  if (!act) return;
  event.preventDefault();
  act();
});
element.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys]")) help().showModal();
  if (event.target.matches("dialog.keys, dialog.keys [data-close]")) help().close();
});
