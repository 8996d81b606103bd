/**
 * The part of a browser that the page uses. Deno's types know none of it, and those of a browser would change what other
 * files of this repository are checked against.
 *
 * @module
 */

/** A key that is pressed. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
  readonly target: PageElement;
}

/** An element, an input, a button or a dialog. */
export interface PageElement {
  hidden: boolean;
  className: string;
  textContent: string | null;
  ariaHidden: string | null;
  ariaLabel: string | null;
  ariaPressed: string | null;
  disabled: boolean;
  readonly checked: boolean;
  readonly open: boolean;
  readonly tagName: string;
  placeholder: string;
  type: string;
  value: string;
  scrollTop: number;
  readonly clientHeight: number;
  readonly scrollHeight: number;
  readonly dataset: Record<string, string>;
  readonly style: { setProperty(name: string, value: string): void };
  onclick: () => void;
  oninput: () => void;
  onchange: () => void;
  onclose: () => void;
  oncancel: (event: { preventDefault(): void }) => void;
  onsubmit: (event: { preventDefault(): void }) => void;
  append(...children: PageElement[]): void;
  replaceChildren(...children: PageElement[]): void;
  contains(other: PageElement | null): boolean;
  remove(): void;
  focus(): void;
  select(): void;
  showModal(): void;
  close(): void;
}

/** What a browser has beside what Deno has. */
export interface Browser {
  readonly document: {
    readonly activeElement: PageElement | null;
    title: string;
    createElement(tag: string): PageElement;
    getElementById(id: string): PageElement;
    addEventListener(type: "keydown", on: (event: KeyPress) => void): void;
  };
  readonly location: { readonly href: string };
  readonly navigator: {
    readonly clipboard?: { writeText(text: string): Promise<void> };
  };
  requestAnimationFrame(onFrame: () => void): void;
  matchMedia(query: string): { readonly matches: boolean };
}

/** The browser that the page is open in. */
export const browser = globalThis as unknown as Browser;

/** The element of an id. */
export function element(id: string): PageElement {
  return browser.document.getElementById(id);
}

/** Makes an element. */
export function make(tag: string, className: string, text = ""): PageElement {
  const made = browser.document.createElement(tag);
  made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

/** Makes a button. */
export function makeButton(text: string, onClick: () => void): PageElement {
  const made = make("button", "", text);
  made.type = "button";
  made.onclick = onClick;
  return made;
}

/** Shows a text, if it is another: who has it read aloud hears changes alone. */
export function setText(where: PageElement, text: string): void {
  if (where.textContent !== text) where.textContent = text;
}

/** Shows who somebody is, in a colour of the name's own. */
export function avatar(name: string): PageElement {
  const made = make("span", "avatar");
  setAvatar(made, name);
  return made;
}

/** Shows somebody else. */
export function setAvatar(where: PageElement, name: string): void {
  where.ariaHidden = "true";
  setText(where, [...name][0]?.toUpperCase() ?? "?");
  let hue = 0;
  for (const character of name) {
    hue = (hue * 31 + character.codePointAt(0)!) % 360;
  }
  where.style.setProperty("--hue", `${hue}`);
}
