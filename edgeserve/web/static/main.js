/** Which page is shown, by what stands behind the # of the address. */

import { Camera } from "./camera.js";
import { Cameras } from "./cameras.js";
import { say } from "./dom.js";
import { setUpSignOut } from "./login.js";
import { Picture } from "./picture.js";
import { System } from "./system.js";
import { setUpTheme } from "./theme.js";
import { Wall } from "./wall.js";

const main = document.getElementById("main");
const banner = document.getElementById("banner");
const cameras = new Cameras();
let page = null;

function pageOf(path) {
  const [kind, name = ""] = path.split("/");
  if (kind === "camera" && name) {
    return ["cameras", new Camera(decodeURIComponent(name), cameras)];
  }
  if (kind === "picture") {
    return ["picture", new Picture()];
  }
  if (kind === "system") {
    return ["system", new System()];
  }
  return ["cameras", new Wall(cameras)];
}

function show() {
  if (location.hash === "#main") {
    main.focus();
    return;
  }
  const first = page === null;
  page?.close();
  let kind;
  [kind, page] = pageOf(location.hash.replace(/^#\/?/, ""));
  main.replaceChildren(page.element);
  document.title = `${page.title} · edgeserve`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === kind) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
  if (!first) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

setUpTheme(document.getElementById("theme"));
setUpSignOut(document.getElementById("sign-out"));
cameras.addEventListener("change", () => say(banner, cameras.trouble));
addEventListener("hashchange", show);
show();
cameras.start();
