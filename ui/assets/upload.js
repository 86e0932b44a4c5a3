// Files and folders are sent to the server a few at a time; what has arrived is handed on to be added.
const AT_ONCE = 3;
const BATCH = 25;
const drop = () => element.querySelector(".drop");
const input = () => element.querySelector("input[type=file]");
let waiting = [], arrived = [], sending = 0, sent = 0, all = 0, numbers = 0;
// The page's words come with the place, in the person's language.
const filled = (name, values = {}) => drop().dataset[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
const tell = () => {
  const line = element.querySelector(".sending");
  line.hidden = !all;
  line.textContent = all ? filled("sending", { n: Math.min(sent + 1, all), all }) : "";
};
const refuse = (name, why) => {
  const row = document.createElement("li");
  row.textContent = `${name}: ${why}`;
  element.querySelector(".unsent").append(row);
};
const handOn = () => {
  // Small files overtake large ones on their way.
  arrived.sort((a, b) => a.number - b.number);
  if (arrived.length) trigger("arrive", { files: arrived });
  arrived = [];
};
const send = async ({ file, name, number }) => {
  try {
    const { path } = await upload(file);
    arrived.push({ path, name, number });
  } catch (error) {
    refuse(name, filled("unsent", { why: (error && error.message) || filled("lost") }));
  }
};
const go = () => {
  while (sending < AT_ONCE && waiting.length) {
    sending += 1;
    send(waiting.shift()).then(() => {
      sending -= 1;
      sent += 1;
      if (arrived.length >= BATCH || (!waiting.length && !sending)) handOn();
      if (!waiting.length && !sending) all = sent = 0;
      tell();
      go();
    });
  }
  tell();
};
const take = (files) => {
  element.querySelector(".unsent").replaceChildren();
  const limit = Number(drop().dataset.limit);
  for (const { file, name } of files) {
    if (file.size > limit * 1e6) refuse(name, filled("large"));
    else waiting.push({ file, name, number: (numbers += 1) });
  }
  all += files.length - element.querySelectorAll(".unsent li").length;
  go();
};
const named = (list) => [...list].map((file) => ({ file, name: file.webkitRelativePath || file.name }));
// What is dropped may hold folders, which are read to their depths; hidden files are passed over, as elsewhere.
const inside = async (entry, below) => {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) return [{ file: await new Promise((done, fail) => entry.file(done, fail)), name: below + entry.name }];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return found;
    for (const each of some) found.push(...(await inside(each, `${below}${entry.name}/`)));
  }
};
const dropped = async (items) => {
  const entries = [...items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
  const found = [];
  for (const entry of entries) found.push(...(await inside(entry, "")));
  return found;
};
const pick = (folder) => {
  if (!folder) return input().click();
  const chooser = Object.assign(document.createElement("input"), { type: "file", webkitdirectory: true });
  chooser.addEventListener("change", () => take(named(chooser.files).filter((each) => !/(^|\/)\./.test(each.name))));
  chooser.click();
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pick]");
  if (button) pick(button.dataset.pick === "folder");
});
element.addEventListener("change", (event) => {
  if (event.target !== input()) return;
  take(named(input().files));
  input().value = "";
});
for (const name of ["dragenter", "dragover"]) element.addEventListener(name, (event) => {
  event.preventDefault();
  drop().classList.add("over");
});
for (const name of ["dragleave", "drop"]) element.addEventListener(name, (event) => {
  event.preventDefault();
  drop().classList.remove("over");
});
element.addEventListener("drop", (event) => dropped(event.dataTransfer.items).then(take));
// "Stop all" gives up what has not been sent yet too.
document.addEventListener("click", (event) => {
  if (!event.target.closest('#progress [data-action="stop"]:not([data-id])')) return;
  all -= waiting.length;
  waiting = [];
  tell();
});
