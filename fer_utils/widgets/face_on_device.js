// Your face, on your device: a camera, a photo or a drawn face; the network runs in the page, and nothing leaves it.
import { element } from "./elements.js";
import { pageEngine } from "./page_engine.js";

const LARGEST = 2048; // pixels a side at which a photo is looked at
const percent = (share) => `${(100 * share).toFixed(0)} %`;
let serial = 0;

// A picture out of anything that a canvas can draw: {data, width, height}.
export function pixelsOf(source, width, height) {
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  const [wide, high] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width: wide, height: high });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, wide, high);
  return { canvas, picture: { data: context.getImageData(0, 0, wide, high).data, width: wide, height: high } };
}

async function photoOf(file) {
  const heic = /\.(heic|heif)$/i.test(file.name) || /hei[cf]/.test(file.type);
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Error(heic ? "This browser cannot read HEIC photos; save the photo as JPEG, and choose that."
      : "This file is no picture that the browser can read; choose a JPEG or PNG.");
  }
  const made = pixelsOf(picture, picture.width, picture.height);
  const pixels = picture.width * picture.height;
  picture.close();
  return { ...made, note: pixels > made.picture.width * made.picture.height
    ? `The photo has ${(pixels / 1e6).toFixed(0)} megapixels and was made smaller first.` : "" };
}

const AWAY = "The camera was turned off because this page went out of sight; press Camera to go on.";
const REFUSED = {
  NotAllowedError: "The camera was not allowed; nothing was seen. A photo or the drawn face works without it.",
  NotFoundError: "No camera was found here. A photo or the drawn face works without one.",
  NotReadableError: "The camera is in use by another program. A photo or the drawn face works without it.",
};

