// The list of conversations: its buttons tell the server what they stand for; one that destroys asks once more first.
const shell = () => document.getElementById("shell");
const list = () => element.querySelector(".history");
const channel = new BroadcastChannel("assistant");
// A title or a folder is typed in the row itself.
const ask = (button) => {
  const { action, id, title, folder } = button.dataset;
  const field = document.createElement("input");
  field.value = action === "rename" ? title : folder;
  field.maxLength = 60;
  field.setAttribute("aria-label", list().dataset[action]);
  field.placeholder = list().dataset[action];
  if (action === "put") field.setAttribute("list", "folders");
  const row = button.closest("li");
  row.querySelector(".more").open = false;
  row.classList.add("naming");
  row.prepend(field);
  let left = false;
  const leave = () => {
    if (left) return;
    left = true;
    row.classList.remove("naming");
    field.remove();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      trigger("act", { action, id, text: field.value });
      leave();
    } else if (event.key === "Escape") leave();
  });
  field.addEventListener("blur", leave);
  field.focus();
  field.select();
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  disarmOthers(button);
  element.querySelectorAll(".more[open]").forEach((each) => each.contains(event.target) || (each.open = false));
  if (!button) return;
  const { action, id } = button.dataset;
  if (action === "rename" || action === "put") return ask(button);
  if (isOnlyArmed(button)) return;
  if (action === "open") shell().classList.remove("rail-open");
  trigger("act", { action, id });
});
document.addEventListener("click", (event) => {
  if (!element.contains(event.target)) element.querySelectorAll(".more[open]").forEach((each) => (each.open = false));
});
// The address names the conversation, so that a reload or another tab comes back to it.
const current = () => list()?.dataset.current ?? "";
let arrived = false;
let told = "";
watch("value", () => requestAnimationFrame(() => {
  if (!list()) return;
  const address = current() ? `?c=${current()}` : location.pathname;
  if (arrived || current()) history.replaceState(history.state, "", address);
  arrived = true;
  if (list().dataset.tell && list().dataset.tell !== told) channel.postMessage(current());
  told = list().dataset.tell;
}));
channel.addEventListener("message", (event) => {
  if (event.data && event.data === current()) trigger("act", { action: "refresh", id: event.data });
});
