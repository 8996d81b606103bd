// This module is browser compatible.

/** An element of HTML or SVG: Deno's types know none of them. */
export interface PageElement {
  hidden: boolean;
  textContent: string;
  value: string;
  disabled: boolean;
  checked: boolean;
  readonly open: boolean;
  readonly dataset: Record<string, string | undefined>;
  readonly style: { transform: string };
  readonly clientWidth: number;
  onclick: (() => void) | null;
  onchange: (() => void) | null;
  onfocus: (() => void) | null;
  onblur: (() => void) | null;
  onsubmit: ((event: PageEvent) => void) | null;
  oncancel: ((event: PageEvent) => void) | null;
  onkeydown: ((event: PageEvent) => void) | null;
  onpointermove: ((event: PageEvent) => void) | null;
  onpointerdown: ((event: PageEvent) => void) | null;
  onpointerleave: (() => void) | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  append(...children: (PageElement | string)[]): void;
  replaceChildren(...children: (PageElement | string)[]): void;
  remove(): void;
  contains(other: PageElement | null): boolean;
  focus(): void;
  click(): void;
  showModal(): void;
  close(): void;
  getBoundingClientRect(): {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
}

/** An event of a pointer, a key or a form. */
export interface PageEvent {
  readonly clientX: number;
  readonly clientY: number;
  readonly key: string;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  preventDefault(): void;
}

/** What stays where the reader is: `localStorage` or `sessionStorage`. */
export interface PageStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** What a browser has beside what Deno has. */
export interface Browser {
  readonly document: {
    title: string;
    readonly hidden: boolean;
    readonly activeElement: PageElement | null;
    readonly documentElement: PageElement;
    readonly body: PageElement;
    createElement(tag: string): PageElement;
    createElementNS(namespace: string, tag: string): PageElement;
    getElementById(id: string): PageElement | null;
    addEventListener(type: string, listener: () => void): void;
  };
  readonly location: {
    readonly href: string;
    readonly pathname: string;
    hash: string;
  };
  readonly localStorage: PageStorage;
  readonly sessionStorage: PageStorage;
  readonly ResizeObserver: new (onResize: () => void) => {
    observe(element: PageElement): void;
  };
  setTimeout(onTime: () => void, delayMs: number): number;
  clearTimeout(timer: number): void;
  requestAnimationFrame(onFrame: () => void): void;
}
