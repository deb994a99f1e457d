/** Draws a zone or a line on a camera's picture and writes it as the configuration wants it. */

import { el, say, svg } from "./dom.js";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const STEP = 0.01;
const STRIDE = 0.05;
const DIGITS = 3;
const LEAST = { zone: 3, line: 2 };
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class ZoneEditor {
  #camera;
  #points = [];
  #layer;
  #shape = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  #name;
  #labels;
  #kind;
  #toml = el("textarea", { class: "toml", id: "zone-toml", readonly: true, spellcheck: "false" });
  #hint = el("p", { class: "soft small", role: "status" });
  #copy = el("button", { type: "button", class: "main", click: () => this.#copyToml() }, "Copy");

  constructor(camera, screen) {
    this.#camera = camera;
    const changed = { input: () => this.#write() };
    this.#name = el("input", { type: "text", id: "zone-name", value: "door", maxlength: "64", ...changed });
    this.#labels = el("input", {
      type: "text", id: "zone-labels", placeholder: "all; or person, car", ...changed,
    });
    this.#kind = el("select", { id: "zone-kind", change: () => this.#kindChanged() },
      el("option", { value: "zone" }, "Zone"), el("option", { value: "line" }, "Line"));
    this.#layer = el("div", { class: "editing", pointerdown: (event) => this.#place(event) }, this.#shape);
    screen.append(this.#layer);
    this.element = el("section", { class: "card padded", "aria-labelledby": "zone-title" },
      el("h2", { id: "zone-title" }, "Draw a zone"),
      el("p", { class: "soft small" },
        "Click on the picture to add corners and drag them; or add one here and move it with the ",
        "arrow keys (Shift: further). Delete removes it. Nothing is changed on the server: copy ",
        "the text into its configuration."),
      el("div", { class: "row" },
        field("Kind", this.#kind), field("Name", this.#name), field("Labels that count", this.#labels)),
      el("div", { class: "row" },
        el("button", { type: "button", click: () => this.#add(0.5, 0.5, true) }, "Add a corner"),
        el("button", { type: "button", click: () => this.#clear() }, "Start again")),
      el("div", { class: "field" },
        el("label", { for: "zone-toml" }, "For the configuration"), this.#toml),
      el("div", { class: "row" }, this.#copy), this.#hint);
  }

  begin() {
    this.#write();
    this.#name.focus({ preventScroll: true });
  }

  close() {
    this.#layer.remove();
    this.element.remove();
  }

  #clear() {
    this.#points = [];
    this.#draw();
  }

  #kindChanged() {
    if (this.#kind.value === "line") {
      this.#points.length = Math.min(this.#points.length, LEAST.line);
    }
    this.#draw();
  }

  #place(event) {
    if (event.target !== this.#layer || event.button !== 0) {
      return;
    }
    event.preventDefault();
    this.#add(...this.#shares(event), true);
  }

  #add(x, y, focus) {
    if (this.#kind.value === "line" && this.#points.length >= LEAST.line) {
      say(this.#hint, "A line has two ends; drag them.");
      return;
    }
    this.#points.push([x, y]);
    this.#draw();
    if (focus) {
      this.#layer.querySelector(".corner:last-of-type").focus({ preventScroll: true });
    }
  }

  #shares(event) {
    const box = this.#layer.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(within);
  }

  #draw() {
    const kept = [...this.#layer.querySelectorAll(".corner")];
    kept.splice(this.#points.length).forEach((corner) => corner.remove());
    for (let index = kept.length; index < this.#points.length; index += 1) {
      this.#layer.append(this.#corner(index));
    }
    this.#points.forEach((point, index) => this.#move(index, point));
  }

  #corner(index) {
    const corner = el("button", {
      type: "button", class: "corner",
      keydown: (event) => this.#key(event, index),
      pointerdown: (event) => {
        event.preventDefault();
        corner.focus({ preventScroll: true });
        corner.setPointerCapture(event.pointerId);
      },
      pointermove: (event) => {
        if (corner.hasPointerCapture(event.pointerId)) {
          this.#move(index, this.#shares(event));
        }
      },
    }, String(index + 1));
    return corner;
  }

  #key(event, index) {
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.#points.splice(index, 1);
      this.#draw();
      this.#layer.querySelectorAll(".corner")[Math.max(0, index - 1)]?.focus();
      return;
    }
    const move = MOVES[event.key];
    if (move) {
      event.preventDefault();
      const step = event.shiftKey ? STRIDE : STEP;
      const [x, y] = this.#points[index];
      this.#move(index, [within(x + move[0] * step), within(y + move[1] * step)]);
    }
  }

  #move(index, point) {
    this.#points[index] = point;
    const corner = this.#layer.querySelectorAll(".corner")[index];
    const [left, top] = point.map((share) => `${(share * 100).toFixed(1)} %`);
    corner.style.left = left.replace(" ", "");
    corner.style.top = top.replace(" ", "");
    corner.setAttribute("aria-label", `Corner ${index + 1} at ${left}, ${top}`);
    this.#write();
  }

  #write() {
    const line = this.#kind.value === "line";
    const points = this.#points.map((point) => point.join(",")).join(" ");
    this.#shape.replaceChildren(svg(line ? "polyline" : "polygon", { points }));
    const trouble = this.#trouble();
    say(this.#hint, trouble);
    this.#copy.disabled = trouble !== "";
    this.#toml.value = trouble ? "" : this.#text(line);
  }

  /** What is missing, for people; empty if nothing is. */
  #trouble() {
    const missing = LEAST[this.#kind.value] - this.#points.length;
    if (missing > 0) {
      return `${missing} more ${missing === 1 ? "corner" : "corners"} to go.`;
    }
    if (!NAME.test(this.#name.value)) {
      return "The name may hold letters, digits, dots, dashes and underscores, and begins with one of the first two.";
    }
    return "";
  }

  #text(line) {
    const points = this.#points.map(written);
    const labels = this.#labels.value.split(",").map((label) => label.trim()).filter(Boolean);
    return [
      `# Below the [[camera]] table of ${this.#camera}`,
      `[[camera.${line ? "lines" : "zones"}]]`,
      `name = ${JSON.stringify(this.#name.value)}`,
      ...(line ? [`start = ${points[0]}`, `end = ${points[1]}`] : [`points = [${points.join(", ")}]`]),
      ...(labels.length ? [`labels = [${labels.map((label) => JSON.stringify(label)).join(", ")}]`] : []),
    ].join("\n");
  }

  async #copyToml() {
    this.#toml.select();
    try {
      await navigator.clipboard.writeText(this.#toml.value);
      say(this.#hint, "Copied.");
    } catch {
      // Browsers give the clipboard to pages over HTTPS only.
      say(this.#hint, document.execCommand("copy") ? "Copied." : "Selected: copy it with the keyboard.");
    }
  }
}

function field(title, control) {
  return el("div", { class: "field" }, el("label", { for: control.id }, title), control);
}

function within(share) {
  return Math.min(1, Math.max(0, share));
}

/** TOML wants a dot in a float. */
function written(point) {
  const shares = point.map((share) => {
    const short = String(Number(share.toFixed(DIGITS)));
    return short.includes(".") ? short : `${short}.0`;
  });
  return `[${shares.join(", ")}]`;
}
