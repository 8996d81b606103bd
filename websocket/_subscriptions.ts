// This module is browser compatible.
import type { ChannelConfig } from "./client_options.ts";
import type { WsDataMessage } from "./message.ts";
import { encodeControl } from "./mux/control_message.ts";
import type { Session } from "./mux/session.ts";

/** A channel as it is wanted. */
interface Wanted {
  readonly history: number;
  readonly presence: boolean;
  readonly filter: ((message: WsDataMessage) => boolean) | undefined;
  isActive: boolean;
  /** The last question, as long as it is not answered. */
  request: number | undefined;
}

/** What a client wants of the channels of its hub, and what it has asked for. */
export class Subscriptions {
  readonly #session: Session;
  readonly #wanted = new Map<string, Wanted>();
  /** The channels of questions that were not answered yet, by request. */
  readonly #asked = new Map<number, string>();
  #nextRequest = 1;

  constructor(session: Session) {
    this.#session = session;
  }

  list(): ChannelConfig[] {
    return [...this.#wanted].map((
      [name, { history, presence, filter, isActive }],
    ) => ({
      name,
      history,
      presence,
      active: isActive,
      ...filter === undefined ? {} : { filter },
    }));
  }

  filterOf(name: string): ((message: WsDataMessage) => boolean) | undefined {
    return this.#wanted.get(name)?.filter;
  }

  /** Puts a channel in place of what was wanted of it; returns whether the hub will be asked. */
  set(config: ChannelConfig): boolean {
    const { name, history = 0, presence = false, filter, active } = config;
    const isActive = active ?? true;
    if (!isActive) this.#leave(name);
    const wanted = { history, presence, filter, isActive, request: undefined };
    this.#wanted.set(name, wanted);
    this.#session.expectChannels(this.#wanted.size);
    return isActive && this.#ask(name, wanted, history);
  }

  /** Returns whether it was there. */
  remove(name: string): boolean {
    this.#leave(name);
    return this.#wanted.delete(name);
  }

  /** The hub has answered; returns about which channel, if that is known. */
  answer(request: number, isGranted: boolean): string | undefined {
    const name = this.#asked.get(request);
    if (name === undefined) return undefined;
    this.#asked.delete(request);
    const wanted = this.#wanted.get(name);
    if (wanted?.request === request) {
      wanted.request = undefined;
      wanted.isActive = isGranted;
    }
    return name;
  }

  /** The hub has ended a subscription; returns whether there was one, as far as is known. */
  end(name: string): boolean {
    const wanted = this.#wanted.get(name);
    if (wanted?.isActive !== true) return false;
    // What was asked since is answered after this, and that answer counts.
    const { request } = wanted;
    if (request !== undefined && this.#asked.has(request)) return false;
    wanted.isActive = false;
    wanted.request = undefined;
    return true;
  }

  /** History is for those who had none of it yet: of a new session, or without an answer. */
  askAgain(isNew: boolean): void {
    this.#asked.clear();
    for (const [name, wanted] of this.#wanted) {
      if (!wanted.isActive) continue;
      const isOwed = isNew || wanted.request !== undefined;
      this.#ask(name, wanted, isOwed ? wanted.history : 0);
    }
  }

  #ask(name: string, wanted: Wanted, history: number): boolean {
    const request = this.#nextRequest++;
    wanted.request = request;
    const isAsked = this.#session.control(encodeControl({
      type: "subscribe",
      request,
      channel: name,
      history,
      withPresence: wanted.presence,
    }));
    if (isAsked) this.#asked.set(request, name);
    return isAsked;
  }

  /** Tells the hub, if it was asked. */
  #leave(name: string): void {
    if (this.#wanted.get(name)?.isActive !== true) return;
    this.#session.control(
      encodeControl({ type: "unsubscribe", channel: name }),
    );
  }
}
