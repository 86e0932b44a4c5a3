// What is painted over a picture in the dialog that changes it.
const COLOUR = "rgb(224, 33, 138)";
const painting = (dialog) => {
  const [picture, canvas] = [dialog.querySelector("img"), dialog.querySelector("canvas")];
  const brush = canvas.getContext("2d");
  let last = null;
  const fit = () => Object.assign(canvas, { width: picture.naturalWidth, height: picture.naturalHeight });
  const at = (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [((event.clientX - left) * canvas.width) / width, ((event.clientY - top) * canvas.height) / height];
  };
  const stroke = (event) => {
    const to = at(event);
    Object.assign(brush, { lineCap: "round", lineJoin: "round", strokeStyle: COLOUR });
    brush.lineWidth = (dialog.querySelector("[name=brush]").value * canvas.width) / 100;
    brush.beginPath();
    brush.moveTo(...(last ?? to));
    brush.lineTo(...to);
    brush.stroke();
    last = to;
    dialog.dataset.painted = "";
  };
  if (picture.naturalWidth) fit();
  else picture.addEventListener("load", fit);
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    stroke(event);
  });
  canvas.addEventListener("pointermove", (event) => last && stroke(event));
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = null));
  dialog.querySelector("[data-clear]").addEventListener("click", () => {
    brush.clearRect(0, 0, canvas.width, canvas.height);
    delete dialog.dataset.painted;
  });
};
// White where there is paint, black elsewhere; nothing where nothing was painted.
const painted = (form) => {
  const dialog = form.closest("dialog");
  if (!("painted" in dialog.dataset)) return "";
  const canvas = dialog.querySelector("canvas");
  const whole = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const brush = whole.getContext("2d");
  brush.drawImage(canvas, 0, 0);
  for (const [how, colour] of [["source-in", "white"], ["destination-over", "black"]]) {
    Object.assign(brush, { globalCompositeOperation: how, fillStyle: colour });
    brush.fillRect(0, 0, whole.width, whole.height);
  }
  return whole.toDataURL("image/png");
};
