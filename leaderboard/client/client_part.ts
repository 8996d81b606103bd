// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { HttpEvent, HttpRequest, RequestId } from "../../http/mod.ts";
import type {
  LeaderboardCallId,
  LeaderboardEvent,
  LeaderboardTerminalEvent,
} from "./event.ts";

/** What a part of the client works with. */
export interface ClientContext {
  /** The client's clock. */
  readonly clock: Clock;
  /** The board that is meant where none is named. */
  readonly board: string;

  /**
   * Makes the id of a call and sets slots aside for its events. At the client's bound the call is refused: its terminal
   * event is queued already then, and {@linkcode ClientContext.isOpen} is `false`.
   *
   * @param slots How many events the call will have that must not be lost, the terminal one included.
   */
  open(slots?: number): LeaderboardCallId;
  /** Whether a call has begun and not ended. */
  isOpen(id: LeaderboardCallId): boolean;
  /** Queues an event that may be lost; returns whether it was queued. */
  inform(event: LeaderboardEvent): boolean;
  /** Queues an event of a call in one of the slots set aside; without one it may be lost. Returns whether it was queued. */
  emit(event: LeaderboardEvent & { readonly id: LeaderboardCallId }): boolean;
  /** Ends a call, once; returns whether it was open. */
  end(event: LeaderboardTerminalEvent): boolean;

  /** Sends a request, whose URL is relative to where the server is mounted (`"v1/boards"`). It gets the key and token. */
  send(request: HttpRequest): RequestId;
  /** Cancels a request; returns whether it was pending. */
  abort(id: RequestId): boolean;
  /** The absolute http(s) URL of what the server named, or `undefined` if it is none. */
  resolve(url: string): string | undefined;
}

/** A part of the client with requests of its own. */
export interface ClientPart {
  /** Takes an event in, if it is of one of its requests (or of a durable one of an earlier run); else returns `false`. */
  handle(event: HttpEvent): boolean;
  /** Moves on by a frame, after the events of its requests. `dt` in seconds. */
  tick(dt: number): void;
  /** Cancels a call of its own with its terminal event; returns `false` if it has no such call. */
  cancel(id: LeaderboardCallId): boolean;
}
