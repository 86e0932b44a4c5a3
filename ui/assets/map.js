// The map: points on a canvas, coloured by topic; pointing at one tells what it is, choosing it opens its document.
const STEPS = 10000, REACH = 14;
const COLOURS = ["#0f766e", "#b45309", "#6d28d9", "#be123c", "#1d4ed8", "#4d7c0f", "#a21caf", "#0e7490", "#c2410c", "#475569", "#15803d", "#9f1239", "#4338ca", "#a16207", "#0369a1", "#7e22ce"];
const LIGHT = ["#5eead4", "#fbbf24", "#c4b5fd", "#fda4af", "#93c5fd", "#bef264", "#f0abfc", "#67e8f9", "#fdba74", "#cbd5e1", "#86efac", "#fb7185", "#a5b4fc", "#fde047", "#7dd3fc", "#d8b4fe"];
let data = null, only = null, at = null, zoom = 1, shift = { x: 0, y: 0 }, held = null;
const map = () => element.querySelector(".map");
const canvas = () => element.querySelector("canvas");
const colour = (topic) => (document.querySelector(".dark") ? LIGHT : COLOURS)[topic % COLOURS.length];
const place = ([x, y]) => {
  const { clientWidth: width, clientHeight: height } = canvas();
  return [(x / STEPS) * width * zoom + shift.x, (y / STEPS) * height * zoom + shift.y];
};
const draw = () => {
  const board = canvas();
  if (!board || !data || !board.clientWidth) return;
  const ratio = window.devicePixelRatio || 1;
  board.width = board.clientWidth * ratio;
  board.height = board.clientHeight * ratio;
  const pen = board.getContext("2d");
  pen.scale(ratio, ratio);
  const size = data.spots.length > 3000 ? 2 : data.spots.length > 500 ? 3 : 5;
  for (const spot of data.spots) {
    const [x, y] = place(spot);
    pen.globalAlpha = only === null || only === spot[2] ? 0.75 : 0.08;
    pen.fillStyle = colour(spot[2]);
    pen.beginPath();
    pen.arc(x, y, spot === at ? size + 3 : size, 0, 2 * Math.PI);
    pen.fill();
  }
  element.querySelectorAll(".names span").forEach((name, number) => {
    const [middle, y] = place(data.names[number].slice(1)), half = name.offsetWidth / 2 + 4;
    const x = zoom > 1 ? middle : Math.min(Math.max(middle, half), board.clientWidth - half);
    name.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
    name.style.opacity = only === null || only === number ? 1 : 0.15;
  });
};
const begin = () => {
  if (!map()) return (data = null);
  data = JSON.parse(map().dataset.map);
  [only, at, zoom, shift] = [null, null, 1, { x: 0, y: 0 }];
  element.querySelector(".names").replaceChildren(...data.names.map(([words]) => Object.assign(document.createElement("span"), { textContent: words })));
  element.querySelectorAll(".topics button").forEach((button, number) => (button.querySelector("i").style.background = colour(number)));
  new ResizeObserver(draw).observe(canvas());
  draw();
};
const nearest = (event) => {
  const box = canvas().getBoundingClientRect();
  const [px, py] = [event.clientX - box.left, event.clientY - box.top];
  let best = null, reach = REACH ** 2;
  for (const spot of data.spots) {
    if (only !== null && only !== spot[2]) continue;
    const [x, y] = place(spot);
    const away = (x - px) ** 2 + (y - py) ** 2;
    if (away < reach) [best, reach] = [spot, away];
  }
  return best;
};
const tell = (spot) => {
  if (spot === at) return;
  at = spot;
  const tip = element.querySelector(".tip");
  tip.hidden = !spot;
  canvas().style.cursor = spot ? "pointer" : "grab";
  if (spot) {
    const head = document.createElement("b");
    head.textContent = data.titles[spot[3]] + (spot[4] ? ` · ${map().dataset.page.replace("{n}", spot[4])}` : "");
    tip.replaceChildren(head, document.createTextNode(spot[5]));
    const [x, y] = place(spot);
    const left = Math.min(Math.max(0, x + 12), canvas().clientWidth - tip.offsetWidth - 4);
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = y > canvas().clientHeight / 2 ? "" : `${y + 14}px`;
    tip.style.bottom = y > canvas().clientHeight / 2 ? `${canvas().clientHeight - y + 14}px` : "";
  }
  draw();
};
const open = (spot) => trigger("open_it", { id: String(data.ids[spot[3]]), page: spot[4], text: spot[5] });
element.addEventListener("pointermove", (event) => {
  if (!data || event.target !== canvas()) return;
  if (!held) return tell(nearest(event));
  shift = { x: shift.x + event.clientX - held.x, y: shift.y + event.clientY - held.y };
  held = { x: event.clientX, y: event.clientY, moved: held.moved + Math.abs(event.movementX) + Math.abs(event.movementY) };
  draw();
});
element.addEventListener("pointerdown", (event) => {
  if (event.target === canvas()) held = { x: event.clientX, y: event.clientY, moved: 0, touched: event.pointerType === "touch" };
});
element.addEventListener("pointerup", (event) => {
  if (event.target !== canvas() || !held || !data) return (held = null);
  const { moved, touched } = held, before = at;
  held = null;
  const spot = nearest(event);
  tell(spot);
  // A finger cannot point without touching: its first touch tells, a second one opens.
  if (spot && moved < 6 && (!touched || spot === before)) open(spot);
});
element.addEventListener("pointerleave", () => data && tell(null), true);
element.addEventListener("wheel", (event) => {
  if (event.target !== canvas() || !event.ctrlKey && !canvas().matches(":focus")) return;
  event.preventDefault();
  const box = canvas().getBoundingClientRect(), next = Math.min(12, Math.max(1, zoom * (event.deltaY < 0 ? 1.2 : 1 / 1.2)));
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  shift = { x: x - ((x - shift.x) * next) / zoom, y: y - ((y - shift.y) * next) / zoom };
  zoom = next;
  if (zoom === 1) shift = { x: 0, y: 0 };
  draw();
}, { passive: false });
element.addEventListener("keydown", (event) => {
  if (event.target !== canvas() || !data) return;
  const some = data.spots.filter((spot) => only === null || spot[2] === only);
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    tell(some[(some.indexOf(at) + step + some.length) % some.length]);
  }
  if (event.key === "Enter" && at) open(at);
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-topic]");
  if (!button) return;
  const topic = Number(button.dataset.topic);
  only = only === topic ? null : topic;
  element.querySelectorAll("[data-topic]").forEach((each) => each.setAttribute("aria-pressed", String(Number(each.dataset.topic) === only)));
  tell(null);
  draw();
});
new MutationObserver(() => data && begin()).observe(document.body, { attributeFilter: ["class"] });
watch("value", () => requestAnimationFrame(begin));
begin();
