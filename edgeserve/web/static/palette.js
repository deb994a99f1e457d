/** A colour for each class: the same as on pictures that the server draws (drawing/palette.py). */

const GOLDEN_RATIO = 0.618033988749895;
const TONES = [[0.85, 1.0], [1.0, 0.75], [0.5, 1.0]];
const FIRST_HUE = 0.36;

/** [red, green, blue], 0..255. */
export function classColor(classId) {
  const hue = (FIRST_HUE + classId * GOLDEN_RATIO) % 1;
  const [saturation, value] = TONES[classId % TONES.length];
  const channel = (n) => {
    const k = (n + hue * 6) % 6;
    return Math.round(255 * (value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [channel(5), channel(3), channel(1)];
}

export function css([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

/** Black or white, whichever is easier to read on a colour. */
export function textColor([red, green, blue]) {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 127 ? "#000" : "#fff";
}
