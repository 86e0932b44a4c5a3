// Speech: a question is spoken into the line, an answer is read aloud; by the server where it can, else by the browser.
const mic = element.querySelector(".mic");
const line = element.querySelector(".said");
const { hears, speaks, most } = mic.dataset;
const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;
const words = () => JSON.parse(document.querySelector("#header .bar").dataset.voice);
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const language = () => (navigator.language.startsWith(words().language) ? navigator.language : words().language);
// What runs now: `end` ends it in order, `drop` gives it up.
let hearing = null, reading = null, asking = false;
const tell = (text, ...buttons) => {
  const made = buttons.map(([name, act]) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    button.addEventListener("click", act);
    return button;
  });
  line.replaceChildren(text, ...made);
  line.hidden = !text;
};
const mark = (on) => {
  mic.classList.toggle("on", on);
  mic.setAttribute("aria-pressed", on);
};
const type = (text) => {
  const box = document.querySelector("#ask textarea");
  box.value = [box.value.trim(), text.trim()].filter(Boolean).join(" ");
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
};
const write = async (audio) => {
  const mb = Math.round(audio.size / 1e6);
  if (audio.size > most * 1e6) return tell(filled(words().large, { mb, most }));
  const kept = [[words().again, () => write(audio)], [words().drop, () => tell("")]];
  tell(words().writing);
  try {
    const answer = await fetch("/voice/heard", { method: "POST", headers: { "content-type": audio.type }, body: audio });
    const said = await answer.json();
    if (!answer.ok) return tell(said.error, ...(answer.status === 413 ? [] : kept));
    tell(said.text ? "" : words().silence);
    if (said.text) type(said.text);
  } catch {
    tell(words().lost, ...kept);
  }
};
const record = async () => {
  if (!navigator.mediaDevices) return tell(words().insecure);
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch((error) => {
    tell(/NotAllowed|Security/.test(error.name) ? words().denied : words().missing);
  });
  if (!stream) return;
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond: 32000 });
  let pieces = [], size = 0, dropped = false;
  recorder.addEventListener("dataavailable", ({ data }) => {
    pieces.push(data);
    size += data.size;
    // Sent as it is before it is too long to be sent at all.
    if (size > most * 0.95e6 && recorder.state === "recording") recorder.stop();
  });
  recorder.addEventListener("stop", () => {
    stream.getTracks().forEach((track) => track.stop());
    hearing = null;
    mark(false);
    if (dropped) tell("");
    else write(new Blob(pieces, { type: recorder.mimeType || "audio/webm" }));
  });
  recorder.start(1000);
  hearing = { end: () => recorder.stop(), drop: () => ((dropped = true), recorder.stop()) };
  mark(true);
  tell(words().hearing);
};
const recognise = () => {
  const recognition = new Recognition();
  const why = {
    "not-allowed": words().denied, "service-not-allowed": words().denied, "audio-capture": words().missing,
    network: words().network, "no-speech": words().silence,
  };
  let trouble = "", dropped = false;
  Object.assign(recognition, { lang: language(), continuous: true });
  recognition.addEventListener("result", ({ results, resultIndex }) => {
    if (!dropped) for (const each of [...results].slice(resultIndex)) if (each.isFinal) type(each[0].transcript);
  });
  recognition.addEventListener("error", ({ error }) => (trouble = why[error] ?? ""));
  recognition.addEventListener("end", () => {
    hearing = null;
    mark(false);
    tell(dropped ? "" : trouble);
  });
  recognition.start();
  hearing = { end: () => recognition.stop(), drop: () => ((dropped = true), recognition.abort()) };
  mark(true);
  tell(words().hearing);
};
mic.hidden = !(hears ? window.MediaRecorder : Recognition);
mic.addEventListener("click", async () => {
  if (hearing) return hearing.end();
  if (asking) return;
  asking = true;
  await (hears ? record() : recognise());
  asking = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hearing?.drop();
});
// A long answer is read in pieces, each fetched while the one before it is heard; the first is short, to begin soon.
const pieces = (text) => {
  const found = [""];
  for (const sentence of text.match(/[^.!?\n]+[.!?\n]*\s*|[.!?\n]+\s*/g) ?? []) {
    for (let from = 0; from < sentence.length; from += 800) {
      const part = sentence.slice(from, from + 800);
      if (found.at(-1) && found.at(-1).length + part.length > (found.length === 1 ? 200 : 800)) found.push("");
      found[found.length - 1] += part;
    }
  }
  return found.map((each) => each.trim()).filter(Boolean);
};
const fetched = async (text) => {
  const answer = await fetch("/voice/said", { method: "POST", headers: { "content-type": "text/plain" }, body: text });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return URL.createObjectURL(await answer.blob());
};
const play = (url, mine) => new Promise((done, fail) => {
  const audio = new Audio(url);
  const leave = (how) => (value) => {
    URL.revokeObjectURL(url);
    how(value);
  };
  mine.stop = () => (audio.pause(), leave(done)());
  audio.addEventListener("ended", leave(done));
  audio.addEventListener("error", () => leave(fail)(new Error(words().mute)));
  audio.play().catch(leave(fail));
});
const readByServer = async (text) => {
  const mine = (reading = { stop: () => {} });
  tell(words().speaking);
  try {
    const parts = pieces(text);
    let next = parts.length && fetched(parts[0]);
    for (let n = 0; n < parts.length && reading === mine; n += 1) {
      const url = await next;
      next = n + 1 < parts.length && reading === mine ? fetched(parts[n + 1]) : null;
      next?.catch(() => {});
      if (reading === mine) await play(url, mine);
    }
    if (reading === mine) tell("");
  } catch (error) {
    tell(error instanceof TypeError ? words().lost_voice : error.message);
  }
  if (reading === mine) reading = null;
};
const readByBrowser = (text) => {
  if (!window.speechSynthesis?.getVoices().length) return tell(words().mute);
  const said = new SpeechSynthesisUtterance(text);
  const mine = (reading = { stop: () => speechSynthesis.cancel() });
  const over = () => {
    if (reading !== mine) return;
    reading = null;
    tell("");
  };
  said.lang = language();
  said.addEventListener("end", over);
  said.addEventListener("error", over);
  tell(words().speaking);
  speechSynthesis.speak(said);
};
window.speechSynthesis?.getVoices(); // some browsers load them only when they are asked for
document.addEventListener("read-aloud", ({ detail }) => {
  const before = reading;
  reading = null;
  if (before) {
    before.stop();
    return tell("");
  }
  const text = detail.replace(/\s*\[\d+\]/g, "");
  if (speaks) readByServer(text);
  else readByBrowser(text);
});
