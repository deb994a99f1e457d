/** What the server says of its cameras, asked for every two seconds while the page is seen. */

import { get, Problem } from "./api.js";

const PERIOD_MS = 2000;
const KEPT = 60;

export class Cameras extends EventTarget {
  #timer = 0;
  #histories = new Map();
  list = [];
  /** Whether the server has answered yet. */
  known = false;
  /** Why they are not known; empty while they are. */
  trouble = "";

  start() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        this.#histories.clear();
        this.#ask();
      }
    });
    this.#ask();
  }

  named(name) {
    return this.list.find((camera) => camera.name === name);
  }

  /** Figures of the last two minutes, oldest first. */
  async history(name) {
    if (!this.#histories.has(name)) {
      // One question, however many curves wait for it.
      const asked = get(`api/cameras/${encodeURIComponent(name)}/history`);
      this.#histories.set(name, asked.then((answer) => answer.periods));
      asked.catch(() => this.#histories.delete(name));
    }
    return this.#histories.get(name);
  }

  async #ask() {
    clearTimeout(this.#timer);
    if (document.hidden) {
      return;
    }
    try {
      this.list = (await get("api/cameras")).cameras;
      this.known = true;
      this.trouble = "";
      for (const camera of this.list) {
        await this.#remember(camera);
      }
    } catch (error) {
      this.trouble = error instanceof Problem
        ? error.message : "The server cannot be reached. Trying again.";
    }
    this.dispatchEvent(new Event("change"));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PERIOD_MS);
  }

  async #remember({ name, figures }) {
    const periods = await this.#histories.get(name);
    if (periods && figures && figures.time_unix_ms > (periods.at(-1)?.time_unix_ms ?? 0)) {
      periods.push(figures);
      periods.splice(0, periods.length - KEPT);
    }
  }
}
