// A button that destroys is armed by the first press and says so; a press anywhere else in the list disarms it.
const disarmOthers = (button) =>
  element.querySelectorAll("button.armed").forEach((other) => {
    if (other === button) return;
    other.classList.remove("armed");
    other.textContent = other.dataset.label;
  });
const isOnlyArmed = (button) => {
  if (!button.dataset.confirm || button.classList.contains("armed")) return false;
  button.dataset.label = button.textContent;
  button.textContent = button.dataset.confirm;
  button.classList.add("armed");
  return true;
};
