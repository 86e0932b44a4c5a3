// The list of libraries: one is used, made or deleted; deleting asks once more first.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  disarmOthers(button);
  if (!button) return;
  if (button.dataset.action === "use") return trigger("use_it", { id: button.dataset.id });
  if (isOnlyArmed(button)) return;
  trigger("change_it", { action: "delete", id: button.dataset.id });
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = event.target.querySelector("input").value.trim();
  if (name) trigger("change_it", { action: "make", id: name });
});
