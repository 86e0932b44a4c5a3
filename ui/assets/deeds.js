// The buttons under questions and answers, and the dialogs that they open.
const chat = () => document.getElementById("chat");
const box = () => document.querySelector("#ask textarea");
const message = (button) => button.closest(".message");
// Formulas are copied as they were written, buttons and what is said about the answer are not.
const words = (from) => {
  const copy = from.cloneNode(true);
  copy.querySelectorAll(".deeds, .foot, button, figcaption").forEach((each) => each.remove());
  copy.querySelectorAll(".katex").forEach((each) => {
    each.replaceWith(each.querySelector("annotation")?.textContent ?? each.textContent);
  });
  copy.querySelectorAll('a[href*="#source-"]').forEach((each) => each.replaceWith(` [${each.textContent.trim()}]`));
  copy.style.cssText = "position:fixed;left:-9999px;top:0;white-space:normal";
  document.body.append(copy);
  const text = copy.innerText.trim();
  copy.remove();
  return text;
};
const flash = (button) => {
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1200);
};
// The chat keeps no attributes of ours: a button's second class is its deed, the others its turn and another version.
const read = (button) => {
  if (button.dataset.deed) return button.dataset;
  const number = (kind) => new RegExp(`(?:^| )${kind}(\\d+)(?: |$)`).exec(button.className)?.[1];
  return { deed: button.classList[1], turn: number("t"), to: number("v") };
};
const put = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Over plain HTTP from another machine there is no clipboard but this.
  const field = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
};
const copyLink = async (button) => {
  const field = element.querySelector("[data-path]");
  field.select();
  await (navigator.clipboard ? navigator.clipboard.writeText(field.value) : document.execCommand("copy"));
  flash(button);
};
// Where what is asked by a button appears; the chat follows it from there.
const toTheEnd = () => chat().querySelector(".bubble-wrap")?.scrollTo({ top: Number.MAX_SAFE_INTEGER });
const here = {
  copy: (button) => put(words(message(button))).then(() => flash(button)),
  speak: (button) => document.dispatchEvent(new CustomEvent("read-aloud", { detail: words(message(button)) })),
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("#chat button:is(.deed, [data-deed]), #draft button[data-deed]");
  if (!button || button.disabled) return;
  const { deed, turn, to, name } = read(button);
  button.closest("dialog")?.close();
  if (here[deed]) return here[deed](button);
  trigger("act", { deed, turn, to, name });
  if (name && deed !== "retouch") toTheEnd();
});
element.addEventListener("submit", (event) => {
  const form = event.target;
  const { deed, turn, name } = form.dataset;
  const mask = deed === "change" ? painted(form) : "";
  trigger("act", { deed, turn, name, mask, text: new FormData(form).get("text") });
  if (name) toTheEnd();
});
element.addEventListener("click", (event) => {
  if (event.target.matches("dialog, [data-close]")) event.target.closest("dialog").close();
  if (event.target.matches("[data-copy]")) copyLink(event.target);
});
const shown = () => {
  const dialog = element.querySelector("dialog:not([open])");
  if (dialog) dialog.showModal();
  if (dialog?.matches(".retouch")) painting(dialog);
  // The server does not know under which name it is reached.
  const link = dialog?.querySelector("[data-path]");
  if (link) link.value = new URL(link.dataset.path, location.origin).href;
  link?.select();
  if (element.querySelector(".editing")) box()?.focus();
  element.querySelector("a[data-now]")?.click();
};
watch("value", () => requestAnimationFrame(shown));
// What is being typed survives a reload and a lost connection.
const DRAFT = "draft";
document.addEventListener("input", (event) => {
  // What is too long to be asked is more than a browser keeps.
  if (event.target === box()) sessionStorage.setItem(DRAFT, event.target.value.slice(0, longest));
});
const restore = () => {
  if (!box()) return setTimeout(restore, 100);
  const text = sessionStorage.getItem(DRAFT);
  if (text && !box().value) {
    box().value = text;
    box().dispatchEvent(new Event("input", { bubbles: true }));
  }
};
restore();
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && event.target === box()) sessionStorage.removeItem(DRAFT);
}, true);
document.addEventListener("click", (event) => {
  if (event.target.closest("#ask .submit-button")) sessionStorage.removeItem(DRAFT);
}, true);
// Files that are pasted into the question or dropped on the conversation are attached to it.
const attach = (files) => {
  const input = document.querySelector("#attach input[type=file], input[type=file]#attach, #ask-row input[type=file]");
  if (!input || !files.length) return;
  const held = new DataTransfer();
  for (const file of files) held.items.add(file);
  input.files = held.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
};
const place = () => document.getElementById("conversation");
const carries = (event) => event.dataTransfer?.types.includes("Files") && place()?.contains(event.target);
document.addEventListener("paste", (event) => {
  if (event.target !== box() || !event.clipboardData.files.length) return;
  event.preventDefault();
  attach(event.clipboardData.files);
});
for (const kind of ["dragover", "dragenter", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    place().classList.toggle("dropping", kind === "dragover" || kind === "dragenter");
    if (kind === "drop") attach(event.dataTransfer.files);
  });
}
