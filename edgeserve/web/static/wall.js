/** All cameras side by side, and what happens on them. */

import { el, say } from "./dom.js";
import { Events } from "./events.js";
import { Figures, showState, stateBadge } from "./figures.js";
import { counted, Screen } from "./screen.js";
import { switches } from "./shown.js";
import { Sparkline } from "./sparkline.js";

export class Wall {
  title = "Cameras";
  #cameras;
  #cards = new Map();
  #grid = el("div", { class: "wall" });
  #none = el("p", { class: "card padded", hidden: true },
    "This server reads no cameras yet. Each is a table [[camera]] in the file that serve --config reads; ",
    "edgeserve cameras add takes one while it runs.");
  #events = new Events();
  #changed = () => this.#update();

  constructor(cameras) {
    this.#cameras = cameras;
    const full = el("button", { type: "button", click: () => this.#grid.requestFullscreen() }, "Full screen");
    this.element = el("div", { class: "with-side" },
      el("section", { class: "stack" },
        el("div", { class: "row heading" }, el("h1", {}, "Cameras"),
          switches(() => this.#cards.forEach((card) => card.screen.paint())), full),
        this.#none, this.#grid),
      this.#events.element);
    cameras.addEventListener("change", this.#changed);
    this.#update();
  }

  close() {
    this.#cameras.removeEventListener("change", this.#changed);
    this.#events.close();
    this.#cards.forEach((card) => card.close());
  }

  #update() {
    const { list, trouble } = this.#cameras;
    this.#none.hidden = list.length > 0 || trouble !== "" || !this.#cameras.known;
    for (const [name, card] of this.#cards) {
      if (!list.some((camera) => camera.name === name)) {
        card.close();
        this.#cards.delete(name);
      }
    }
    for (const camera of list) {
      if (!this.#cards.has(camera.name)) {
        const card = new Card(camera, this.#cameras);
        this.#cards.set(camera.name, card);
        this.#grid.append(card.element);
      }
      this.#cards.get(camera.name).update(camera);
    }
  }
}

class Card {
  #cameras;
  #badge = stateBadge();
  #figures = new Figures();
  #curve = new Sparkline("latency");
  #objects = el("p", { class: "objects soft small" });

  constructor(camera, cameras) {
    this.#cameras = cameras;
    this.screen = new Screen(camera, (frame) => say(this.#objects, counted(frame.detections)));
    const path = `#/camera/${encodeURIComponent(camera.name)}`;
    this.element = el("article", { class: "card camera", "data-camera": camera.name },
      this.screen.element,
      el("div", { class: "info" },
        el("div", { class: "head" }, el("h2", {}, el("a", { href: path }, camera.name)), this.#badge),
        this.#figures.element, this.#curve.element, this.#objects));
  }

  async update(camera) {
    showState(this.#badge, camera);
    this.screen.update(camera);
    this.#figures.update(camera);
    if (camera.state !== "running") {
      say(this.#objects, "");
    }
    const periods = await this.#cameras.history(camera.name).catch(() => []);
    this.#curve.update(periods.map((period) => period.latency_ms));
  }

  close() {
    this.screen.close();
    this.element.remove();
  }
}
