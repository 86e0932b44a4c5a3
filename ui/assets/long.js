// A text that is too long to be a question is offered as a file; nothing of it is sent before, or lost.
const notice = document.createElement("div");
Object.assign(notice, { className: "said", role: "status", hidden: true });
const hush = () => (notice.hidden = true);
const choice = (words, act) => {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: words });
  button.addEventListener("click", () => (hush(), act()));
  return button;
};
const offer = (text, typed) => {
  const words = document.querySelector("#header .bar").dataset;
  const counts = { n: text.length.toLocaleString(), most: longest.toLocaleString() };
  const asFile = () => {
    attach([new File([text], `${words.pasted}.txt`, { type: "text/plain" })]);
    if (typed) write("");
  };
  notice.replaceChildren(
    words.long.replace(/\{(\w+)\}/g, (_, key) => counts[key]), choice(words.asFile, asFile), choice(words.leave, () => {}),
  );
  document.getElementById("ask-row").append(notice);
  notice.hidden = false;
};
const write = (text) => {
  box().value = text;
  box().dispatchEvent(new Event("input", { bubbles: true }));
};
document.addEventListener("paste", (event) => {
  const text = event.target === box() ? event.clipboardData.getData("text/plain") : "";
  if (text.length <= longest) return;
  event.preventDefault();
  offer(text, false);
});
const hold = (event) => {
  // An empty line has nothing to do with a text that was pasted and not taken.
  if (!box()?.value.trim()) return;
  if (box().value.length <= longest) return hush();
  event.preventDefault();
  event.stopImmediatePropagation();
  offer(box().value, true);
};
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && event.target === box()) hold(event);
}, true);
document.addEventListener("click", (event) => {
  if (event.target.closest("#ask .submit-button")) hold(event);
}, true);
