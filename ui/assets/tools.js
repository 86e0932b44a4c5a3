// The list of tools with its switches, and the form of one; both send what was chosen and nothing else.
element.addEventListener("change", (event) => {
  if (event.target.matches("input[role=switch]"))
    trigger("switch_it", { tool: event.target.dataset.tool, on: event.target.checked });
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (button) trigger("act", { action: button.dataset.action, id: button.dataset.id });
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = [...event.target.querySelectorAll("input, select, textarea")];
  trigger("try_it", { values: Object.fromEntries(fields.map((field) => [field.name, field.value])) });
});
watch("value", () => element.querySelector(".tool")?.scrollIntoView({ block: "start" }));
