// This module is browser compatible.
import type { ServerClient } from "./_server_client.ts";

/** Clients in the order in which they were sent something last, so that the first is the next to be sent a keep-alive. */
export class SendOrder {
  #first: ServerClient | undefined;
  #last: ServerClient | undefined;

  get first(): ServerClient | undefined {
    return this.#first;
  }

  /** Puts one in that is not there. */
  add(client: ServerClient): void {
    client.previous = this.#last;
    client.next = undefined;
    if (this.#last === undefined) this.#first = client;
    else this.#last.next = client;
    this.#last = client;
  }

  remove(client: ServerClient): void {
    const { previous, next } = client;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    client.previous = undefined;
    client.next = undefined;
  }

  /** Notes that one was sent something. */
  toLast(client: ServerClient): void {
    if (client === this.#last) return;
    this.remove(client);
    this.add(client);
  }
}
