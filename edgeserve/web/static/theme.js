/** Dark, light, or as the system is. */

const KEY = "edgeserve-theme";
const NEXT = { "": "dark", dark: "light", light: "" };
const NAMES = { "": "as the system", dark: "dark", light: "light" };

export function setUpTheme(button) {
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = { "": "Auto", dark: "Dark", light: "Light" }[theme];
    button.setAttribute("aria-label", `Theme: ${NAMES[theme]}; change`);
  };
  let theme = localStorage.getItem(KEY) ?? "";
  if (!(theme in NEXT)) {
    theme = "";
  }
  show(theme);
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    localStorage.setItem(KEY, theme);
    show(theme);
  });
}
