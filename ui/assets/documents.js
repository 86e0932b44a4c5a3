// The list of documents and the opened one: buttons tell the server what they stand for; one that destroys asks first.
// What changes documents is an event of its own, which not everybody may send.
const send = (action, id, word) =>
  ["remove", "tag", "untag", "samples"].includes(action) ? trigger("change_it", { action, id, word }) : trigger("act", { action, id, document: element.querySelector(".preview")?.dataset.document });
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  disarmOthers(button);
  if (!button) return;
  if (isOnlyArmed(button)) return;
  send(button.dataset.action, button.dataset.id, button.dataset.tag);
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest(".tagging")) event.target.closest(".tagging").open = false;
  if (event.key !== "Enter") return;
  if (event.target.matches(".tagging input") && event.target.value.trim())
    send("tag", event.target.dataset.id, event.target.value);
  if (event.target.matches(".pager input")) send("turn", String(event.target.value - 1));
});
element.addEventListener("toggle", (event) => {
  if (event.target.open) event.target.querySelector("input")?.focus();
}, true);
let turned = false;
element.addEventListener("click", (event) => (turned = Boolean(event.target.closest('[data-action="turn"]'))));
watch("value", () => {
  const mark = element.querySelector(".preview :is(.spot, mark)");
  if (mark) mark.scrollIntoView({ block: "center" });
  else if (element.querySelector(".preview")) element.scrollIntoView({ block: "start" });
  else if (turned) element.scrollIntoView({ block: "start" });
  turned = false;
});
