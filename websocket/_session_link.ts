// This module is browser compatible.
import {
  Channel,
  cutCloseReason,
  isChannel,
  type LinkState,
  type MessageLink,
  type MessageSink,
} from "../protocol/mod.ts";
import { Delivery, MAX_NAME_BYTES } from "./mux/record.ts";
import type { Inlet } from "./mux/inlet.ts";
import type { Session } from "./mux/session.ts";
import type { SessionEvent } from "./mux/session_event.ts";

const CHANNELS: readonly Channel[] = [
  Channel.Reliable,
  Channel.Unreliable,
  Channel.ReliableOrdered,
  Channel.UnreliableOrdered,
];
/** Those whose last message has to come before the link is closed. */
const RELIABLE: readonly Channel[] = [
  Channel.Reliable,
  Channel.ReliableOrdered,
];
/** What the name of a channel has behind that of the link. */
const SUFFIX_BYTES = 2;
/** Each has four channels, and a hub has room for 32 of links. */
const MAX_LINKS = 8;
/** What a channel holds, which is the most that a message can have. */
const MAX_QUEUED_BYTES = 4_194_304;

const CONNECTING: LinkState = Object.freeze({ type: "connecting" });
const OPEN: LinkState = Object.freeze({ type: "open" });

/** Who moves the session of a link on. */
export interface LinkOwner {
  /** Whether a message may be handed out now; asked for each, which it may count. */
  mayTake(): boolean;
  /** Something is to be sent: a message, more room for the other end, or the link's end. */
  wake(): void;
}

/** Of one that moves its session on in any case, and counts nothing. */
const ANY_OWNER: LinkOwner = { mayTake: () => true, wake: () => {} };

/**
 * A link over four channels of a session, at either end: the ends of one name belong
 * together. Messages are bytes; a text on a reliable channel is the last of it, and says
 * why the link is closed.
 *
 * It goes on over cuts, as the session does. Where something of a session is lost for
 * good, nobody could keep what a link promises, so that it closes; a link of the same
 * name can be made for the next session.
 */
export class SessionLink implements MessageLink {
  readonly #session: Session;
  readonly #owner: LinkOwner;
  readonly #inlet: Inlet;
  readonly #names: readonly string[];
  readonly #ids: readonly number[];
  #state: LinkState = CONNECTING;
  #rttMs: number | undefined;
  #isPolling = false;
  /** The reliable channels that the other end has closed, and why. */
  readonly #closed = new Set<string>();
  #reason: string | undefined;

