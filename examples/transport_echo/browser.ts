/**
 * The part of a browser that the page uses. Deno's types know none of it, and those of a browser would change what other
 * files of this repository are checked against.
 *
 * @module
 */

/** An element of the page. */
export interface PageElement {
  hidden: boolean;
  textContent: string | null;
  ariaLabel: string | null;
  disabled: boolean;
  readonly dataset: Record<string, string>;
  onchange: () => void;
  onsubmit: (event: { preventDefault(): void }) => void;
}

/** What is drawn on. */
export interface Canvas extends PageElement {
  width: number;
  height: number;
  readonly clientWidth: number;
  readonly clientHeight: number;
  getContext(kind: "2d"): Pen;
}

/** What draws. */
export interface Pen {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  font: string;
  textAlign: "left" | "center" | "right";
  textBaseline: "middle" | "top";
  setTransform(
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
  setLineDash(lengths: readonly number[]): void;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  stroke(): void;
}

/** What a browser has beside what Deno has. */
export interface Browser {
  readonly document: {
    readonly documentElement: PageElement;
    getElementById(id: string): PageElement;
  };
  readonly location: URL;
  readonly isSecureContext: boolean;
  readonly devicePixelRatio: number;
  requestAnimationFrame(onFrame: () => void): void;
  getComputedStyle(
    element: PageElement,
  ): { getPropertyValue(name: string): string };
  addEventListener(type: string, listener: () => void): void;
}

/** The browser that the page is open in. */
export const browser = globalThis as unknown as Browser;
