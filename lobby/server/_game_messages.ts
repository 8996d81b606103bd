// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { utf8Length } from "../../protocol/mod.ts";
import type { ClientId, WsHub } from "../../websocket/mod.ts";
import { LOBBY_CHANNEL, LOBBY_LIST_CHANNEL } from "../wire/lobby_request.ts";
import type { Outbox } from "./_outbox.ts";
import type { ServerCounters } from "./_server_counters.ts";

/** As the hub has it. */
const MAX_CHANNEL_BYTES = 128;

/** How much messages may take. */
export interface GameMessageLimits {
  /** The most bytes of one. */
  readonly maxMessageBytes: number;
  /** How much may wait in the outbox, of whatever kind. */
  readonly maxHeld: number;
  /** And how many bytes, unless there is but one message. */
  readonly maxHeldBytes: number;
}

/** What the game's own code says to players: it is told in its order with all else, when what came before is stored. */
export class GameMessages {
  readonly #hub: WsHub;
  readonly #outbox: Outbox;
  readonly #counters: ServerCounters;
  readonly #limits: GameMessageLimits;
  /** Clients that have not got something since that was told last. */
  readonly #behind = new Map<ClientId, PlayerId>();

  constructor(
    hub: WsHub,
    outbox: Outbox,
    counters: ServerCounters,
    limits: GameMessageLimits,
  ) {
    this.#hub = hub;
    this.#outbox = outbox;
    this.#counters = counters;
    this.#limits = limits;
  }

  /** Says something to clients; returns whether it is on its way to any. */
  send(
    clients: readonly ClientId[],
    channel: string,
    message: string | Uint8Array,
  ): boolean {
    const bytes = this.#check(channel, message);
    if (clients.length === 0) return false;
    const held = this.#outbox.bytes;
    const { maxHeld, maxHeldBytes } = this.#limits;
    const isFull = this.#outbox.size >= maxHeld ||
      held > 0 && held + bytes > maxHeldBytes;
    if (isFull) return false;
    // It may be sent long after its sender has written something else there.
    const kept = typeof message === "string" ? message : message.slice();
    this.#outbox.push(() => {
      for (const client of clients) this.#tell(client, channel, kept);
    }, bytes);
    return true;
  }

  /** Hands out who had no room for something since it was asked last. */
  takeBehind(): [ClientId, PlayerId][] {
    const behind = [...this.#behind];
    this.#behind.clear();
    return behind;
  }

  #tell(
    client: ClientId,
    channel: string,
    message: string | Uint8Array,
  ): void {
    if (this.#hub.sendTo(client, channel, message)) {
      this.#counters.gameMessages++;
      return;
    }
    const identity = this.#hub.identityOf(client);
    // Who has left needs it no longer.
    if (identity === undefined) return;
    this.#counters.droppedMessages++;
    this.#behind.set(client, identity.playerId);
  }

  /** Finds mistakes now, where the one who makes them can see them. */
  #check(channel: string, message: string | Uint8Array): number {
    const length = utf8Length(channel);
    if (
      length < 1 || length > MAX_CHANNEL_BYTES || channel === LOBBY_CHANNEL ||
      channel === LOBBY_LIST_CHANNEL
    ) {
      throw new RangeError(
        `Cannot send a message as channel must be one of the game's own, of 1 to ${MAX_CHANNEL_BYTES} bytes: current value is ${
          length > MAX_CHANNEL_BYTES ? `${length} bytes` : `"${channel}"`
        }`,
      );
    }
    const bytes = typeof message === "string"
      ? utf8Length(message)
      : message.length;
    const { maxMessageBytes } = this.#limits;
    if (bytes <= maxMessageBytes) return bytes;
    throw new RangeError(
      `Cannot send a message as it must have at most ${maxMessageBytes} bytes: current value is ${bytes}`,
    );
  }
}
