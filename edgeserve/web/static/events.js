/** What happened on the cameras, newest first. */

import { el } from "./dom.js";

const KEPT = 100;
const AGAIN_MS = 5000;
const KINDS = {
  zone_entered: (event) => `entered ${event.place}`,
  zone_left: (event) => `left ${event.place}${dwell(event)}`,
  line_crossed: (event) => `crossed ${event.place}${event.direction ? ` to the ${event.direction}` : ""}`,
};

export class Events {
  #list = el("ol", { class: "events", tabindex: "0", "aria-label": "Events, newest first" });
  #none = el("p", { class: "soft small" }, "Nothing yet. Objects that enter zones or cross lines show here.");
  #camera;
  #source = null;
  #seen = new Set();
  #timer = 0;
  #pageChanged = () => this.#listen();

  /** Of one camera, or of all. */
  constructor(camera = null) {
    this.#camera = camera;
    this.element = el("aside", { class: "card side", "aria-labelledby": "events-title" },
      el("h2", { id: "events-title" }, "Events"), this.#none, this.#list);
    document.addEventListener("visibilitychange", this.#pageChanged);
    this.#listen();
  }

  close() {
    document.removeEventListener("visibilitychange", this.#pageChanged);
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  /** Only while the page is seen: a browser has few connections to a server. */
  #listen() {
    clearTimeout(this.#timer);
    this.#source?.close();
    if (document.hidden) {
      return;
    }
    const source = new EventSource("api/events");
    source.addEventListener("message", ({ data }) => this.#add(JSON.parse(data)));
    source.addEventListener("error", () => {
      // A browser comes back by itself from a broken connection, not from a refusal.
      if (source.readyState === EventSource.CLOSED) {
        this.#timer = setTimeout(this.#pageChanged, AGAIN_MS);
      }
    });
    this.#source = source;
  }

  #add(event) {
    // Not by number: a server that was restarted counts anew.
    const key = [event.time_unix_ms, event.camera, event.track_id, event.kind, event.place].join();
    if (this.#seen.has(key) || (this.#camera && event.camera !== this.#camera)) {
      return;
    }
    this.#seen.add(key);
    this.#none.hidden = true;
    const time = new Date(event.time_unix_ms);
    const where = this.#camera ? "" : `${event.camera}: `;
    const what = (KINDS[event.kind] ?? (() => event.kind))(event);
    this.#list.prepend(el("li", {},
      el("time", { datetime: event.time }, time.toLocaleTimeString()),
      el("span", {}, `${where}${event.label} #${event.track_id} ${what}`)));
    while (this.#list.childElementCount > KEPT) {
      this.#list.lastElementChild.remove();
    }
  }
}

function dwell(event) {
  return event.dwell_ms === null ? "" : ` after ${(event.dwell_ms / 1000).toFixed(1)} s`;
}
