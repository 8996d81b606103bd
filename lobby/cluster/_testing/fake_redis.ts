import type { Clock, RedisLike } from "../../../core/mod.ts";
import { SCRIPTS } from "../_scripts.ts";

type Hash = Map<string, string>;

interface Value {
  readonly value: string | Hash;
  untilMs: number;
}

/** What may happen to a connection. */
export interface FakeConnection extends RedisLike {
  /** Commands are rejected, and not carried out. */
  isCut: boolean;
  /** Commands are carried out, and rejected. */
  losesReplies: boolean;
  /** Commands are carried out, and their replies wait. */
  isHeld: boolean;
  /** Commands wait, and are carried out in the end. */
  isSlow: boolean;
  /** Messages of publish/subscribe are lost. */
  losesMessages: boolean;
  /** Lets those commands and replies come. */
  release(): void;
  /** How many replies wait. */
  readonly waiting: number;
}

/** As much of a Redis server as a cluster needs, with a clock of the test's. Its scripts are carried out by hand. */
export class FakeRedis {
  readonly #clock: Clock;
  readonly #values = new Map<string, Value>();
  readonly #listeners = new Set<
    { channel: string; on: (message: string) => void; of: FakeConnection }
  >();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  connect(): FakeConnection {
    const waiting: (() => void)[] = [];
    const connection: FakeConnection = {
      isCut: false,
      losesReplies: false,
      isHeld: false,
      isSlow: false,
      losesMessages: false,
      release: () => {
        connection.isHeld = false;
        connection.isSlow = false;
        for (const reply of waiting.splice(0)) reply();
      },
      get waiting() {
        return waiting.length;
      },
      command: async (args) => {
        if (connection.isCut) throw new Error("the connection is cut");
        if (connection.isSlow) {
          await new Promise<void>((resolve) => waiting.push(resolve));
        }
        const reply = this.#run(args);
        if (connection.losesReplies) throw new Error("the reply is lost");
        if (connection.isHeld) {
          await new Promise<void>((resolve) => waiting.push(resolve));
        }
        return reply;
      },
      subscribe: (channel, on) => {
        const listener = { channel, on, of: connection };
        this.#listeners.add(listener);
        return Promise.resolve(() => {
          this.#listeners.delete(listener);
          return Promise.resolve();
        });
      },
    };
    return connection;
  }

