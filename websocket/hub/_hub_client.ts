// This module is browser compatible.
import type { Clock, Identity, TokenBucket } from "../../core/mod.ts";
import { checkLinks, SessionLink } from "../_session_link.ts";
import {
  type ControlMessage,
  encodeControl,
  type Member,
} from "../mux/control_message.ts";
import { Delivery } from "../mux/record.ts";
import type { OutMessage } from "../mux/out_message.ts";
import type { Session } from "../mux/session.ts";
import type { ClientId } from "./hub_event.ts";
import { MAX_DISPLAY_BYTES } from "./_envelope.ts";
import type { HubChannel, Published } from "./_hub_channel.ts";
import type { Departure } from "./_hub_counters.ts";
import type { HubSocket } from "./_hub_socket.ts";

/** How often it is told of a channel that it may not send on it. */
const DENIED_MS = 1_000;
/** And of how many channels in that time. */
const MAX_DENIED = 64;
/**
 * On how many channels it is sent to that it does not subscribe to, by replies say: it may
 * make up their names. From the half on, for each new one an idle one goes.
 */
const MAX_OTHERS = 64;
/**
 * What is inflated for one message of the rate of a client's messages: a few bytes become
 * a megabyte, which takes up to 15 ms.
 */
const INFLATED_BYTES_PER_MESSAGE = 8_192;

/** A client of the hub, with its socket or, for a while, without. */
export class HubClient {
  readonly id: ClientId;
  /** As it was found out for the last socket. */
  identity: Identity;
  /** What others see of it. */
  readonly member: Member;
  readonly session: Session;
  /** Whether it speaks text, on whatever socket. */
  readonly isText: boolean;
  /** What limits its messages. */
  readonly rate: TokenBucket;
  /** Messages that count against the rate, beyond those that it had room for. */
  owed = 0;
  /** Of what its messages have become, how much was counted. */
  #paidBytes = 0;
  socket: HubSocket | undefined = undefined;
  /** Where its last socket came from. */
  address = "";
  /** How long it has been without a socket, in seconds. */
  awaySeconds = 0;
  /** Whether the socket did not take all that there was. */
  hasUnsent = false;
  /** Those that the hub looks at in its next tick, and whether this one is there. */
  readonly #busy: HubClient[];
  #isBusy = false;
  /** Whether something found no room that it cannot do without. */
  isStuck = false;
  /** Why it leaves, once what it has sent before is taken in. */
  leaving: Departure | undefined = undefined;
  /** Whether the hub has let go of it. */
  isEnded = false;
  readonly subscriptions = new Set<HubChannel>();
  /** Channels of which it was told lately that it may not send on them. */
  readonly #denied = new Set<string>();
  #deniedSinceMs = 0;
  /** The channels on which it is sent to, by name. */
  readonly #outs = new Map<string, Out>();
  readonly #links = new Map<string, SessionLink>();

  constructor(
    id: ClientId,
    identity: Identity,
    session: Session,
    rate: TokenBucket,
    busy: HubClient[],
    isText: boolean,
  ) {
    this.id = id;
    this.identity = identity;
    this.member = {
      playerId: identity.playerId,
      displayName: shorten(identity.displayName ?? ""),
    };
    this.session = session;
    this.rate = rate;
    this.isText = isText;
    this.#busy = busy;
  }

  /** Something has come in, or is to be sent. */
  wake(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#busy.push(this);
  }

