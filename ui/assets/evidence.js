// The numbers in the chat are links to "#source-turn-n"; they and the cards open a quote in its place.
const shell = () => document.getElementById("shell");
// Where the text is to be scrolled to once it has come.
let aim = "quote";
const show = (turn, n, around = {}) => {
  shell().classList.remove("rail-open");
  shell().classList.add("evidence-open");
  trigger("cite", { turn: Number(turn), n: Number(n), ...around });
};
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href*="#source-"]');
  const match = link && /#source-(\d+)-(\d+)$/.exec(link.getAttribute("href"));
  if (!match) return;
  event.preventDefault();
  aim = "quote";
  show(match[1], match[2]);
});
element.addEventListener("click", (event) => {
  const more = event.target.closest("button.more");
  if (more) {
    aim = more.matches(":first-child") ? "top" : "bottom";
    return show(more.dataset.turn, more.dataset.n, { before: Number(more.dataset.before), after: Number(more.dataset.after) });
  }
  const head = event.target.closest("button.card-head");
  if (!head) return;
  aim = "quote";
  const closing = head.getAttribute("aria-expanded") === "true";
  show(head.dataset.turn, closing ? 0 : head.dataset.n);
});
const places = {
  quote: (box) => Math.max(0, box.querySelector("mark").offsetTop - box.offsetTop - box.clientHeight / 3),
  top: () => 0,
  bottom: (box) => box.scrollHeight,
};
watch("value", () => {
  const box = element.querySelector(".source");
  if (!box) return;
  box.scrollTop = places[aim](box);
  if (aim !== "quote") return;
  const sheet = element.querySelector(".sheet");
  const spot = sheet && sheet.querySelector(".spot");
  // A page has its height only once it has been decoded.
  if (spot) sheet.querySelector("img").decode().catch(() => {}).then(() => {
    sheet.scrollTop = Math.max(0, spot.offsetTop - sheet.clientHeight / 3);
  });
  element.querySelector(".card.open").scrollIntoView({ block: "nearest" });
});
