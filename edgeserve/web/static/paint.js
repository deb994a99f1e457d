/** Boxes, labels, zones and lines on a canvas. */

import { classColor, css, textColor } from "./palette.js";

const ZONE = "rgb(0 200 255)";
const ZONE_INSIDE = "rgb(0 200 255 / .12)";
const LINE = "rgb(255 140 0)";
const HEAD_PX = 12;

/**
 * Draw on a canvas whose pixels are `scale` times those of the picture.
 * `shown` says what: boxes, labels, ids; `unit` is the size of a CSS pixel in canvas pixels.
 */
export function paintDetections(context, detections, scale, unit, shown) {
  context.font = `600 ${13 * unit}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  // The best come last, on top, and every label lies over every box.
  const reversed = [...detections].reverse();
  if (shown.boxes) {
    for (const found of reversed) {
      const [x1, y1, x2, y2] = found.box_xyxy.map((side) => side * scale);
      context.strokeStyle = css(classColor(found.class_id));
      context.lineWidth = 2 * unit;
      context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
  }
  for (const found of reversed) {
    const title = titleOf(found, shown);
    if (title) {
      const [x1, y1] = found.box_xyxy;
      write(context, title, x1 * scale, y1 * scale, unit, classColor(found.class_id));
    }
  }
}

/** Zones and lines; their points are shares of the picture. */
export function paintPlaces(context, zones, lines, unit) {
  const { width, height } = context.canvas;
  context.font = `600 ${12 * unit}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.lineWidth = 2 * unit;
  for (const zone of zones) {
    const corners = zone.points.map(([x, y]) => [x * width, y * height]);
    context.beginPath();
    corners.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.fillStyle = ZONE_INSIDE;
    context.fill();
    context.strokeStyle = ZONE;
    context.stroke();
    const [x, y] = corners.reduce((top, corner) => (corner[1] < top[1] ? corner : top));
    write(context, zone.name, x, y, unit, [0, 200, 255]);
  }
  for (const line of lines) {
    const [x1, y1, x2, y2] = [
      line.start[0] * width, line.start[1] * height, line.end[0] * width, line.end[1] * height,
    ];
    const angle = Math.atan2(y2 - y1, x2 - x1);
    context.strokeStyle = LINE;
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    for (const turn of [2.6, -2.6]) {
      context.moveTo(x2, y2);
      context.lineTo(
        x2 + HEAD_PX * unit * Math.cos(angle + turn), y2 + HEAD_PX * unit * Math.sin(angle + turn),
      );
    }
    context.stroke();
    write(context, line.name, x1, y1, unit, [255, 140, 0]);
  }
}

function titleOf(found, shown) {
  const parts = [];
  if (shown.ids && found.track_id !== null) {
    parts.push(`#${found.track_id}`);
  }
  if (shown.labels) {
    parts.push(found.label, found.score.toFixed(2));
  }
  return parts.join(" ");
}

/** On a plate above the point, or below where the picture ends; never outside it. */
function write(context, title, x, y, unit, color) {
  const pad = 5 * unit;
  const width = context.measureText(title).width + 2 * pad;
  const height = 19 * unit;
  const left = Math.max(0, Math.min(x - unit, context.canvas.width - width));
  const top = Math.max(0, Math.min(y >= height ? y - height : y, context.canvas.height - height));
  context.fillStyle = css(color);
  context.beginPath();
  context.roundRect(left, top, width, height, 3 * unit);
  context.fill();
  context.fillStyle = textColor(color);
  context.fillText(title, left + pad, top + height / 2);
}
