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
// Gradio's buttons beside the question have pictures only; a screen reader needs words.
const name = () => {
  document.querySelector("#ask .submit-button")?.setAttribute("aria-label", "Send");
  document.querySelector("#ask .stop-button")?.setAttribute("aria-label", "Stop");
};
const watchButtons = () => {
  const ask = document.getElementById("ask");
  if (!ask) return setTimeout(watchButtons, 100);
  new MutationObserver(name).observe(ask, { childList: true, subtree: true });
  name();
};
watchButtons();
