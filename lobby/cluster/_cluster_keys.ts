// This module is browser compatible.

/** The names of all that a cluster has in Redis. They share a hash tag, so that one shard has all of it. */
export class ClusterKeys {
  readonly #prefix: string;

  constructor(name: string) {
    this.#prefix = `tickwire:{${name}}:`;
  }

  /** Counts the leases. */
  get tokens(): string {
    return `${this.#prefix}tokens`;
  }

  /** What there is to know of each server, by token. */
  get servers(): string {
    return `${this.#prefix}servers`;
  }

  /**
   * Whose each record is, by its name: the token; and, if it was another's before, a space and what no two records that have
   * come to this server have in common: the number of the gift, or the token of the dead.
   */
  get owners(): string {
    return `${this.#prefix}owners`;
  }

  /** The channel for changes of listings. */
  get listed(): string {
    return `${this.#prefix}listed`;
  }

  lease(token: string): string {
    return `${this.#prefix}lease:${token}`;
  }

  records(token: string): string {
    return `${this.#prefix}records:${token}`;
  }

  listings(token: string): string {
    return `${this.#prefix}listings:${token}`;
  }

  /** What other servers have handed to this one, by the number of the gift, until it is read. */
  gifts(token: string): string {
    return `${this.#prefix}gifts:${token}`;
  }

  /** The number of the last batch that a server has saved. */
  saved(token: string): string {
    return `${this.#prefix}saved:${token}`;
  }

  /** What was another's, until its heir has read it. */
  inherited(token: string, from: string): string {
    return `${this.#prefix}inherited:${token}:${from}`;
  }
}
