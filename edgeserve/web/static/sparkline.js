/** A small curve of the last two minutes. */

import { el, say, svg } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 32;

export class Sparkline {
  #title;
  #value = el("b", {}, "–");
  #curve = svg("path", { class: "curve" });
  #below = svg("path", { class: "below" });
  #picture;

  constructor(title) {
    this.#title = title;
    this.#picture = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
      "aria-label": `${title}: nothing yet`,
    }, this.#below, this.#curve);
    this.element = el("figure", { class: "spark" },
      el("figcaption", {}, el("span", {}, title), this.#value), this.#picture);
  }

  /** Milliseconds, oldest first. */
  update(values) {
    if (!values.length) {
      return;
    }
    const most = Math.max(...values, 1e-3);
    const step = WIDTH / Math.max(1, values.length - 1);
    const points = values.map(
      (value, index) =>
        `${(index * step).toFixed(1)} ${(HEIGHT - 2 - (HEIGHT - 4) * (value / most)).toFixed(1)}`,
    );
    const curve = `M${points.join("L")}`;
    this.#curve.setAttribute("d", curve);
    this.#below.setAttribute("d", `${curve}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`);
    const [now, low, high] = [values.at(-1), Math.min(...values), most].map(milliseconds);
    say(this.#value, now);
    this.#picture.setAttribute(
      "aria-label", `${this.#title}: ${now} now, ${low} to ${high} in the last minutes`,
    );
  }
}

export function milliseconds(value) {
  if (value >= 10000) {
    return `${(value / 1000).toFixed(0)} s`;
  }
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(1)} ms`;
}
