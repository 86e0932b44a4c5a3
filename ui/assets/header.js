// The rails: columns on a wide screen, drawers on a narrow one.
const shell = () => document.getElementById("shell");
document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-toggle]");
  if (toggle) {
    const name = toggle.dataset.toggle;
    shell().classList.toggle(`${name}-open`);
    shell().classList.toggle(`${name}-closed`);
    for (const other of ["rail", "evidence"]) if (other !== name) shell().classList.remove(`${other}-open`);
    return;
  }
  const details = element.querySelector("details[open]");
  if (details && !details.contains(event.target)) details.open = false;
  if (!event.target.closest("#rail, #evidence-column, a[href*='#source-']")) shell().classList.remove("rail-open", "evidence-open");
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  shell().classList.remove("rail-open", "evidence-open");
  element.querySelectorAll("details[open]").forEach((details) => (details.open = false));
});
// The person's own choice of a language is for the server, that of a look is this browser's alone.
const KEEP = "path=/; max-age=31536000; samesite=strict";
const look = (chosen) => {
  const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.body.classList.toggle("dark", dark);
  element.querySelectorAll("[data-look]").forEach((each) => each.setAttribute("aria-pressed", each.dataset.look === chosen));
};
const chosenLook = () => localStorage.getItem("look") ?? "system";
element.addEventListener("click", (event) => {
  const { language, look: chosen } = event.target.dataset;
  if (language) {
    document.cookie = `language=${language}; ${KEEP}`;
    location.reload();
  }
  if (chosen) {
    localStorage.setItem("look", chosen);
    look(chosen);
  }
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => look(chosenLook()));
// Gradio's buttons beside the question have pictures only; a screen reader needs words.
const name = () => {
  const words = element.querySelector(".bar").dataset;
  document.querySelector("#ask .submit-button")?.setAttribute("aria-label", words.send);
  document.querySelector("#attach")?.setAttribute("aria-label", words.attach);
  const mic = document.querySelector("#voice .mic");
  const voice = JSON.parse(words.voice);
  mic?.setAttribute("aria-label", voice.listen);
  mic?.setAttribute("title", mic.dataset.hears ? voice.listen : `${voice.listen}. ${voice.browser}`);
  document.querySelector("#ask .stop-button")?.setAttribute("aria-label", words.stop);
};
const watchButtons = () => {
  const ask = document.getElementById("ask");
  if (!ask) return setTimeout(watchButtons, 100);
  new MutationObserver(name).observe(ask, { childList: true, subtree: true });
  name();
};
watchButtons();
const drawn = () => {
  name();
  look(chosenLook());
};
watch("value", () => requestAnimationFrame(drawn));
drawn();