function render({ model, el }) {
  const prefix = `fer-device-${Date.now().toString(36)}-${serial++}`;
  const [labels, card, constants] = ["labels", "card", "constants"].map((name) => model.get(name));
  let engine = null, loading = null, shown = null, stream = null, chosen = 0, busy = false, gone = false;
  let wanted = false; // a slider was moved since the last look
  let reading = false; // another picture is on its way, so that the one that is shown is not looked at again
  let opening = false; // the camera was asked for, and has not come
  let source = 0; // grows with each new picture, so that a late answer is dropped

  const button = (text, act) => {
    const made = element("button", { type: "button" }, text);
    made.addEventListener("click", act);
    return made;
  };
  const drawn = button("A drawn face", () => begin(async () => {
    const picture = await createImageBitmap(new Blob([model.get("drawn")]));
    return pixelsOf(picture, picture.width, picture.height);
  }));
  const file = element("input", { type: "file", accept: "image/*", id: `${prefix}-file` });
  file.addEventListener("click", () => { file.value = ""; }); // the same photo may be chosen again
  file.addEventListener("change", () => {
    const [photo] = file.files;
    if (photo) begin(() => photoOf(photo));
  });
  const consent = element("input", { type: "checkbox", id: `${prefix}-consent` });
  consent.addEventListener("change", () => { camera.disabled = !consent.checked; if (!consent.checked) stop(); });
  const camera = button("Camera", () => (stream ? stop() : watch()));
  camera.disabled = true;
  const status = element("p", { class: "fer-device-status", role: "status", "aria-live": "polite" });
  const problem = element("p", { class: "fer-device-problem", role: "alert", hidden: "" });
  const canvas = element("canvas", { role: "img", "aria-label": "No picture yet", width: 640, height: 480 });
  const crop = element("canvas", { role: "img", "aria-label": "What the network sees", width: 48, height: 48 });
  const table = element("table", { class: "fer-device-scores" });
  const faces = element("div", { class: "fer-device-faces", role: "group", "aria-label": "Faces" });
  const sliders = [["widen", "Box larger by", -0.3, 0.6], ["right", "Box moved right by", -0.3, 0.3]].map(
    ([name, text, min, max]) => {
      const id = `${prefix}-${name}`;
      const input = element("input", { type: "range", id, min, max, step: 0.02 });
      input.value = 0;
      const said = element("output", { for: id }, "0 %");
      input.addEventListener("input", () => { said.textContent = percent(input.value); see(); });
      return { name, input, node: element("span", {}, element("label", { for: id }, text), input, said) };
    });
  const root = element("section", { class: "fer-device", "aria-label": "Your face, on your device" },
    element("p", { class: "fer-device-question" }, "What does the network say to a face, and how much of it is the box?"),
    element("p", {}, element("b", {}, "Try first: "), "press A drawn face, then move the box by a tenth and watch the "
      + "scores: the face stays as it is."),
    element("div", { class: "fer-device-bar" }, drawn, element("label", { for: file.id }, "A photo "), file),
    element("div", { class: "fer-device-bar" }, element("span", {}, consent, element("label", { for: consent.id },
      " I look at my own face, or everybody in view has agreed.")), camera),
    element("p", { class: "fer-device-note" }, "The first press loads 3 MB: LiteRT, a face finder and the network. "
      + "Pictures stay in this page's memory; nothing is sent or stored."),
    status, problem,
    element("div", { class: "fer-device-two" }, element("figure", {}, canvas),
      element("div", {}, element("strong", {}, "Posed-expression label"), table,
        element("div", { class: "fer-device-crop" }, crop, element("small", {}, "What the network sees")))),
    faces, element("div", { class: "fer-device-sliders" }, ...sliders.map((s) => s.node)),
    element("p", { class: "fer-device-note" }, "A score says how much the picture resembles a pose that was learned from "
      + "drawings. It is no probability of being right, and says nothing about what anybody feels."),
    element("p", { class: "fer-device-note" }, element("b", {}, "From the model card: "), card));
  el.append(root);

  function say(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  async function ready() {
    if (engine?.ended()) engine = loading = null; // it broke, and another one is loaded
    loading ??= pageEngine(model, constants).catch((error) => { loading = null; throw error; });
    return loading;
  }

  async function begin(take) {
    stop();
    source += 1;
    const mine = source;
    reading = true;
    wanted = false;
    say("");
    root.dataset.state = "busy";
    status.textContent = engine ? "Looking …" : "Loading the network …";
    try {
      engine = await ready();
      const made = await take();
      if (mine !== source || gone) return;
      [shown, chosen, reading] = [made, 0, false];
      await look();
    } catch (error) {
      if (mine !== source || gone) return;
      reading = false;
      failed(error.message);
    }
  }

  function failed(text) {
    status.textContent = "";
    say(text);
    root.dataset.state = "problem";
  }

  async function look() {
    const mine = source;
    engine = await ready();
    if (mine !== source || gone) return;
    const asked = Object.fromEntries(sliders.map(({ name, input }) => [name, Number(input.value)]));
    const looked = shown;
    const answer = await engine.ask("see",
      { picture: looked.picture, chosen, known: looked.boxes ?? null, thorough: !stream, ...asked });
    looked.boxes = answer.boxes; // a slider moves the box of a face; the faces stay where they are
    if (mine === source && !gone) draw(answer, asked);
  }

  // Look again, once for however many moves of a slider there were meanwhile.
  async function see() {
    if (!shown || reading || stream) return;
    wanted = true;
    root.dataset.state = "busy";
    if (busy) return;
    busy = true;
    while (wanted && !reading && !stream) {
      wanted = false;
      const mine = source;
      try {
        await look();
      } catch (error) {
        if (mine === source && !gone) failed(error.message);
      }
    }
    busy = false;
  }

  function draw({ boxes, box, place, scores, face, size, milliseconds }, { widen, right }) {
    Object.assign(canvas, { width: shown.picture.width, height: shown.picture.height });
    const context = canvas.getContext("2d");
    context.drawImage(shown.canvas, 0, 0);
    context.lineWidth = Math.max(2, canvas.width / 200);
    const framed = boxes.map((one, i) => (i === place ? box : one));
    framed.forEach((one, i) => {
      context.strokeStyle = i === place ? "#e69f00" : "#ffffff";
      context.strokeRect(one.x, one.y, one.side, one.side);
    });
    const which = `face ${place + 1}${place ? "" : ", the largest"}, in the orange frame`;
    const several = boxes.length > 1 ? `${boxes.length} faces were found; the scores are those of ${which}. ` : "";
    faces.replaceChildren(...(boxes.length > 1 && !stream ? boxes.map((_, i) => {
      const one = button(`Face ${i + 1}`, () => {
        if (!reading) chosen = i;
        see();
      });
      one.setAttribute("aria-pressed", i === place);
      return one;
    }) : []));
    if (!boxes.length) {
      table.replaceChildren();
      canvas.setAttribute("aria-label", "A picture in which no face was found");
      status.textContent = `No face was found: it wants one from the front, near the camera. ${shown.note ?? ""}`;
    } else {
      const best = scores.indexOf(Math.max(...scores));
      table.replaceChildren(element("tbody", {}, ...labels.map((label, i) => {
        const bar = element("span", { class: "fer-device-bar-of", style: `width:${100 * scores[i]}%` });
        const row = element("tr", {}, element("th", { scope: "row" }, label),
          element("td", {}, scores[i].toFixed(2)), element("td", { class: "fer-device-track", "aria-hidden": "true" }, bar));
        if (i === best) row.className = "fer-device-best";
        return row;
      })));
      const small = crop.getContext("2d");
      Object.assign(crop, { width: size, height: size });
      const image = small.createImageData(size, size);
      face.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
      small.putImageData(image, 0, 0);
      const words = `${labels[best]} ${scores[best].toFixed(2)}`;
      canvas.setAttribute("aria-label", `A picture with ${boxes.length} face(s); the framed one resembles ${words}`);
      if (!stream || !status.textContent.startsWith("Camera")) {
        status.textContent = `${several}Highest: ${words}. ${Math.round(milliseconds)} ms. ${shown.note ?? ""}`;
      }
    }
    root.dataset.answer = JSON.stringify({ boxes, box, scores });
    const label = scores ? labels[scores.indexOf(Math.max(...scores))] : "";
    model.set("answer", { boxes: boxes.length, label, scores: scores ?? [], widen, right });
    model.save_changes();
    root.dataset.state = wanted ? "busy" : "done";
  }

  async function watch() {
    say("");
    source += 1;
    let mine = source;
    reading = wanted = false;
    if (!navigator.mediaDevices?.getUserMedia) {
      return failed("This page may not use a camera: browsers allow it on https and on localhost only.");
    }
    let given;
    try {
      opening = true;
      status.textContent = "Loading the network …";
      engine = await ready();
      if (mine !== source || gone) return;
      given = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: false });
      if (mine !== source || gone) return given.getTracks().forEach((track) => track.stop());
    } catch (error) {
      if (mine !== source || gone) return;
      opening = false;
      return failed(REFUSED[error.name] ?? error.message);
    }
    [stream, opening, wanted, chosen] = [given, false, false, 0];
    mine = ++source; // an answer to the picture before is not drawn over the camera's
    const video = Object.assign(document.createElement("video"), { srcObject: stream, muted: true, playsInline: true });
    camera.textContent = "Stop the camera";
    status.textContent = "Camera on. Frames are forgotten one after the other.";
    stream.getTracks()[0].addEventListener("ended", () => {
      if (stream !== given) return;
      stop();
      say("The camera has gone.");
    });
    try {
      await video.play();
      while (stream && mine === source && !gone) {
        if (document.hidden || !root.isConnected) {
          stop();
          say(AWAY);
          break;
        }
        shown = pixelsOf(video, video.videoWidth, video.videoHeight);
        await look();
        await new Promise((then) => { requestAnimationFrame(then); });
      }
    } catch (error) {
      if (mine !== source || gone) return;
      stop();
      say(error.message);
    }
  }

  // Turns the camera off; one that was asked for and has not come yet is not wanted any more.
  function stop() {
    if (!stream && !opening) return;
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    opening = false;
    source += 1;
    camera.textContent = "Camera";
    status.textContent = "The camera is off.";
  }
  const hidden = () => {
    if (!document.hidden || !stream) return;
    stop();
    say(AWAY);
  };
  document.addEventListener("visibilitychange", hidden);
  return () => {
    gone = true;
    stop();
    document.removeEventListener("visibilitychange", hidden);
    loading?.then((made) => made.end(), () => {}); // also one that is still being loaded
  };
}

export default { render };
