/** A camera's rate, latency, age and drops. */

import { el, say } from "./dom.js";
import { milliseconds } from "./sparkline.js";

export class Figures {
  #values = {};

  constructor() {
    const titles = { fps: "fps", latency: "latency", age: "age", dropped: "dropped" };
    this.element = el("dl", { class: "figures" }, Object.entries(titles).map(([name, title]) => {
      this.#values[name] = el("dd", { "data-figure": name }, "–");
      return el("div", {}, el("dt", {}, title), this.#values[name]);
    }));
  }

  update(camera) {
    const { figures } = camera;
    say(this.#values.fps, camera.fps.toFixed(1));
    say(this.#values.latency, figures ? milliseconds(figures.latency_ms) : "–");
    say(this.#values.age, figures ? milliseconds(figures.age_ms) : "–");
    say(this.#values.dropped, short(camera.dropped));
  }
}

/** Where a camera stands, in a word and a colour. */
export function stateBadge() {
  return el("span", { class: "state" });
}

export function showState(badge, camera) {
  badge.dataset.state = camera.state;
  say(badge, camera.state);
}

function short(count) {
  return new Intl.NumberFormat("en", { notation: count < 10000 ? "standard" : "compact" }).format(count);
}
