/** One camera, large, with all that is known of it. */

import { el, say } from "./dom.js";
import { Events } from "./events.js";
import { Figures, showState, stateBadge } from "./figures.js";
import { counted, Screen } from "./screen.js";
import { switches } from "./shown.js";
import { Sparkline } from "./sparkline.js";
import { ZoneEditor } from "./zones.js";

const CURVES = {
  latency: "latency", age: "age", decode: "decode", preprocess: "preprocess", queue: "queue",
  infer: "infer", postprocess: "postprocess",
};

export class Camera {
  #name;
  #cameras;
  #badge = stateBadge();
  #figures = new Figures();
  #objects = el("p", { class: "objects" });
  #facts = el("dl", { class: "facts" });
  #place = el("div", { class: "card" });
  #missing = el("p", { class: "error" });
  #curves = Object.entries(CURVES).map(([name, title]) => [name, new Sparkline(title)]);
  #editor = null;
  #screen = null;
  #editButton = el("button", { type: "button", "aria-pressed": "false", click: () => this.#edit() },
    "Draw a zone");
  #events;
  #changed = () => this.#update();

  constructor(name, cameras) {
    this.title = name;
    this.#name = name;
    this.#cameras = cameras;
    this.#events = new Events(name);
    this.element = el("div", { class: "with-side" },
      el("section", { class: "stack" },
        el("div", { class: "row heading" },
          el("h1", {}, name), this.#badge, switches(() => this.#screen?.paint()), this.#editButton),
        this.#missing, this.#place,
        el("div", { class: "card padded" },
          this.#figures.element, this.#objects,
          el("h2", {}, "The last two minutes"),
          el("div", { class: "sparks" }, this.#curves.map(([, curve]) => curve.element))),
        el("div", { class: "card padded" }, el("h2", {}, "About"), this.#facts)),
      this.#events.element);
    cameras.addEventListener("change", this.#changed);
    this.#update();
  }

  close() {
    this.#cameras.removeEventListener("change", this.#changed);
    this.#events.close();
    this.#screen?.close();
  }

  async #update() {
    const camera = this.#cameras.named(this.#name);
    const gone = !camera && this.#cameras.known && !this.#cameras.trouble;
    say(this.#missing, gone ? `This server has no camera ${this.#name}.` : "");
    if (!camera) {
      return;
    }
    if (!this.#screen) {
      this.#screen = new Screen(camera, (frame) => say(this.#objects, counted(frame.detections)));
      this.#place.append(this.#screen.element);
    }
    this.#screen.update(camera);
    showState(this.#badge, camera);
    this.#figures.update(camera);
    this.#facts.replaceChildren(...facts(camera).flatMap(([title, text]) => [
      el("dt", {}, title), el("dd", {}, text)]));
    const periods = await this.#cameras.history(camera.name).catch(() => []);
    for (const [name, curve] of this.#curves) {
      curve.update(periods.map((period) => period[`${name}_ms`]));
    }
  }

  #edit() {
    if (this.#editor) {
      this.#editor.close();
      this.#editor = null;
    } else if (this.#screen) {
      this.#editor = new ZoneEditor(this.#name, this.#screen.element);
      this.#place.after(this.#editor.element);
      this.#editor.begin();
    }
    this.#editButton.setAttribute("aria-pressed", String(this.#editor !== null));
    say(this.#editButton, this.#editor ? "Close the editor" : "Draw a zone");
  }
}

function facts(camera) {
  const last = camera.last_frame_unix_ms;
  return [
    ["Model", camera.model || "the server's default"],
    ["Decoder", camera.decoder || "–"],
    ["Last frame", last ? new Date(last).toLocaleString() : "none yet"],
    ["Came back", `${camera.reconnects} times`],
    ["Stalled", `${camera.stalls} times`],
    ["Last error", camera.last_error || "none"],
    ["Zones", camera.zones.map((zone) => zone.name).join(", ") || "none"],
    ["Lines", camera.lines.map((line) => line.name).join(", ") || "none"],
  ];
}
