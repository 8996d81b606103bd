// This module is browser compatible.
import type { Browser } from "./_browser.ts";
import type { Dom } from "./_dom.ts";

/** Lets the reader choose between dark and light, or leave it to his system. */
export function makeTheme(browser: Browser, dom: Dom): void {
  const NAME = "tickwire-analytics-theme";
  const THEMES = ["auto", "light", "dark"] as const;
  const button = dom.find("theme");
  let theme: string = "auto";
  try {
    theme = browser.localStorage.getItem(NAME) ?? theme;
  } catch {
    // It is denied: then it is as the system has it until somebody chooses.
  }
  if (!THEMES.some((it) => it === theme)) theme = "auto";

  function show(): void {
    browser.document.documentElement.dataset.theme = theme;
    dom.setText(button, `Theme: ${theme}`);
  }

  button.onclick = () => {
    const at = THEMES.findIndex((it) => it === theme);
    theme = THEMES[(at + 1) % THEMES.length]!;
    show();
    try {
      if (theme === "auto") browser.localStorage.removeItem(NAME);
      else browser.localStorage.setItem(NAME, theme);
    } catch {
      // Then it is for this visit.
    }
  };
  show();
}
