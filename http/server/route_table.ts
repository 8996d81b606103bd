// This module is browser compatible.
import { methodNotAllowed } from "./http_problem.ts";

/** What a table tells requests apart by. */
export interface RoutedCall {
  /** The request's method; `GET` for `HEAD`. */
  readonly method: string;
  /** The path behind `/v1/`, cut at its slashes. */
  readonly segments: readonly string[];
}

/** Answers a request of one path and method. It may reject with an {@linkcode HttpProblem}. */
export type RouteHandler<C extends RoutedCall> = (call: C) => Promise<Response>;

interface Path<C extends RoutedCall> {
  /** `*` stands for one of any kind. */
  readonly segments: readonly string[];
  readonly handlers: Map<string, RouteHandler<C>>;
}

/** Paths of a server, and what answers them. */
export class RouteTable<C extends RoutedCall> {
  readonly #paths: Path<C>[] = [];

  /** Adds what answers a method of a path, of which `*` is a segment of any kind. */
  add(method: string, path: string, handler: RouteHandler<C>): void {
    const segments = path.split("/");
    let known = this.#paths.find((it) => it.segments.join("/") === path);
    if (known === undefined) {
      known = { segments, handlers: new Map() };
      this.#paths.push(known);
    }
    known.handlers.set(method, handler);
  }

  /**
   * Answers, if there is such a path.
   *
   * @returns `undefined` if there is none; else a promise of the answer.
   * @throws {HttpProblem} `methodNotAllowed`, if there is the path but not for the method.
   */
  handle(call: C): Promise<Response> | undefined {
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
