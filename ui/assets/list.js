// Buttons of a list tell the server what they stand for; one that destroys asks once more first.
const shell = () => document.getElementById("shell");
const calm = (button) => {
  button.classList.remove("armed");
  button.textContent = button.dataset.label;
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  element.querySelectorAll("button.armed").forEach((other) => other !== button && calm(other));
  if (!button) return;
  if (button.dataset.confirm && !button.classList.contains("armed")) {
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.confirm;
    button.classList.add("armed");
    return;
  }
  shell().classList.remove("rail-open");
  trigger("act", { action: button.dataset.action, id: button.dataset.id });
});
