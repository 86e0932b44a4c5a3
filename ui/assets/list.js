// Buttons of a list tell the server what they stand for; one that destroys asks once more first.
const shell = () => document.getElementById("shell");
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  disarmOthers(button);
  if (!button) return;
  if (isOnlyArmed(button)) return;
  shell().classList.remove("rail-open");
  trigger("act", { action: button.dataset.action, id: button.dataset.id });
});
