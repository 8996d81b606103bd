import { setImmediate } from "node:timers";

/** A call of `fetch` that the test answers when it likes. */
export class FakeCall {
  readonly url: string;
  readonly init: RequestInit;
  readonly headers: Headers;
  isSettled = false;
  readonly response: Promise<Response>;
  #resolve!: (response: Response) => void;
  #reject!: (error: unknown) => void;

  constructor(url: string, init: RequestInit) {
    this.url = url;
    this.init = init;
    this.headers = new Headers(init.headers);
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.response.catch(() => {});
    init.signal?.addEventListener(
      "abort",
      () => this.fail(new DOMException("Aborted", "AbortError")),
    );
  }

  get path(): string {
    return new URL(this.url).pathname;
  }

  /** Answers with a text, a status, or a response of the test's own making. */
  answer(
    body: string | Response = "ok",
    init?: ResponseInit,
  ): void {
    this.isSettled = true;
    this.#resolve(body instanceof Response ? body : new Response(body, init));
  }

  fail(error: unknown = new TypeError("connection refused")): void {
    this.isSettled = true;
    this.#reject(error);
  }
}

/** A `fetch` under the test's control. It honours the signal as the real one does. */
export class FakeFetch {
  readonly calls: FakeCall[] = [];
  /** If set, answers each call at once. */
  onCall: ((call: FakeCall) => void) | undefined;

  readonly fetch = (url: string, init: RequestInit): Promise<Response> => {
    const call = new FakeCall(url, init);
    this.calls.push(call);
    this.onCall?.(call);
    return call.response;
  };

  get open(): FakeCall[] {
    return this.calls.filter((call) => !call.isSettled);
  }

  get paths(): string[] {
    return this.calls.map((call) => call.path);
  }
}

/** Lets everything that was answered arrive: a turn of the event loop, not a wait. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
