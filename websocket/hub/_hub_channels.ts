// This module is browser compatible.
import { ByteSlab } from "../_byte_slab.ts";
import type { ControlMessage, Member } from "../mux/control_message.ts";
import { type OutMessage, outMessage } from "../mux/out_message.ts";
import type { Deflater } from "../mux/deflater.ts";
import type { SendOptions } from "../mux/session_options.ts";
import { BackplaneLink, type LinkHost } from "./_backplane_link.ts";
import { HubChannel } from "./_hub_channel.ts";
import type { HubClient } from "./_hub_client.ts";
import type { HubCounters } from "./_hub_counters.ts";
import type { HubSettings } from "./_hub_settings.ts";
import { Presence } from "./_presence.ts";

const NOT_ALLOWED = "not allowed";

/** The channels of a hub: who gets what, who is where, what is kept and for how long. */
export class HubChannels implements LinkHost {
  readonly #settings: HubSettings;
  readonly #counters: HubCounters;
  readonly #deflater: Deflater | undefined;
  readonly #onSlow: (client: HubClient) => void;
  readonly #flush: (client: HubClient) => boolean;
  readonly #presence = new Presence();
  readonly #slab = new ByteSlab();
  readonly #link: BackplaneLink | undefined;
  readonly #channels = new Map<string, HubChannel>();
  /** Those without subscribers; the one that was used last is last. */
  readonly #unused = new Set<HubChannel>();
  /** Those whose watchers have yet to be told something. */
  readonly #due = new Set<HubChannel>();
  #seconds = 0;

