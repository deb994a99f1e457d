/** Calls to the server's API, beside this page. */

import { askForToken } from "./login.js";

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function get(path) {
  return call(path, { headers: { Accept: "application/json" } });
}

export function post(path, body, type) {
  return call(path, { method: "POST", body, headers: { "Content-Type": type } });
}

async function call(path, options) {
  let response = await fetch(path, options);
  while (response.status === 401) {
    await askForToken();
    response = await fetch(path, options);
  }
  if (!response.ok) {
    throw new Problem(response.status, await detail(response));
  }
  return response.json();
}

async function detail(response) {
  try {
    return (await response.json()).detail || response.statusText;
  } catch {
    return `The server answered ${response.status} ${response.statusText}.`;
  }
}
