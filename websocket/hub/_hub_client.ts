// This module is browser compatible.
import type { Identity, TokenBucket } from "../../core/mod.ts";
import type { Member } from "../mux/control_message.ts";
import type { Session } from "../mux/session.ts";
import type { ClientId } from "./hub_event.ts";
import { MAX_DISPLAY_BYTES } from "./_envelope.ts";
import type { HubChannel } from "./_hub_channel.ts";
import type { HubSocket } from "./_hub_socket.ts";

/** A client of the hub, with its socket or, for a while, without. */
export class HubClient {
  readonly id: ClientId;
  /** As it was found out for the last socket. */
  identity: Identity;
  /** What others see of it. */
  readonly member: Member;
  readonly session: Session;
  /** What limits its messages. */
  readonly rate: TokenBucket;
  socket: HubSocket | undefined = undefined;
  /** How long it has been without a socket, in seconds. */
  awaySeconds = 0;
  /** Whether something found no room that it cannot do without. */
  isStuck = false;
  /** Whether the hub has let go of it. */
  isEnded = false;
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
    this.member = {
      playerId: identity.playerId,
      displayName: shorten(identity.displayName ?? ""),
    };
    this.session = session;
    this.rate = rate;
  }

  /** Sends what nobody will change; returns whether there was room. */
  send(
    channel: HubChannel,
    bytes: Uint8Array,
    isText: boolean,
    request?: number,
  ): boolean {
    const id = this.#outIds.get(channel.name) ?? this.#open(channel);
    return id !== undefined &&
      this.session.sendShared(
        id,
        bytes,
        request === undefined ? { isText } : { isText, request },
      );
  }

  /** What was sent on a channel comes to its end; the client counts it no longer. */
  shut(name: string): void {
    const id = this.#outIds.get(name);
    if (id === undefined) return;
    this.#outIds.delete(name);
    this.session.shutChannel(id);
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

/** A longer name would be no presence message to anybody. */
function shorten(text: string): string {
  const bytes = new Uint8Array(MAX_DISPLAY_BYTES);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return text.slice(0, read);
}
