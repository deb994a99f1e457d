/** A camera's live pictures over a WebSocket, for as long as they are looked at. */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10000;

export class Live {
  #name;
  #onFrame;
  #socket = null;
  #timer = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #wanted = false;
  #decoder = new TextDecoder();

  /** `onFrame(bitmap, frame)` gets each picture and what was found in it. */
  constructor(name, onFrame) {
    this.#name = name;
    this.#onFrame = onFrame;
  }

  look(wanted) {
    if (wanted === this.#wanted) {
      return;
    }
    this.#wanted = wanted;
    clearTimeout(this.#timer);
    if (wanted) {
      this.#connect();
    } else {
      close(this.#socket);
      this.#socket = null;
    }
  }

  #connect() {
    const url = new URL(`api/cameras/${encodeURIComponent(this.#name)}/live`, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", (event) => this.#take(socket, event.data));
    socket.addEventListener("close", () => {
      if (socket === this.#socket && this.#wanted) {
        // Not all browsers of a wall at the same moment.
        this.#timer = setTimeout(() => this.#connect(), this.#pauseMs * (0.75 + Math.random() / 2));
        this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
      }
    });
    this.#socket = socket;
  }

  async #take(socket, data) {
    this.#pauseMs = FIRST_PAUSE_MS;
    const length = new DataView(data).getUint32(0);
    const frame = JSON.parse(this.#decoder.decode(new Uint8Array(data, 4, length)));
    try {
      const jpeg = new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" });
      const bitmap = await createImageBitmap(jpeg);
      if (socket === this.#socket && this.#wanted) {
        this.#onFrame(bitmap, frame);
      } else {
        bitmap.close();
      }
    } finally {
      // What lets the server send the next one.
      if (socket.readyState === WebSocket.OPEN) {
        socket.send("shown");
      }
    }
  }
}

/** A connection that is closed while it opens is a fault to the browser: it opens first. */
function close(socket) {
  if (socket?.readyState === WebSocket.CONNECTING) {
    socket.addEventListener("open", () => socket.close());
  } else {
    socket?.close();
  }
}
