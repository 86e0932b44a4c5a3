// The list of libraries: one is used, made or deleted; deleting asks once more first.
const calm = (button) => {
  button.classList.remove("armed");
  button.textContent = button.dataset.label;
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  element.querySelectorAll("button.armed").forEach((other) => other !== button && calm(other));
  if (!button) return;
  if (button.dataset.action === "use") return trigger("use_it", { id: button.dataset.id });
  if (!button.classList.contains("armed")) {
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.confirm;
    return button.classList.add("armed");
  }
  trigger("change_it", { action: "delete", id: button.dataset.id });
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = event.target.querySelector("input").value.trim();
  if (name) trigger("change_it", { action: "make", id: name });
});
