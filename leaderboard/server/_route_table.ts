// This module is browser compatible.
import type { ServerCall } from "./_server_call.ts";
import { methodNotAllowed } from "./problem.ts";

/** Answers a request of one path and method. It may reject with a `Problem`. */
export type Handler = (call: ServerCall) => Promise<Response>;

interface Path {
  /** `*` stands for one of any kind. */
  readonly segments: readonly string[];
  readonly handlers: Map<string, Handler>;
}

/** The server's own paths. */
export class RouteTable {
  readonly #paths: Path[] = [];

  /** Adds what answers a method of a path, of which `*` is a segment of any kind. */
  add(method: string, path: string, handler: Handler): void {
    const segments = path.split("/");
    let known = this.#paths.find((it) => it.segments.join("/") === path);
    if (known === undefined) {
      known = { segments, handlers: new Map() };
      this.#paths.push(known);
    }
    known.handlers.set(method, handler);
  }

  /** As in `Routes`. */
  handle(call: ServerCall): Promise<Response> | undefined {
    const path = this.#paths.find(({ segments }) =>
      segments.length === call.segments.length &&
      segments.every((segment, i) =>
        segment === "*" || segment === call.segments[i]
      )
    );
    if (path === undefined) return undefined;
    const handler = path.handlers.get(call.method);
    if (handler === undefined) throw methodNotAllowed(...path.handlers.keys());
    return handler(call);
  }
}
