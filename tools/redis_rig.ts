// A Redis of a test's own, and what speaks to it.
import { Redis } from "ioredis";
import { createClient } from "redis";
import { fromIoredis, fromNodeRedis, type RedisLike } from "../core/mod.ts";
import { RedisServer } from "./redis_server.ts";

/** A connection and how to end it. */
export interface Connected {
  readonly redis: RedisLike;
  close(): Promise<void>;
}

/** Connects a client to a server. */
export type Connect = (server: RedisServer) => Promise<Connected>;

function nodeRedis(RESP: 2 | 3): Connect {
  return async (server) => {
    const client = createClient({
      RESP,
      socket: { path: server.socket, tls: false, reconnectStrategy: 10 },
    });
    // A server that is stopped is what some tests are about.
    client.on("error", () => {});
    await client.connect();
    return {
      redis: fromNodeRedis(client),
      close: () => Promise.resolve(client.destroy()),
    };
  };
}

/** The clients, over both versions of the protocol. */
export const CLIENTS: Readonly<Record<string, Connect>> = {
  "node-redis": nodeRedis(3),
  "node-redis over RESP 2": nodeRedis(2),
  async ioredis(server) {
    const client = new Redis(server.socket, { retryStrategy: () => 10 });
    client.on("error", () => {});
    await client.ping();
    const all = [client];
    return {
      redis: fromIoredis({
        call: (name, ...args) => client.call(name, ...args),
        duplicate() {
          const subscriber = client.duplicate();
          all.push(subscriber);
          return subscriber;
        },
      }),
      // A connection that was told to end has a timer until it has.
      async close() {
        for (const one of all) {
          if (one.status === "end") continue;
          const ended = new Promise((resolve) => one.once("end", resolve));
          one.disconnect();
          await ended;
        }
      },
    };
  },
};

/** A server with as many clients as a test wants, which all end with it. */
export class RedisRig {
  readonly server: RedisServer;
  readonly #connect: Connect;
  readonly #connections: Connected[] = [];

  private constructor(server: RedisServer, connect: Connect) {
    this.server = server;
    this.#connect = connect;
  }

  static async start(
    connect: Connect = CLIENTS["node-redis"]!,
    args: readonly string[] = [],
  ): Promise<RedisRig> {
    return new RedisRig(await RedisServer.start(args), connect);
  }

  async connect(): Promise<RedisLike> {
    const connected = await this.#connect(this.server);
    this.#connections.push(connected);
    return connected.redis;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connected of this.#connections) await connected.close();
    await this.server[Symbol.asyncDispose]();
  }
}
