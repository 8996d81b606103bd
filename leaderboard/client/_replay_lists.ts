// This module is browser compatible.
import type {
  HttpEvent,
  HttpTerminalEvent,
  RequestId,
} from "../../http/mod.ts";
import { isSha256 } from "../replay/sha256.ts";
import { isVisible } from "./_checks.ts";
import type { ClientContext, ClientPart } from "./client_part.ts";
import { failureOf, jsonOf, malformed } from "./_failure.ts";
import { isObject, readEntry } from "./_read_entry.ts";
import { replaysRequest } from "./_requests.ts";
import type { LeaderboardCallId } from "./event.ts";
import type { LeaderboardFilter } from "./filter.ts";
import type { LinkedReplay, ReplaysFetched } from "./replay_event.ts";

const MAX_LIST_BYTES = 16_777_216;
const MAX_CURSOR_LENGTH = 4_096;

interface Pending {
  readonly id: LeaderboardCallId;
  readonly board: string;
  readonly filter: LeaderboardFilter;
}

/** The lists of replays that a client is fetching. */
export class ReplayLists implements ClientPart {
  readonly #context: ClientContext;
  readonly #pending = new Map<RequestId, Pending>();

  constructor(context: ClientContext) {
    this.#context = context;
  }

  fetch(filter: LeaderboardFilter): LeaderboardCallId {
    const id = this.#context.open();
    if (!this.#context.isOpen(id)) return id;
    const board = filter.query.board ?? this.#context.board;
    const request = this.#context.send(replaysRequest(board, filter.query));
    this.#pending.set(request, { id, board, filter });
    return id;
  }

  handle(event: HttpEvent): boolean {
    if (event.type === "circuitChanged") return false;
    const pending = this.#pending.get(event.id);
    if (pending === undefined) return false;
    switch (event.type) {
      case "success":
      case "failure":
      case "timeout":
      case "cancelled":
        this.#pending.delete(event.id);
        this.#onEnd(pending, event);
    }
    return true;
  }

  tick(_dt: number): void {}

  cancel(id: LeaderboardCallId): boolean {
    for (const [request, pending] of this.#pending) {
      if (pending.id !== id) continue;
      this.#pending.delete(request);
      this.#context.abort(request);
      return this.#context.end({ type: "cancelled", id });
    }
    return false;
  }

  #onEnd(pending: Pending, event: HttpTerminalEvent): void {
    const { id } = pending;
    if (event.type === "cancelled") {
      this.#context.end({ type: "cancelled", id });
      return;
    }
    if (event.type === "success" && event.response.isSuccess) {
      const json = jsonOf(event.response, MAX_LIST_BYTES);
      this.#context.end(
        this.#read(pending, json) ??
          { type: "fetchFailed", id, ...malformed(event.response.status) },
      );
      return;
    }
    this.#context.end({ type: "fetchFailed", id, ...failureOf(event) });
  }

  #read(
    { id, board, filter }: Pending,
    json: Readonly<Record<string, unknown>> | undefined,
  ): ReplaysFetched | undefined {
    const { replays: listed, nextCursor } = json ?? {};
    if (
      !Array.isArray(listed) || listed.length > filter.query.pageSize ||
      !(nextCursor === undefined || isVisible(nextCursor, MAX_CURSOR_LENGTH))
    ) return undefined;
    const replays: LinkedReplay[] = [];
    for (const item of listed) {
      if (!isObject(item) || !isSha256(item.replay)) return undefined;
      const entry = readEntry(item.entry, (url) => this.#context.resolve(url));
      if (entry === undefined) return undefined;
      replays.push({ sha256: item.replay, entry });
    }
    return { type: "replaysFetched", id, board, filter, replays, nextCursor };
  }
}