  constructor(
    settings: HubSettings,
    counters: HubCounters,
    deflater: Deflater | undefined,
    onSlow: (client: HubClient) => void,
    flush: (client: HubClient) => boolean,
  ) {
    this.#settings = settings;
    this.#counters = counters;
    this.#deflater = deflater;
    this.#onSlow = onSlow;
    this.#flush = flush;
    this.#link = settings.backplane && new BackplaneLink(
      settings.backplane,
      settings.maxMessageBytes,
      counters,
      this,
    );
  }

  get size(): number {
    return this.#channels.size;
  }

  /** How many other hubs there are. */
  get hubCount(): number {
    return this.#link?.hubCount ?? 0;
  }

  /** Finds a channel or makes it; `undefined` if there is no room. */
  obtain(name: string): HubChannel | undefined {
    const known = this.#channels.get(name);
    if (known !== undefined) {
      this.#touch(known);
      return known;
    }
    if (this.#channels.size >= this.#settings.maxChannels) {
      const [oldest] = this.#unused;
      if (oldest === undefined) return undefined;
      this.#remove(oldest);
      this.#counters.channelsEvicted += 1;
    }
    const channel = new HubChannel(name, this.#settings.channel(name));
    this.#channels.set(name, channel);
    this.#rest(channel);
    return channel;
  }

  /** Publishes here and at the other hubs; returns how many had room here. */
  publish(name: string, bytes: Uint8Array, isText: boolean): number {
    this.#link?.message(name, bytes, isText);
    const channel = this.obtain(name);
    if (channel === undefined) {
      this.#counters.dropped.channels += 1;
      return 0;
    }
    const accepted = this.#deliver(channel, bytes, isText);
    this.#tidy(channel);
    return accepted;
  }

  /** A client has sent a message, which others get if the channel is such. */
  relay(name: string, bytes: Uint8Array, isText: boolean): void {
    const channel = this.obtain(name);
    if (channel === undefined) {
      this.#counters.dropped.channels += 1;
      return;
    }
    if (channel.options.isRelayed) {
      this.#link?.message(name, bytes, isText);
      // The message itself belongs to whoever drains the events.
      this.#deliver(channel, this.#slab.copy(bytes), isText);
    }
    this.#tidy(channel);
  }

  subscribe(
    client: HubClient,
    message: Extract<ControlMessage, { type: "subscribe" }>,
  ): void {
    const { request, channel: name, history, withPresence } = message;
    const { maxSubscriptions, canSubscribe } = this.#settings;
    const deny = (reason: string): void => {
      this.#tell(client, { type: "denied", request, reason });
    };
    if (!canSubscribe(client.identity, name)) {
      // It may have been allowed before.
      this.unsubscribe(client, name);
      return deny(NOT_ALLOWED);
    }
    const isKnown = this.#channels.get(name)?.subscribers.has(client) ?? false;
    if (!isKnown && client.subscriptions.size >= maxSubscriptions) {
      return deny("too many subscriptions");
    }
    const channel = this.obtain(name);
    if (channel === undefined) return deny("too many channels");
    // What was asked in between is the game's own, which may have removed the client.
    if (client.isEnded) return;
    // Asked for once: else a question of a few bytes would bring as many again.
    const asked = isKnown ? [] : channel.last(history);
    const past = client.newestThatFit(channel, asked);
    this.#tell(client, {
      type: "subscribed",
      request,
      history: past.length,
      omitted: asked.length - past.length,
    });
    if (!channel.subscribers.has(client)) {
      channel.subscribers.add(client);
      this.#unused.delete(channel);
      client.subscriptions.add(channel);
      const joined = channel.join(client);
      if (joined !== undefined) {
        this.#link?.joined(name, joined);
        this.onJoined(name, joined);
      }
    }
    if (withPresence) {
      // Who asks again may have lost what it was told, in a gap.
      channel.watchers.add(client);
      this.#due.add(channel);
    } else channel.watchers.delete(client);
    for (const { bytes, isText } of past) {
      this.#send(client, channel, this.#messageOf(bytes, { isText }));
    }
  }

  /** Returns whether there was a subscription. */
  unsubscribe(client: HubClient, name: string): boolean {
    const channel = this.#channels.get(name);
    if (channel === undefined || !channel.subscribers.delete(client)) {
      return false;
    }
    client.subscriptions.delete(channel);
    client.shut(name);
    channel.watchers.delete(client);
    const left = channel.leave(client);
    if (left !== undefined) {
      this.#link?.left(name, left.playerId);
      this.onLeft(name, left.playerId);
    }
    if (channel.subscribers.size === 0) this.#rest(channel);
    this.#tidy(channel);
    return true;
  }

  /** Ends a subscription that the client has not left; returns whether there was one. */
  end(client: HubClient, name: string, reason: string): boolean {
    if (!this.unsubscribe(client, name)) return false;
    this.#tell(client, { type: "unsubscribed", channel: name, reason });
    return true;
  }

  /** Ends the subscriptions that a client may not have any more. */
  review(client: HubClient): void {
    const { canSubscribe } = this.#settings;
    for (const { name } of [...client.subscriptions]) {
      const isAllowed = canSubscribe(client.identity, name);
      // What was asked is the game's own, which may have removed the client.
      if (client.isEnded) return;
      if (!isAllowed) this.end(client, name, NOT_ALLOWED);
    }
  }

  /** A client is gone from all of them. */
  leaveAll(client: HubClient): void {
    for (const { name } of [...client.subscriptions]) {
      this.unsubscribe(client, name);
    }
  }

  /** Sends a message to one client; returns whether there was room. */
  sendTo(
    client: HubClient,
    name: string,
    bytes: Uint8Array,
    isText: boolean,
    request?: number,
  ): boolean {
    const message = this.#messageOf(
      bytes,
      request === undefined ? { isText } : { isText, request },
    );
    return this.sendMessage(client, name, message);
  }

  /** The same, of a message that many clients may share. */
  sendMessage(client: HubClient, name: string, message: OutMessage): boolean {
    const known = this.#channels.get(name);
    if (known !== undefined) this.#touch(known);
    // Kept for one client alone, it would push out those of which there is a past; and
    // of what to reply on, strangers make up the names.
    const channel = known ?? client.sentOn(name) ??
      new HubChannel(name, this.#settings.channel(name));
    const deflation = message.deflation ?? this.#deflater?.of(message.bytes);
    return this.#send(
      client,
      channel,
      deflation === message.deflation ? message : { ...message, deflation },
    );
  }

  tick(dt: number): void {
    this.#seconds += dt;
    const idleSeconds = this.#settings.channelIdleMs / 1_000;
    for (const channel of this.#unused) {
      if (this.#seconds - channel.unusedSince <= idleSeconds) break;
      this.#remove(channel);
    }
    this.#link?.tick(dt);
    for (const channel of this.#due) {
      channel.watchers.tell(
        this.#presence.members(channel.name),
        this.#seconds,
      );
      if (!channel.watchers.isDue) this.#due.delete(channel);
    }
  }

  /** Tells the other hubs that this one is gone. */
  close(): void {
    this.#link?.close();
  }

  /** What another hub publishes. */
  onMessage(name: string, bytes: Uint8Array, isText: boolean): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    this.#touch(channel);
    this.#deliver(channel, this.#slab.copy(bytes), isText);
  }

  /** A player is at one more hub, this one or another. */
  onJoined(name: string, member: Member): void {
    if (!this.#presence.join(name, member)) return;
    const channel = this.#channels.get(name);
    channel?.watchers.joined(member);
    if (channel?.watchers.isDue) this.#due.add(channel);
  }

  /** A player is at one hub fewer. */
  onLeft(name: string, playerId: string): void {
    const member = this.#presence.leave(name, playerId);
    if (member === undefined) return;
    const channel = this.#channels.get(name);
    channel?.watchers.left(member);
    if (channel?.watchers.isDue) this.#due.add(channel);
  }

  /** The players at this hub. */
  *localMembers(): IterableIterator<readonly [string, Member]> {
    for (const channel of this.#channels.values()) {
      for (const member of channel.localMembers) yield [channel.name, member];
    }
  }

  #deliver(channel: HubChannel, bytes: Uint8Array, isText: boolean): number {
    channel.remember(bytes, isText);
    const message = this.#messageOf(bytes, { isText });
    let accepted = 0;
    for (const client of channel.subscribers) {
      // A burst in one tick makes nobody slow whose socket takes more.
      const isSent = this.#send(client, channel, message) ||
        this.#flush(client) && this.#send(client, channel, message);
      if (isSent) accepted += 1;
      else if (channel.options.slow === "disconnect") this.#onSlow(client);
    }
    return accepted;
  }

  /** Makes a message that many clients may share. */
  #messageOf(bytes: Uint8Array, options: SendOptions): OutMessage {
    return outMessage(bytes, options, this.#deflater);
  }

  #send(client: HubClient, channel: HubChannel, message: OutMessage): boolean {
    const isAccepted = client.send(channel, message);
    if (isAccepted) this.#counters.messagesOut += 1;
    else this.#counters.dropped.noRoom += 1;
    return isAccepted;
  }

  /** A client that misses one of these would be wrong from then on. */
  #tell(client: HubClient, message: ControlMessage): void {
    // It is ended in the next tick: here, its end would be told to others like it.
    if (!client.tell(message)) client.isStuck = true;
  }

  #touch(channel: HubChannel): void {
    if (this.#unused.has(channel)) this.#rest(channel);
  }

  #rest(channel: HubChannel): void {
    channel.unusedSince = this.#seconds;
    this.#unused.delete(channel);
    this.#unused.add(channel);
  }

  /** What strangers' messages made must not stay. */
  #tidy(channel: HubChannel): void {
    const isMissed = channel.subscribers.size > 0 || channel.hasHistory;
    if (!isMissed) this.#remove(channel);
  }

  #remove(channel: HubChannel): void {
    this.#unused.delete(channel);
    this.#due.delete(channel);
    this.#channels.delete(channel.name);
  }
}
