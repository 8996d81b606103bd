// This module is browser compatible.
import type { Browser } from "./_browser.ts";
import type { Dom } from "./_dom.ts";

/** Asks for API keys, and keeps them until the tab is closed. */
export interface Keys {
  /** The key of a title, `""` if there is none. */
  keyOf(title: string): string;
  /** Asks for the key of a title. */
  ask(title: string, isForbidden: boolean): void;
  /** Whether somebody is asked just now. */
  isAsking(): boolean;
}

/** Makes the {@linkcode Keys} of the page. `onKey` is called when there is another one. */
export function makeKeys(
  browser: Browser,
  dom: Dom,
  titles: readonly { readonly title: string; readonly key?: string }[],
  onKey: () => void,
): Keys {
  const { find, setText } = dom;
  const dialog = find("key-dialog");
  const input = find("key");
  /** Where storage is denied, until the page is left. */
  const own = new Map<string, string>();
  let asked = "";

  function nameOf(title: string): string {
    return `tickwire-analytics-key ${browser.location.pathname} ${title}`;
  }

  function keyOf(title: string): string {
    let kept: string | null = null;
    try {
      kept = browser.sessionStorage.getItem(nameOf(title));
    } catch {
      // It is denied.
    }
    return kept ?? own.get(title) ??
      titles.find((it) => it.title === title)?.key ?? "";
  }

  function ask(title: string, isForbidden: boolean): void {
    if (dialog.open) return;
    asked = title;
    const had = keyOf(title) !== "";
    setText(
      find("key-about"),
      isForbidden
        ? "The key may not read. Enter one of the role reader or admin."
        : had
        ? "The collector does not know this key. Enter another one."
        : titles.length > 1
        ? `The collector asks for a key of ${title}, of the role reader or admin.`
        : "The collector asks for a key of the role reader or admin.",
    );
    input.value = "";
    dialog.showModal();
    input.focus();
  }

  find("key-form").onsubmit = (event) => {
    event.preventDefault();
    const key = input.value.trim();
    input.value = "";
    if (key === "") return;
    own.set(asked, key);
    try {
      browser.sessionStorage.setItem(nameOf(asked), key);
    } catch {
      // Then it is asked for again after the page was left.
    }
    dialog.close();
    onKey();
  };
  find("key-cancel").onclick = () => dialog.close();

  return { keyOf, ask, isAsking: () => dialog.open };
}
