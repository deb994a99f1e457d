/** The token form, where the server wants to know who is there. */

import { el, say } from "./dom.js";

const SIGNED_IN = "edgeserve-signed-in";
let asking = null;

/** Resolves when the server has taken a token. Many may wait for the one form. */
export function askForToken() {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

export function setUpSignOut(button) {
  button.hidden = !localStorage.getItem(SIGNED_IN);
  button.addEventListener("click", async () => {
    await fetch("api/logout", { method: "POST" }).catch(() => null);
    localStorage.removeItem(SIGNED_IN);
    location.reload();
  });
}

function ask() {
  return new Promise((resolve) => {
    const token = el("input", {
      type: "password", id: "token", name: "token", autocomplete: "current-password",
      required: true, "aria-describedby": "token-wrong",
    });
    const wrong = el("p", { id: "token-wrong", class: "error", role: "alert" });
    const submit = async (event) => {
      event.preventDefault();
      const answer = await sendToken(token.value.trim());
      if (answer) {
        say(wrong, answer);
        token.select();
        return;
      }
      localStorage.setItem(SIGNED_IN, "1");
      document.getElementById("sign-out").hidden = false;
      dialog.close();
      dialog.remove();
      resolve();
    };
    const dialog = el(
      "dialog", { "aria-labelledby": "sign-in" },
      el("form", { submit },
        el("h1", { id: "sign-in" }, "Sign in"),
        el("div", { class: "field" }, el("label", { for: "token" }, "Token"), token),
        wrong,
        el("button", { class: "main" }, "Sign in")),
    );
    // There is nothing behind it that could be used without.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** What is wrong with a token; empty if nothing is. */
async function sendToken(token) {
  try {
    const response = await fetch("api/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    return response.ok ? "" : "The server does not take this token.";
  } catch {
    return "The server cannot be reached.";
  }
}
