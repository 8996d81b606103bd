// This module is browser compatible.
import type { Identity, TokenBucket } from "../../core/mod.ts";
import type { Session } from "../mux/session.ts";
import type { ClientId } from "./hub_event.ts";
import type { HubChannel } from "./_hub_channel.ts";
import type { HubSocket } from "./_hub_socket.ts";

/** A client of the hub, with its socket or, for a while, without. */
export class HubClient {
  readonly id: ClientId;
  readonly identity: Identity;
  readonly session: Session;
  /** What limits its messages. */
  readonly rate: TokenBucket;
  socket: HubSocket | undefined = undefined;
  /** How long it has been without a socket, in seconds. */
  awaySeconds = 0;
  readonly subscriptions = new Set<HubChannel>();
  /** The ids of the channels on which it is sent to, by name. */
  readonly #outIds = new Map<string, number>();

  constructor(
    id: ClientId,
    identity: Identity,
    session: Session,
    rate: TokenBucket,
  ) {
    this.id = id;
    this.identity = identity;
    this.session = session;
    this.rate = rate;
  }

  /** Sends what nobody will change; returns whether there was room. */
  send(channel: HubChannel, bytes: Uint8Array, isText: boolean): boolean {
    const id = this.#outIds.get(channel.name) ?? this.#open(channel);
    return id !== undefined && this.session.sendShared(id, bytes, { isText });
  }

  #open({ name, options }: HubChannel): number | undefined {
    const { delivery, priority, maxQueuedMessages, maxQueuedBytes } = options;
    const id = this.session.openChannel(name, {
      delivery,
      priority,
      maxMessages: maxQueuedMessages,
      maxBytes: maxQueuedBytes,
    });
    if (id !== undefined) this.#outIds.set(name, id);
    return id;
  }
}
