// The gallery: a picture leads to its conversation, and older ones come a page at a time.
element.addEventListener("click", (event) => {
  const picture = event.target.closest("button[data-conversation]");
  if (picture) {
    document.querySelector("#tabs [role=tab]")?.click();
    return trigger("open_it", { action: "open", id: picture.dataset.conversation });
  }
  const turn = event.target.closest("button[data-before]");
  if (turn) trigger("turn_it", { before: Number(turn.dataset.before) });
});
watch("value", () => document.getElementById("gallery")?.scrollTo({ top: 0 }));