  /**
   * Makes one end.
   *
   * @param session What it goes over.
   * @param name What the other end knows it by: 1 to 126 bytes.
   * @param owner Who moves the session on.
   * @throws {RangeError} If the name is too long or empty, or there are too many channels.
   */
  constructor(session: Session, name: string, owner = ANY_OWNER) {
    checkName(name);
    this.#session = session;
    this.#owner = owner;
    this.#names = CHANNELS.map((channel) => `${name}.${channel}`);
    this.#ids = CHANNELS.map((channel) => {
      const id = session.openChannel(`${name}.${channel}`, {
        delivery: RELIABLE.includes(channel)
          ? Delivery.ExactlyOnce
          : Delivery.AtMostOnce,
        overflow: "dropNewest",
        maxBytes: MAX_QUEUED_BYTES,
        endsWithSession: true,
      });
      if (id !== undefined) return id;
      throw new RangeError(
        "Cannot open a link as channels must be <= 65535: current value is 65536",
      );
    });
    this.#inlet = session.divert(this.#names);
  }

  get state(): LinkState {
    this.#advance();
    return this.#state;
  }

  get maxMessageBytes(): number {
    return Math.min(this.#session.maxMessageBytes, MAX_QUEUED_BYTES);
  }

  get rttMs(): number {
    return this.#rttMs ?? this.#session.rttMs;
  }

  send(bytes: Uint8Array, channel: Channel): boolean {
    if (!isChannel(channel)) {
      throw new RangeError(
        `Cannot send a message as channel must be 0, 1, 2 or 3: current value is ${channel}`,
      );
    }
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError(
        `Cannot send a message as its bytes must be a Uint8Array: current value is of type "${typeof bytes}"`,
      );
    }
    this.#advance();
    const isSent = this.#state === OPEN &&
      this.#session.send(this.#ids[channel]!, bytes);
    if (isSent) this.#owner.wake();
    return isSent;
  }

  poll(sink: MessageSink): void {
    if (this.#isPolling) {
      throw new TypeError(
        "Cannot poll the link as its sink must have returned: current call is inside of it",
      );
    }
    this.#advance();
    this.#isPolling = true;
    try {
      // What arrives meanwhile waits; the sink may close the link.
      for (
        let i = this.#inlet.pending;
        i > 0 && this.#state === OPEN && this.#owner.mayTake();
        i--
      ) this.#take(sink);
    } finally {
      this.#isPolling = false;
      this.#advance();
    }
  }

  close(reason: string): void {
    if (this.#state.type === "closed") return;
    this.#end(cutCloseReason(reason), true);
  }

  /** Opens when the session does, and takes what is no message. */
  #advance(): void {
    if (this.#isPolling) return;
    if (this.#state === CONNECTING && this.#session.hasBegun) {
      this.#state = OPEN;
    }
    while (this.#state.type !== "closed") {
      const event = this.#inlet.peek();
      if (event === undefined) return;
      if (event.type === "message" && !event.isText) {
        // The session may be over by now.
        this.#state = OPEN;
        return;
      }
      this.#take(undefined);
    }
  }

  #take(sink: MessageSink | undefined): void {
    const event = this.#inlet.take();
    if (event === undefined) return;
    // The other end may be told of it.
    this.#owner.wake();
    this.#on(event, sink);
  }

  #on(event: SessionEvent, sink: MessageSink | undefined): void {
    switch (event.type) {
      case "message": {
        const { channel, bytes, isText } = event;
        if (isText) this.#onClosed(channel, textOf(bytes));
        else sink?.(bytes, this.#names.indexOf(channel) as Channel);
        break;
      }
      case "channelShut":
        this.#onClosed(event.channel, "closed");
        break;
      case "failed":
        this.#end("a message was damaged", true);
        break;
      case "gap":
        // It may have been of another channel, but nobody can say.
        this.#end("messages were lost", true);
        break;
      case "undelivered":
        if (event.reason === "sessionLost") {
          this.#end("the session was lost", false);
        } else if (event.reason === "closed") {
          this.#end("the session was closed", false);
        } else if (this.#isHit(event.messages)) {
          this.#end("messages were lost", true);
        }
    }
  }

  #isHit(messages: readonly { readonly channel: string }[]): boolean {
    return messages.some(({ channel }) =>
      RELIABLE.some((reliable) => channel === this.#names[reliable])
    );
  }

  /** The other end has sent the last message of a channel. */
  #onClosed(channel: string, reason: string): void {
    if (!RELIABLE.some((reliable) => channel === this.#names[reliable])) return;
    this.#closed.add(channel);
    this.#reason ??= reason;
    if (this.#closed.size === RELIABLE.length) this.#end(this.#reason, false);
  }

  #end(reason: string, isToldToPeer: boolean): void {
    this.#rttMs = this.rttMs;
    this.#state = Object.freeze({ type: "closed", reason });
    const lastText = new TextEncoder().encode(reason);
    for (const channel of CHANNELS) {
      const id = this.#ids[channel]!;
      if (isToldToPeer && RELIABLE.includes(channel)) {
        this.#session.shutChannel(id, lastText);
      } else this.#session.shutChannel(id);
    }
    this.#inlet.discard();
    this.#owner.wake();
  }
}

/** Refuses to open one more link where there are as many as an end may have. */
export function checkLinks(links: readonly SessionLink[]): void {
  const open = links.filter(({ state }) => state.type !== "closed").length;
  if (open < MAX_LINKS) return;
  throw new RangeError(
    `Cannot open a link as open links must be <= ${MAX_LINKS}: current value is ${
      open + 1
    }`,
  );
}

function checkName(name: string): void {
  const bytes = name.length > MAX_NAME_BYTES
    ? name.length
    : new TextEncoder().encode(name).length;
  const max = MAX_NAME_BYTES - SUFFIX_BYTES;
  if (bytes >= 1 && bytes <= max) return;
  throw new RangeError(
    `Cannot open a link as its name must have 1 to ${max} bytes: current value is ${bytes}`,
  );
}

/** As it was sent, a byte order mark included. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
