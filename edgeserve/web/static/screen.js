/** A live picture with what was found on it. */

import { el, say } from "./dom.js";
import { Live } from "./live.js";
import { paintDetections, paintPlaces } from "./paint.js";
import { shown } from "./shown.js";

const SHARPEST = 2;
/** Canvas pixels in a CSS pixel: more is not seen, and costs. */

export class Screen {
  #camera;
  #canvas;
  #placard = el("p", { class: "placard" });
  #live;
  #bitmap = null;
  #frame = null;
  #onFrame;
  #visible = false;
  #observer;
  #resizer;
  #pageChanged = () => this.#look();

  /** `camera` is its record; `onFrame(frame)` hears of each frame. */
  constructor(camera, onFrame = () => null) {
    this.#camera = camera;
    this.#onFrame = onFrame;
    this.#canvas = el("canvas", {
      role: "img", "aria-label": `Live picture of ${camera.name}`, "data-camera": camera.name,
    });
    this.element = el("div", { class: "screen" }, this.#canvas, this.#placard);
    this.#live = new Live(camera.name, (bitmap, frame) => this.#show(bitmap, frame));
    this.#observer = new IntersectionObserver((entries) => {
      this.#visible = entries.at(-1).isIntersecting;
      this.#look();
    });
    this.#observer.observe(this.element);
    this.#resizer = new ResizeObserver(() => this.paint());
    this.#resizer.observe(this.element);
    document.addEventListener("visibilitychange", this.#pageChanged);
    this.update(camera);
  }

  /** Take the camera's newest record. */
  update(camera) {
    this.#camera = camera;
    const running = camera.state === "running";
    const words = camera.last_error ? `${camera.state}: ${camera.last_error}` : camera.state;
    say(this.#placard, running ? (this.#frame ? "" : "waiting for a picture") : words);
  }

  /** Draw the last picture anew. */
  paint() {
    const bitmap = this.#bitmap;
    if (!bitmap) {
      return;
    }
    const unit = Math.min(devicePixelRatio || 1, SHARPEST);
    const box = this.element.getBoundingClientRect();
    const fit = Math.min(box.width / bitmap.width, box.height / bitmap.height) * unit;
    const canvas = this.#canvas;
    const width = Math.max(1, Math.round(bitmap.width * fit));
    const height = Math.max(1, Math.round(bitmap.height * fit));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0, width, height);
    if (shown.zones) {
      paintPlaces(context, this.#camera.zones, this.#camera.lines, unit);
    }
    const scale = width / (this.#frame.width_px || bitmap.width);
    paintDetections(context, this.#frame.detections, scale, unit, shown);
    canvas.dataset.frame = this.#frame.frame_number;
  }

  close() {
    this.#observer.disconnect();
    this.#resizer.disconnect();
    document.removeEventListener("visibilitychange", this.#pageChanged);
    this.#live.look(false);
    this.#bitmap?.close();
    this.#bitmap = null;
  }

  #look() {
    this.#live.look(this.#visible && !document.hidden);
  }

  #show(bitmap, frame) {
    if (!this.#bitmap || this.#bitmap.width * bitmap.height !== bitmap.width * this.#bitmap.height) {
      this.element.style.aspectRatio = `${bitmap.width} / ${bitmap.height}`;
      this.element.style.setProperty("--ratio", bitmap.width / bitmap.height);
    }
    this.#bitmap?.close();
    this.#bitmap = bitmap;
    this.#frame = frame;
    this.update(this.#camera);
    this.paint();
    const words = counted(frame.detections) || "nothing found";
    this.#canvas.setAttribute("aria-label", `Live picture of ${frame.camera}: ${words}`);
    this.#onFrame(frame);
  }
}

/** "2 person, 1 car". */
export function counted(detections) {
  const counts = new Map();
  for (const { label } of detections) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]) => `${count} ${label}`).join(", ");
}
