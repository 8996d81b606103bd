// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import { type Access, HttpProblem, type Query } from "../../http/server/mod.ts";
import type { EventCatalog } from "../event/event_catalog.ts";
import type { AnalyticsStore } from "../store/store.ts";
import type { AnalyticsRole, Call } from "./call.ts";

/** What the calls of one collector share. */
export interface CallContext {
  /** Guarded: what it throws is counted and told. */
  readonly store: AnalyticsStore;
  readonly catalog: EventCatalog;
  readonly eventNames: ReadonlySet<string>;
  readonly clock: Clock;
}

/** A request on its way through the parts of a collector. */
export class CollectorCall implements Call {
  readonly request: Request;
  readonly method: string;
  readonly url: URL;
  readonly query: Query;
  readonly segments: readonly string[];
  readonly title: string;
  readonly role: AnalyticsRole;
  readonly store: AnalyticsStore;
  readonly eventNames: ReadonlySet<string>;
  readonly clock: Clock;
  /** When it came, in epoch milliseconds: before its body, which may take its time. */
  readonly receivedMs: number;

  constructor(
    request: Request,
    url: URL,
    query: Query,
    segments: readonly string[],
    access: Access<AnalyticsRole>,
    receivedMs: number,
    { store, eventNames, clock }: CallContext,
  ) {
    this.request = request;
    this.method = request.method === "HEAD" ? "GET" : request.method;
    this.url = url;
    this.query = query;
    this.segments = segments;
    this.title = access.title;
    this.role = access.role;
    this.receivedMs = receivedMs;
    this.store = store;
    this.eventNames = eventNames;
    this.clock = clock;
  }

  require(...roles: readonly AnalyticsRole[]): void {
    if (roles.includes(this.role)) return;
    throw new HttpProblem(
      "forbidden",
      403,
      `Cannot answer as the role "${this.role}" may not do this`,
    );
  }
}