  /** The names of all keys. */
  get keys(): string[] {
    return [...this.#values.keys()].filter((key) => this.#get(key)).sort();
  }

  hash(key: string): Hash {
    const value = this.#get(key)?.value;
    return value instanceof Map ? value : new Map();
  }

  #get(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined || value.untilMs > this.#clock.nowMs()) {
      return value;
    }
    this.#values.delete(key);
    return undefined;
  }

  #text(key: string): string | null {
    const value = this.#get(key)?.value;
    return typeof value === "string" ? value : null;
  }

  #made(key: string): Hash {
    const value = this.#get(key)?.value;
    if (value instanceof Map) return value;
    const hash: Hash = new Map();
    this.#values.set(key, { value: hash, untilMs: Infinity });
    return hash;
  }

  #hdel(key: string, field: string): boolean {
    const hash = this.hash(key);
    const isThere = hash.delete(field);
    if (hash.size === 0) this.#values.delete(key);
    return isThere;
  }

  #expire(key: string, ms: number): void {
    const value = this.#get(key);
    if (value !== undefined) value.untilMs = this.#clock.nowMs() + ms;
  }

  #publish(channel: string, message: string): void {
    for (const listener of this.#listeners) {
      const { of, on } = listener;
      if (listener.channel !== channel || of.isCut || of.losesMessages) {
        continue;
      }
      queueMicrotask(() => on(message));
    }
  }

  #run(args: readonly string[]): unknown {
    const [name, ...rest] = args;
    switch (name) {
      case "INCR": {
        const next = Number(this.#text(rest[0]!) ?? "0") + 1;
        this.#values.set(rest[0]!, { value: `${next}`, untilMs: Infinity });
        return next;
      }
      case "HGET":
        return this.hash(rest[0]!).get(rest[1]!) ?? null;
      case "HDEL":
        return rest.slice(1).filter((it) => this.#hdel(rest[0]!, it)).length;
      case "MGET":
        return rest.map((key) => this.#text(key));
      case "DEL":
        return rest.filter((key) => this.#values.delete(key)).length;
      case "EVAL": {
        const count = Number(rest[1]);
        return this.#eval(
          rest[0]!,
          rest.slice(2, 2 + count),
          rest.slice(2 + count),
        );
      }
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  #eval(source: string, keys: string[], args: string[]): unknown {
    if (source === SCRIPTS.read) return [...this.hash(keys[0]!)].flat();
    const [lease] = keys as [string];
    const [token] = args as [string];
    if (source === SCRIPTS.acquire) {
      if (this.#text(lease) !== null) return null;
      this.#values.set(lease, {
        value: token,
        untilMs: this.#clock.nowMs() + Number(args[1]),
      });
      this.#made(keys[1]!).set(token, args[2]!);
      return 1;
    }
    if (this.#text(lease) !== token) return null;
    switch (source) {
      case SCRIPTS.renew:
        this.#expire(lease, Number(args[1]));
        this.#expire(keys[2]!, Number(args[1]));
        this.#made(keys[1]!).set(token, args[2]!);
        return [...this.hash(keys[1]!)].flat();
      case SCRIPTS.release:
        for (const key of keys) this.#values.delete(key);
        return 1;
      case SCRIPTS.load: {
        const [, records, owners, gifts] = keys as [
          ...[string, string, string, string],
        ];
        this.#values.delete(gifts);
        return [...this.hash(records)].flatMap(([name, value]) => [
          ...[name, value, this.hash(owners).get(name) ?? ""],
        ]);
      }
      case SCRIPTS.save:
        return this.#save(token, keys, args);
      case SCRIPTS.claim: {
        const [, records, owners] = keys as [string, string, string];
        const owner = this.hash(owners).get(args[1]!);
        const before = this.hash(records).get(args[1]!);
        if (owner === token && before === args[2]) return "";
        if (owner !== undefined) return owner;
        this.#made(owners).set(args[1]!, token);
        this.#made(records).set(args[1]!, args[2]!);
        return "";
      }
      case SCRIPTS.adopt:
        return this.#adopt(keys, args);
      case SCRIPTS.give: {
        const [, other, records, others, owners, gifts] = keys as [
          ...[string, string, string, string, string, string],
        ];
        if (this.hash(owners).get(args[8]!) !== args[6]) return 1;
        if (this.#get(other) === undefined) return 0;
        for (let i = 8; i + 1 < args.length; i += 2) {
          this.#hdel(records, args[i]!);
          this.#made(others).set(args[i]!, args[i + 1]!);
          this.#made(owners).set(args[i]!, args[7]!);
        }
        this.#made(gifts).set(args[2]!, args[3]!);
        this.#expire(gifts, Number(args[4]));
        this.#publish(args[5]!, `to ${args[1]}`);
        return 1;
      }
      case SCRIPTS.publish: {
        const count = Number(args[5]);
        const hash = this.#made(keys[1]!);
        for (let i = 0; i < count; i++) {
          hash.set(args[6 + 2 * i]!, args[7 + 2 * i]!);
        }
        for (const id of args.slice(6 + 2 * count)) hash.delete(id);
        hash.set("", args[4]!);
        this.#expire(keys[1]!, Number(args[1]));
        this.#publish(args[2]!, args[3]!);
        return 1;
      }
      default:
        throw new Error("unknown script");
    }
  }

  #save(token: string, keys: string[], args: string[]): string[] {
    const [, records, owners, saved] = keys as [
      ...[string, string, string, string],
    ];
    const [, number, keptMs, count] = args as [string, string, string, string];
    const isNext = Number(number) > Number(this.#text(saved) ?? "0");
    const taken: string[] = [];
    const end = 4 + 3 * Number(count);
    for (let i = 4; i < end; i += 3) {
      const [name, known, value] = args.slice(i) as [string, string, string];
      const owner = this.hash(owners).get(name);
      if (owner !== undefined && owner.split(" ")[0] !== token) {
        taken.push(name);
        continue;
      }
      const isKnown = (owner ?? "") === known ||
        known === "" && owner === token;
      if (!isNext || !isKnown) continue;
      if (owner === undefined) this.#made(owners).set(name, token);
      this.#made(records).set(name, value);
    }
    if (!isNext) return taken;
    for (let i = end; i < args.length; i += 2) {
      const name = args[i]!;
      if (this.hash(owners).get(name) !== args[i + 1]) continue;
      this.#hdel(records, name);
      this.#hdel(owners, name);
    }
    this.#values.set(saved, {
      value: number,
      untilMs: this.#clock.nowMs() + Number(keptMs),
    });
    return taken;
  }

  #adopt(keys: string[], args: string[]): string[] {
    const [, lease, records, from, owners, servers, kept, gifts, saved] =
      keys as [
        ...[string, string, string, string, string],
        ...[string, string, string, string],
      ];
    if (this.#get(kept) !== undefined) return [...this.hash(kept)].flat();
    if (this.#get(lease) !== undefined) return [];
    const inherited = [...this.hash(from)];
    for (const [name, value] of inherited) {
      this.#made(records).set(name, value);
      this.#made(owners).set(name, args[2]!);
    }
    for (const key of [from, gifts, saved]) this.#values.delete(key);
    if (inherited.length > 0) {
      this.#values.set(kept, {
        value: new Map(inherited),
        untilMs: this.#clock.nowMs() + Number(args[3]),
      });
    }
    this.#hdel(servers, args[1]!);
    return inherited.flat();
  }
}
