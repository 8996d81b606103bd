/**
 * Drives a page in Chromium over its DevTools protocol, for tests that need what a page cannot do to itself: another
 * size, dark mode, a picture, and all that the browser complained about.
 *
 * @module
 */

import { ChromiumPage } from "./runtimes.ts";

const TIMEOUT_MS = 30_000;

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** How a page is shown. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  /** @default {false} */
  readonly isDark?: boolean;
  /** @default {false} */
  readonly isPhone?: boolean;
  /** @default {false} */
  readonly hasReducedMotion?: boolean;
}

/** A page that is open in Chromium until it is disposed of. */
export class ChromiumSession {
  /** Errors, warnings and refusals that the browser told, oldest first. */
  readonly problems: string[] = [];
  readonly #page: ChromiumPage;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  readonly #closed: Promise<void>;
  #lastId = 0;

  private constructor(page: ChromiumPage, socket: WebSocket) {
    this.#page = page;
    this.#socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.onclose = () => resolve();
    });
    socket.onmessage = ({ data }) => this.#onReply(JSON.parse(data));
  }

  /**
   * Starts Chromium with an empty page.
   *
   * @param program The program of `findChromium`.
   */
  static async start(program: string): Promise<ChromiumSession> {
    const page = await ChromiumPage.open(program, "about:blank", [
      "--remote-debugging-port=0",
    ]);
    try {
      const port = await debuggingPort(page.profile);
      const targets = await (await fetch(`http://127.0.0.1:${port}/json`))
        .json() as { type: string; webSocketDebuggerUrl: string }[];
      const target = targets.find(({ type }) => type === "page")!;
      const socket = new WebSocket(target.webSocketDebuggerUrl);
      const session = new ChromiumSession(page, socket);
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
      for (const domain of ["Runtime", "Log", "Page"]) {
        await session.send(`${domain}.enable`);
      }
      return session;
    } catch (error) {
      await page[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Calls a method of the protocol. */
  async send(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await promise;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result!;
  }

  /** Opens a URL. */
  async open(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
  }

  /** Sets how the page is shown. */
  async setScreen(screen: Screen): Promise<void> {
    const { width, height, isDark, isPhone = false, hasReducedMotion } = screen;
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: isPhone,
    });
    await this.send("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: isDark ? "dark" : "light" },
        {
          name: "prefers-reduced-motion",
          value: hasReducedMotion ? "reduce" : "no-preference",
        },
      ],
    });
  }

  /** The value of an expression in the page, which must have a form in JSON. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as {
      result: { value: T };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (exceptionDetails === undefined) return result.value;
    throw new Error(
      `${expression}: ${exceptionDetails.exception?.description}`,
    );
  }

  /** Waits until an expression has a value that is wanted. */
  async until<T>(
    expression: string,
    isWanted: (value: T) => boolean = Boolean,
  ): Promise<T> {
    const endMs = performance.now() + TIMEOUT_MS;
    while (true) {
      let value: T | undefined;
      try {
        value = await this.evaluate<T>(expression);
        if (isWanted(value)) return value;
      } catch (error) {
        // While another page comes, there is nothing to ask.
        if (performance.now() > endMs) throw error;
      }
      if (performance.now() > endMs) {
        throw new Error(
          `It takes too long: ${expression} is ${JSON.stringify(value)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Presses a key as a keyboard does: `"Tab"`, `"Enter"`. */
  async press(key: string, code: number): Promise<void> {
    const text = key === "Enter" ? "\r" : undefined;
    for (const type of ["keyDown", "keyUp"]) {
      await this.send("Input.dispatchKeyEvent", {
        type,
        key,
        code: key,
        windowsVirtualKeyCode: code,
        ...(type === "keyDown" && text !== undefined && { text }),
      });
    }
  }

  /** Takes a picture, as PNG. */
  async picture(): Promise<Uint8Array> {
    const { data } = await this.send("Page.captureScreenshot", {
      format: "png",
    });
    return Uint8Array.fromBase64(data as string);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#page[Symbol.asyncDispose]();
    await this.#closed;
  }

  #onReply(reply: Reply): void {
    if (reply.id !== undefined) {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
      return;
    }
    switch (reply.method) {
      case "Runtime.exceptionThrown":
        this.problems.push(JSON.stringify(reply.params!.exceptionDetails));
        break;
      case "Runtime.consoleAPICalled":
        this.problems.push(JSON.stringify(reply.params!.args));
        break;
      case "Log.entryAdded":
        this.problems.push(
          (reply.params!.entry as { text: string }).text,
        );
    }
  }
}

/** The browser writes it into its profile when it listens. */
async function debuggingPort(profile: string): Promise<number> {
  const endMs = performance.now() + TIMEOUT_MS;
  while (true) {
    try {
      const text = await Deno.readTextFile(`${profile}/DevToolsActivePort`);
      const port = Number(text.split("\n")[0]);
      if (port > 0) return port;
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
