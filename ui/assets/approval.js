// The card of calls that wait: each is decided, then all decisions go to the server at once.
// What was decided about each request, by its id; nothing is sent before all of them are.
let decisions = new Map();
// A card that appears under a finger must not take the tap that was meant for something else.
const HURRY = 500;
const card = () => element.querySelector(".approval");
const part = (request, name) => request.querySelector(`.${name}`);
const show = (request, name, focus) => {
  for (const each of ["choices", "change", "refuse", "decided"]) part(request, each).hidden = each !== name;
  part(request, name).querySelector(focus)?.focus();
};
const send = () => {
  element.querySelectorAll("button, textarea, input").forEach((each) => (each.disabled = true));
  document.querySelector("#ask textarea")?.focus();
  const { conversation, key } = card().dataset;
  trigger("decide", { conversation, key, decisions: [...decisions.values()] });
};
const decide = (request, choice, rest = {}) => {
  decisions.set(request.dataset.id, { id: request.dataset.id, choice, ...rest });
  if (decisions.size === element.querySelectorAll(".request").length) return send();
  part(request, "decided").querySelector("span").textContent = card().dataset[choice];
  show(request, "decided", "button");
};
const change = async (request) => {
  const text = request.querySelector("textarea").value;
  const mistake = await server.check([request.dataset.tool, text]);
  part(request, "mistake").textContent = mistake;
  if (mistake) return request.querySelector("textarea").focus();
  decide(request, "change", { arguments: text });
};
const actions = {
  approve: (request) => decide(request, "approve"),
  edit: (request) => show(request, "change", "textarea"),
  change,
  doubt: (request) => show(request, "refuse", "input"),
  refuse: (request) => decide(request, "refuse", { note: request.querySelector("input").value }),
  // Never to "Approve": a second Enter would be one.
  back: (request) => {
    decisions.delete(request.dataset.id);
    show(request, "choices", '[data-do="edit"]');
  },
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (button) actions[button.dataset.do](button.closest(".request"));
});
element.addEventListener("keydown", (event) => {
  const request = event.target.closest(".request");
  if (event.key === "Enter" && event.target.matches(".refuse input")) actions.refuse(request);
  if (event.key === "Escape" && event.target.closest(".change, .refuse")) actions.back(request);
});
watch("value", () => {
  decisions = new Map();
  // Not before the new card is drawn.
  requestAnimationFrame(() => {
    const buttons = element.querySelectorAll(".choices button");
    buttons.forEach((button) => (button.disabled = true));
    setTimeout(() => buttons.forEach((button) => (button.disabled = false)), HURRY);
  });
});
