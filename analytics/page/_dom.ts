// This module is browser compatible.
import type { Browser, PageElement } from "./_browser.ts";

/** What an element is made of. */
export type Attributes = Readonly<Record<string, string | number>>;

/** Makes elements. Texts only ever become text. */
export interface Dom {
  /** Makes an element of HTML. */
  make(
    tag: string,
    attributes?: Attributes,
    ...children: (PageElement | string)[]
  ): PageElement;
  /** Makes an element of SVG. */
  draw(
    tag: string,
    attributes?: Attributes,
    ...children: (PageElement | string)[]
  ): PageElement;
  /** The element of the page's markup that has an id. */
  find(id: string): PageElement;
  /** Sets a text, unless it is the same: who hears the page is not told it again. */
  setText(element: PageElement, text: string): void;
  /** Fills a select. */
  fill(
    select: PageElement,
    options: readonly (readonly [value: string, text: string])[],
    value: string,
  ): void;
  /** Shortens a text until it is no wider than so many pixels, in the type of charts. */
  fit(text: string, width: number): string;
  /** How wide a text is in the type of charts, in pixels. */
  widthOf(text: string): number;
  /** The element that has the focus. */
  focused(): PageElement | null;
  /** Says something to those who do not see it, politely. */
  say(text: string): void;
}

/** Makes the {@linkcode Dom} of the page. */
export function makeDom(browser: Browser): Dom {
  const { document } = browser;
  /** Wide enough for the type that the style gives to charts. */
  const CHART_FONT = "12px system-ui, sans-serif";
  const canvas = document.createElement("canvas") as unknown as {
    getContext(kind: "2d"): {
      font: string;
      measureText(text: string): { readonly width: number };
    };
  };
  const context = canvas.getContext("2d");
  context.font = CHART_FONT;

  function complete(
    element: PageElement,
    attributes: Attributes,
    children: (PageElement | string)[],
  ): PageElement {
    for (const [name, value] of Object.entries(attributes)) {
      element.setAttribute(name, `${value}`);
    }
    element.append(...children);
    return element;
  }

  function make(
    tag: string,
    attributes: Attributes = {},
    ...children: (PageElement | string)[]
  ): PageElement {
    return complete(document.createElement(tag), attributes, children);
  }

  function draw(
    tag: string,
    attributes: Attributes = {},
    ...children: (PageElement | string)[]
  ): PageElement {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    return complete(element, attributes, children);
  }

  function find(id: string): PageElement {
    return document.getElementById(id)!;
  }

  function setText(element: PageElement, text: string): void {
    if (element.textContent !== text) element.textContent = text;
  }

  function fill(
    select: PageElement,
    options: readonly (readonly [value: string, text: string])[],
    value: string,
  ): void {
    const key = JSON.stringify(options);
    // An open list would close.
    if (select.dataset.options !== key) {
      select.replaceChildren(
        ...options.map(([value, text]) => make("option", { value }, text)),
      );
      select.dataset.options = key;
    }
    if (select.value !== value) select.value = value;
  }

  function widthOf(text: string): number {
    return context.measureText(text).width;
  }

  function fit(text: string, width: number): string {
    if (widthOf(text) <= width) return text;
    let end = Math.min(text.length, 200);
    while (end > 1 && widthOf(`${text.slice(0, end)}…`) > width) end--;
    return `${text.slice(0, end)}…`;
  }

  function say(text: string): void {
    setText(find("said"), text);
  }

  return {
    make,
    draw,
    find,
    setText,
    fill,
    fit,
    widthOf,
    focused: () => document.activeElement,
    say,
  };
}
