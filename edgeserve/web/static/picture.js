/** A picture dropped, chosen, pasted or taken with the phone's camera gets its detections. */

import { get, post } from "./api.js";
import { el, say } from "./dom.js";
import { paintDetections } from "./paint.js";
import { classColor, css } from "./palette.js";
import { counted } from "./screen.js";
import { switches, shown } from "./shown.js";
import { milliseconds } from "./sparkline.js";

const LEAST_SCORE = 0.05;
/** Asked for once; the slider then only hides. */
const LONGEST_SIDE_PX = 1920;
const QUALITY = 0.95;
const SETTLED_MS = 250;
const KINDS = ["image/png", "image/webp"];
/** Sent as they are where they are small; a JPEG may lie on its side, which only the browser knows. */

export class Picture {
  title = "Picture";
  #model = el("select", { id: "model", change: () => this.#detect() });
  #score = slider("score", 0.3, () => this.#paint());
  #iou = slider("iou", 0.6, () => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#detect(), SETTLED_MS);
  });
  #drop;
  #said = el("p", { role: "status" });
  #canvas = el("canvas", { role: "img", "aria-label": "No picture yet", id: "picture" });
  #rows = el("tbody");
  #outcome;
  #models = [];
  #bitmap = null;
  #body = null;
  #result = null;
  #asked = 0;
  #timer = 0;
  #paste = (event) => this.#take(event.clipboardData?.files[0]);

  constructor() {
    const choose = fileInput({ id: "choose", accept: "image/*" }, (file) => this.#take(file));
    const photo = fileInput(
      { id: "photo", accept: "image/*", capture: "environment" }, (file) => this.#take(file));
    this.#drop = el("div", {
      class: "drop",
      dragover: (event) => {
        event.preventDefault();
        this.#drop.classList.add("over");
      },
      dragleave: () => this.#drop.classList.remove("over"),
      drop: (event) => {
        event.preventDefault();
        this.#drop.classList.remove("over");
        this.#take(event.dataTransfer.files[0]);
      },
    },
    el("p", {}, "Drop a picture here, paste one, or"),
    el("div", { class: "row" }, labelled(choose, "Choose a picture"), labelled(photo, "Take a photo")),
    el("p", { class: "soft small" }, "It goes to this server only, and is not kept."));
    this.#outcome = el("div", { class: "with-side", hidden: true },
      el("section", { class: "card padded result" }, this.#canvas),
      el("section", { class: "card padded", "aria-labelledby": "found" },
        el("h2", { id: "found" }, "Found"), this.#said,
        el("div", { class: "scroll" }, el("table", {},
          el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Object"), el("th", { scope: "col" }, "Score"))),
          this.#rows))));
    this.element = el("div", { class: "stack" },
      el("div", { class: "row heading" }, el("h1", {}, "Try a picture"), switches(() => this.#paint(), ["boxes", "labels"])),
      el("div", { class: "with-side" }, this.#drop,
        el("section", { class: "card padded sliders", "aria-label": "Thresholds" },
          el("div", { class: "field" }, el("label", { for: "model" }, "Model"), this.#model),
          this.#score.element, this.#iou.element)),
      this.#outcome);
    document.addEventListener("paste", this.#paste);
    this.#loadModels();
  }

  close() {
    document.removeEventListener("paste", this.#paste);
    clearTimeout(this.#timer);
    this.#bitmap?.close();
  }

  async #loadModels() {
    try {
      this.#models = (await get("api/models")).models.filter((model) => model.ready);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#model.replaceChildren(...this.#models.map((model) => el(
      "option", { value: model.name, selected: model.is_default }, `${model.name} ${model.version}`)));
    const chosen = this.#models.find((model) => model.is_default);
    if (chosen) {
      this.#score.set(chosen.thresholds.score);
      this.#iou.set(chosen.thresholds.iou);
    }
  }

  async #take(file) {
    if (!file) {
      return;
    }
    try {
      const bitmap = await createImageBitmap(file);
      this.#body = await bodyOf(file, bitmap);
      this.#bitmap?.close();
      this.#bitmap = bitmap;
    } catch {
      this.#fail(new Error(`${file.name || "The file"} is no picture that this browser can read.`));
      return;
    }
    this.#result = null;
    await this.#detect();
  }

  async #detect() {
    if (!this.#body) {
      return;
    }
    const asked = ++this.#asked;
    const query = new URLSearchParams({ score: LEAST_SCORE, iou: this.#iou.value });
    if (this.#model.value) {
      query.set("model", this.#model.value);
    }
    try {
      const result = await post(`api/detect?${query}`, this.#body, this.#body.type);
      if (asked === this.#asked) {
        this.#result = result;
        this.#paint();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error) {
    this.#outcome.hidden = false;
    this.#said.className = "error";
    say(this.#said, error.message);
  }

  #paint() {
    if (!this.#bitmap || !this.#result) {
      return;
    }
    this.#outcome.hidden = false;
    const found = this.#result.detections.filter(({ score }) => score >= this.#score.value);
    const { width_px: width, height_px: height, latency_ms: latency, device } = this.#result;
    const canvas = this.#canvas;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    context.drawImage(this.#bitmap, 0, 0, width, height);
    const unit = Math.max(1, width / (canvas.clientWidth || width));
    paintDetections(context, found, 1, unit, { ...shown, ids: false });
    const words = counted(found) || "nothing found";
    canvas.setAttribute("aria-label", `Your picture: ${words}`);
    canvas.dataset.found = String(found.length);
    this.#said.className = "";
    say(this.#said, `${words}. ${milliseconds(latency)} on ${device}.`);
    this.#rows.replaceChildren(...found.map((one) => {
      const swatch = el("span", { class: "swatch" });
      swatch.style.background = css(classColor(one.class_id));
      return el("tr", {}, el("td", {}, swatch, one.label), el("td", { class: "number" }, one.score.toFixed(2)));
    }));
  }
}

/** What is sent: upright, and no larger than a model can use. */
async function bodyOf(file, bitmap) {
  const shrink = Math.min(1, LONGEST_SIDE_PX / Math.max(bitmap.width, bitmap.height));
  if (shrink === 1 && KINDS.includes(file.type)) {
    return file;
  }
  const canvas = el("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * shrink));
  canvas.height = Math.max(1, Math.round(bitmap.height * shrink));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

function fileInput(attributes, take) {
  const input = el("input", {
    type: "file", class: "visually-hidden", ...attributes,
    change: () => {
      take(input.files[0]);
      input.value = "";
    },
  });
  return input;
}

function labelled(input, title) {
  return el("span", { class: "chooser" }, input, el("label", { class: "button", for: input.id }, title));
}

function slider(name, value, changed) {
  const title = { score: "Least score", iou: "Most overlap (IoU)" }[name];
  const shownValue = el("output", { for: name }, value.toFixed(2));
  const input = el("input", {
    type: "range", id: name, min: name === "score" ? LEAST_SCORE : 0.05, max: "0.95", step: "0.01", value,
    input: () => {
      say(shownValue, Number(input.value).toFixed(2));
      changed();
    },
  });
  return {
    element: el("div", {}, el("label", { for: name }, title, shownValue), input),
    get value() {
      return Number(input.value);
    },
    set(next) {
      input.value = next;
      say(shownValue, Number(input.value).toFixed(2));
    },
  };
}