  /** The hub's end of a link; the same for each name. */
  link(name: string, clock: Clock): SessionLink {
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    checkLinks([...this.#links.values()]);
    const link = new SessionLink(this.session, name, {
      mayTake: () => {
        const nowMs = clock.nowMs();
        return this.hasRate(nowMs) && this.rate.tryTake(1, nowMs);
      },
      wake: () => this.wake(),
    });
    this.#links.set(name, link);
    return link;
  }

  /** It has left: what has come over its links can be polled, and then they are closed. */
  endLinks(): void {
    if (this.#links.size > 0) this.session.end();
  }

  /** Whether its rate allows for a message, with what it owes. */
  hasRate(nowMs: number): boolean {
    const { inflatedBytes } = this.session;
    const more = inflatedBytes - this.#paidBytes;
    if (more >= INFLATED_BYTES_PER_MESSAGE) {
      const count = Math.floor(more / INFLATED_BYTES_PER_MESSAGE);
      this.#paidBytes += count * INFLATED_BYTES_PER_MESSAGE;
      this.owed += count;
    }
    if (this.owed > 0) {
      const available = Math.floor(this.rate.available(nowMs));
      const paid = Math.min(this.owed, available);
      if (this.rate.tryTake(paid, nowMs)) this.owed -= paid;
      if (this.owed > 0) return false;
    }
    return this.rate.waitMs(1, nowMs) === 0;
  }

  /** Returns whether there is something left to look at, and if not, lets it sleep. */
  rest(): boolean {
    this.#isBusy = !this.isEnded &&
      (this.isStuck || this.hasUnsent || this.session.pendingEvents > 0 ||
        this.session.isDeflating ||
        this.socket?.hasNews === true);
    return this.#isBusy;
  }

  /** The channel of a name on which it is sent to, if there is one. */
  sentOn(name: string): HubChannel | undefined {
    return this.#outs.get(name)?.channel;
  }

  /** Sends a message; returns whether there was room. */
  send(channel: HubChannel, message: OutMessage): boolean {
    const id = this.#outs.get(channel.name)?.id ?? this.#open(channel);
    this.wake();
    return id !== undefined && this.session.sendMessage(id, message);
  }

  /** Of some messages, oldest first, the newest for which there is room, without a hole. */
  newestThatFit(
    channel: HubChannel,
    messages: readonly Published[],
  ): readonly Published[] {
    const { name, options } = channel;
    const id = this.#outs.get(name)?.id;
    const queued = id === undefined ? undefined : this.session.queuedOn(id);
    let count = queued?.messages ?? 0;
    let bytes = queued?.bytes ?? 0;
    // Each of them would take the place of the one before.
    const most = options.delivery === Delivery.LatestOnly
      ? count + 1
      : options.maxQueuedMessages;
    let first = messages.length;
    while (first > 0 && count < most) {
      const { length } = messages[first - 1]!.bytes;
      bytes += length;
      count += 1;
      if (
        length > this.session.maxMessageBytes || bytes > options.maxQueuedBytes
      ) break;
      first -= 1;
    }
    return messages.slice(first);
  }

  /** Tells what the hub itself has to say; returns whether there was room. */
  tell(message: ControlMessage): boolean {
    return this.tellShared(encodeControl(message));
  }

  /** The same, of what nobody will change any more. */
  tellShared(message: Uint8Array): boolean {
    this.wake();
    return this.session.controlShared(message);
  }

  /** Whether to tell it that it may not send on a channel, or was told just now. */
  mayTellDenied(channel: string, nowMs: number): boolean {
    if (nowMs - this.#deniedSinceMs >= DENIED_MS) {
      this.#deniedSinceMs = nowMs;
      this.#denied.clear();
    }
    if (this.#denied.size >= MAX_DENIED || this.#denied.has(channel)) {
      return false;
    }
    this.#denied.add(channel);
    return true;
  }

  /** What was sent on a channel comes to its end; the client counts it no longer. */
  shut(name: string): void {
    const id = this.#outs.get(name)?.id;
    if (id === undefined) return;
    this.wake();
    this.#outs.delete(name);
    this.session.shutChannel(id);
  }

  #open(channel: HubChannel): number | undefined {
    const { name, options } = channel;
    if (!this.subscriptions.has(channel) && !this.#mayOpenOther()) {
      return undefined;
    }
    const { delivery, priority, maxQueuedMessages, maxQueuedBytes } = options;
    const id = this.session.openChannel(name, {
      delivery,
      priority,
      maxMessages: maxQueuedMessages,
      maxBytes: maxQueuedBytes,
    });
    if (id !== undefined) this.#outs.set(name, { id, channel });
    return id;
  }

  /** Whether there is room for a channel that it does not subscribe to; makes some. */
  #mayOpenOther(): boolean {
    const subscribed = new Set<string>();
    let others = this.session.openChannels;
    for (const { name } of this.subscriptions) {
      subscribed.add(name);
      if (this.#outs.has(name)) others -= 1;
    }
    if (others < MAX_OTHERS / 2) return true;
    for (const [name, { id, channel }] of this.#outs) {
      // The newest of a latest-only channel may have to be sent again.
      const isKept = subscribed.has(name) ||
        channel.options.delivery === Delivery.LatestOnly ||
        this.session.queuedOn(id).messages > 0;
      if (isKept) continue;
      this.shut(name);
      break;
    }
    return others < MAX_OTHERS;
  }
}

/** A channel on which a client is sent to. */
interface Out {
  readonly id: number;
  readonly channel: HubChannel;
}

/** A longer name would be no presence message to anybody. */
function shorten(text: string): string {
  const bytes = new Uint8Array(MAX_DISPLAY_BYTES);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return text.slice(0, read);
}
