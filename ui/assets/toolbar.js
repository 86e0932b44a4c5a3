// What narrows the list of documents is sent whole, a moment after the last change.
const PAUSE = 250;
let timer = 0;
const fields = () => [...element.querySelectorAll("input, select")];
const look = () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const chosen = fields().map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]);
    trigger("look", Object.fromEntries(chosen));
  }, PAUSE);
};
element.addEventListener("input", look);
element.addEventListener("reset", look);
element.addEventListener("submit", (event) => event.preventDefault());
// The toolbar is drawn anew when documents come or go; what was chosen stays.
let kept = new Map();
let library = "";
element.addEventListener("input", () => (kept = new Map(fields().map((field) => [field.name, [field.value, field.checked]]))));
element.addEventListener("reset", () => (kept = new Map()));
watch("value", () => {
  const form = element.querySelector("form");
  if (form && form.dataset.library !== library) {
    library = form.dataset.library;
    kept = new Map();
  }
  for (const field of fields()) {
    const [value, checked] = kept.get(field.name) ?? [];
    if (field.type === "checkbox") field.checked = Boolean(checked);
    else if (value) {
      // What was chosen may be gone, such as a tag that was taken from the last document.
      if (field.options && ![...field.options].some((each) => each.value === value)) field.add(new Option(value));
      field.value = value;
    }
  }
});
