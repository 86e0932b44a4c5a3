// The numbers in the chat are links to "#source-turn-n"; they and the cards open a quote in its place.
const shell = () => document.getElementById("shell");
const show = (turn, n) => {
  shell().classList.remove("rail-open");
  shell().classList.add("evidence-open");
  trigger("cite", { turn: Number(turn), n: Number(n) });
};
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href*="#source-"]');
  const match = link && /#source-(\d+)-(\d+)$/.exec(link.getAttribute("href"));
  if (!match) return;
  event.preventDefault();
  show(match[1], match[2]);
});
element.addEventListener("click", (event) => {
  const head = event.target.closest("button.card-head");
  if (!head) return;
  const closing = head.getAttribute("aria-expanded") === "true";
  show(head.dataset.turn, closing ? 0 : head.dataset.n);
});
watch("value", () => {
  const box = element.querySelector(".source");
  if (!box) return;
  const mark = box.querySelector("mark");
  box.scrollTop = Math.max(0, mark.offsetTop - box.offsetTop - box.clientHeight / 3);
  const sheet = element.querySelector(".sheet");
  const spot = sheet && sheet.querySelector(".spot");
  // A page has its height only once it has been decoded.
  if (spot) sheet.querySelector("img").decode().catch(() => {}).then(() => {
    sheet.scrollTop = Math.max(0, spot.offsetTop - sheet.clientHeight / 3);
  });
  element.querySelector(".card.open").scrollIntoView({ block: "nearest" });
});
