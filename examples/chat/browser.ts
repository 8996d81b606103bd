/**
 * The part of a browser that the page uses. Deno's types know none of it, and those of a browser would change what other
 * files of this repository are checked against.
 *
 * @module
 */

/** An element, an input or a button. */
export interface PageElement {
  hidden: boolean;
  className: string;
  textContent: string | null;
  ariaCurrent: string | null;
  ariaHidden: string | null;
  disabled: boolean;
  placeholder: string;
  type: string;
  value: string;
  scrollTop: number;
  readonly clientHeight: number;
  readonly scrollHeight: number;
  readonly dataset: Record<string, string>;
  readonly style: { setProperty(name: string, value: string): void };
  readonly parentElement: PageElement;
  onclick: () => void;
  onsubmit: (event: { preventDefault(): void }) => void;
  append(...children: PageElement[]): void;
  replaceChildren(...children: PageElement[]): void;
  remove(): void;
  focus(): void;
}

/** What a browser has beside what Deno has. */
export interface Browser {
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
