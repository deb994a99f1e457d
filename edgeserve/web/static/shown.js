/** What is drawn on live pictures: the choice of this browser, for all cameras. */

import { el } from "./dom.js";

const KEY = "edgeserve-shown";
const NAMES = { boxes: "Boxes", labels: "Labels", ids: "Track ids", zones: "Zones" };

export const shown = { boxes: true, labels: true, ids: true, zones: true, ...stored() };

/** Switches of these things; `changed` is called after each. */
export function switches(changed, names = Object.keys(NAMES)) {
  const toggles = names.map((name) => {
    const box = el("input", {
      type: "checkbox", name, "data-shown": name, checked: shown[name],
      change: () => {
        shown[name] = box.checked;
        localStorage.setItem(KEY, JSON.stringify(shown));
        changed();
      },
    });
    return el("label", { class: "toggle" }, box, el("span", {}, NAMES[name]));
  });
  return el("fieldset", { class: "toggles" },
    el("legend", { class: "visually-hidden" }, "Show on pictures"), toggles);
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
