/** Models and devices: what was asked for, what was chosen, and why. */

import { get } from "./api.js";
import { el } from "./dom.js";

export class System {
  title = "System";
  #models = el("div", { class: "wall" });
  #devices = el("div", { class: "wall" });
  #said = el("p", { class: "soft", role: "status" }, "Asking the runtimes…");

  constructor() {
    this.element = el("div", { class: "stack" },
      el("h1", {}, "Models"), this.#models, el("h1", {}, "Devices"), this.#said, this.#devices);
    this.#load();
  }

  close() {}

  async #load() {
    try {
      const { models } = await get("api/models");
      this.#models.replaceChildren(...models.map(modelCard));
      const { devices } = await get("api/devices");
      this.#devices.replaceChildren(...devices.map(deviceCard));
      this.#said.remove();
    } catch (error) {
      this.#said.className = "error";
      this.#said.textContent = error.message;
    }
  }
}

function modelCard(model) {
  const { engine, thresholds } = model;
  return card(`${model.name} ${model.version}`, model.ready ? ["running", "ready"] : ["bad", "not ready"], [
    ["Requested", engine.requested],
    ["Chosen", engine.chosen],
    ["Why", engine.reason || (engine.chosen ? "the first that was asked for" : "")],
    ["Precision", engine.precision],
    ["Input", model.input_width_px ? `${model.input_width_px} × ${model.input_height_px} px` : ""],
    ["Thresholds", thresholds ? `score ${thresholds.score}, IoU ${thresholds.iou}` : ""],
    ["Labels", labelsOf(model.labels)],
    [model.ready ? "Against FP32" : "Reason", model.reason],
  ]);
}

function deviceCard(device) {
  return card(device.name, device.available ? ["running", "usable"] : ["", "missing"], [
    ["Chip", device.description],
    ["Runtime", [device.runtime, device.runtime_version].filter(Boolean).join(" ")],
    ["Precisions", device.precisions.join(", ")],
    ["Missing", device.missing],
  ]);
}

function card(title, [state, word], facts) {
  const known = facts.filter(([, text]) => text);
  return el("article", { class: "card padded" },
    el("div", { class: "head" }, el("h2", {}, title), el("span", { class: "state", "data-state": state }, word)),
    el("dl", { class: "facts" }, known.map(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]).flat()));
}

function labelsOf(labels) {
  const most = 12;
  const more = labels.length > most ? ` and ${labels.length - most} more` : "";
  return labels.slice(0, most).join(", ") + more;
}
