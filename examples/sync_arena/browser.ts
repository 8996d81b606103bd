/**
 * The part of a browser that the page uses. Deno's types know none of it, and those of a browser would change what other
 * files of this repository are checked against.
 *
 * @module
 */

/** What is drawn on. */
export interface Drawing {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  lineCap: "butt" | "round";
  globalAlpha: number;
  font: string;
  textAlign: "left" | "center";
  textBaseline: "middle" | "bottom";
  setTransform(
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ): void;
  save(): void;
  restore(): void;
  translate(x: number, y: number): void;
  rotate(angle: number): void;
  beginPath(): void;
  closePath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  rect(x: number, y: number, width: number, height: number): void;
  fill(): void;
  stroke(): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
}

/** An event of a keyboard or a pointer. */
export interface InputEvent {
  readonly code: string;
  readonly button: number;
  readonly pointerId: number;
  readonly pointerType: string;
  readonly offsetX: number;
  readonly offsetY: number;
  preventDefault(): void;
}

/** An element, an input or a canvas. */
export interface PageElement {
  hidden: boolean;
  open: boolean;
  className: string;
  textContent: string | null;
  value: string;
  width: number;
  height: number;
  readonly clientWidth: number;
  readonly clientHeight: number;
  readonly dataset: Record<string, string>;
  readonly style: { setProperty(name: string, value: string): void };
  readonly valueAsNumber: number;
  onsubmit: (event: { preventDefault(): void }) => void;
  oninput: () => void;
  addEventListener(type: string, listener: (event: InputEvent) => void): void;
  append(...children: PageElement[]): void;
  prepend(...children: PageElement[]): void;
  replaceChildren(...children: PageElement[]): void;
  remove(): void;
  focus(): void;
  getContext(kind: "2d"): Drawing;
  setPointerCapture(pointer: number): void;
}

/** What a browser has beside what Deno has. */
export interface Browser {
  readonly devicePixelRatio: number;
  readonly document: {
    createElement(tag: string): PageElement;
    getElementById(id: string): PageElement;
  };
  readonly location: { readonly href: string };
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
  made.textContent = text;
  return made;
}
