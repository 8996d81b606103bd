// This module is browser compatible.

/**
 * What tickwire needs of a Redis client. The client itself is the user's: it
 * comes in by {@linkcode fromNodeRedis} or {@linkcode fromIoredis}, or by an
 * object of one's own.
 */
export interface RedisLike {
  /**
   * Sends a command.
   *
   * @param args The name of the command and its arguments.
   * @returns A promise of the reply as the client decodes it: a string, a
   * number, `null`, or an array of these. Its shape may depend on the version of
   * the protocol: members with their scores are one flat list of strings in
   * RESP 2, a list of pairs in RESP 3, where the score may be a number.
   * @throws If the server replies with an error or cannot be reached.
   */
  command(args: readonly string[]): Promise<unknown>;
  /**
   * Listens to a channel of publish/subscribe. Messages that are published
   * while the connection is down are lost, as Redis has it.
   *
   * @param channel The name of the channel.
   * @param onMessage Called with each message. It must not throw.
   * @returns A promise that resolves when the server has confirmed, with a
   * function that ends the subscription; no message follows it.
   * @throws If the server cannot be reached.
   */
  subscribe?(
    channel: string,
    onMessage: (message: string) => void,
  ): Promise<() => Promise<void>>;
}

/** The part of a client of the npm package `redis`, version 5 or later, that is used. */
export interface NodeRedisClient {
  /**
   * Sends a command.
   *
   * @param args Its name and arguments.
   * @returns A promise of the reply.
   */
  sendCommand(args: string[]): Promise<unknown>;
  /**
   * Makes another client with the same options.
   *
   * @returns The client, not connected yet.
   */
  duplicate(): NodeRedisSubscriber;
}

/** A client of the npm package `redis` that does nothing but listen. */
export interface NodeRedisSubscriber {
  /**
   * Connects to the server.
   *
   * @returns A promise that resolves when it is connected.
   */
  connect(): Promise<unknown>;
  /**
   * Listens to a channel, also after the connection was lost and made anew.
   *
   * @param channel The name of the channel.
   * @param listener Called with each message.
   * @returns A promise that resolves when the server has confirmed.
   */
  subscribe(
    channel: string,
    listener: (message: string) => void,
  ): Promise<unknown>;
  /**
   * Listens to the errors of the connection.
   *
   * @param event `"error"`.
   * @param listener Called with each error.
   */
  on(event: "error", listener: (error: unknown) => void): unknown;
  /** Closes the connection at once. */
  destroy(): void;
}

/** The part of a client of the npm package `ioredis` that is used. */
export interface IoredisClient {
  /**
   * Sends a command.
   *
   * @param command Its name.
   * @param args Its arguments.
   * @returns A promise of the reply.
   */
  call(command: string, ...args: string[]): Promise<unknown>;
  /**
   * Makes another client with the same options.
   *
   * @returns The client, which connects by itself.
   */
  duplicate(): IoredisSubscriber;
}

/** A client of the npm package `ioredis` that does nothing but listen. */
export interface IoredisSubscriber {
  /**
   * Listens to a channel, also after the connection was lost and made anew.
   *
   * @param channel The name of the channel.
   * @returns A promise that resolves when the server has confirmed.
   */
  subscribe(channel: string): Promise<unknown>;
  /**
   * Listens to messages, or to the errors of the connection.
   *
   * @param event `"message"` or `"error"`.
   * @param listener Called with the channel and the message, or with the error.
   */
  on(
    event: "message" | "error",
    listener: (channel: string, message: string) => void,
  ): unknown;
  /** Closes the connection at once. */
  disconnect(): void;
}

/**
 * Uses a client of the npm package `redis` (node-redis), version 5 or later
 * (tested with 6).
 *
 * Each subscription is a connection of its own, a duplicate of the client, which
 * reconnects and subscribes again by itself. The client stays the caller's to
 * connect, to close, and to listen to for errors.
 *
 * @param client The client.
 * @returns What tickwire uses of it.
 *
 * @example Give a client to tickwire
 * ```ts ignore
 * import { createClient } from "redis";
 * import { fromNodeRedis } from "@tickwire/net/core";
 *
 * const client = createClient({ url: "redis://127.0.0.1:6379" });
 * client.on("error", console.error);
 * await client.connect();
 * const redis = fromNodeRedis(client);
 * await redis.command(["ZADD", "scores", "1200", "ada"]);
 * ```
 */
export function fromNodeRedis(client: NodeRedisClient): RedisLike {
  return {
    command(args) {
      return client.sendCommand([...args]);
    },
    async subscribe(channel, onMessage) {
      const subscriber = client.duplicate();
      subscriber.on("error", ignoreError);
      let ended = false;
      function end(): Promise<void> {
        if (!ended) subscriber.destroy();
        ended = true;
        return Promise.resolve();
      }
      try {
        await subscriber.connect();
        await subscriber.subscribe(channel, (message) => {
          if (!ended) onMessage(message);
        });
      } catch (error) {
        await end();
        throw error;
      }
      return end;
    },
  };
}

/**
 * Uses a client of the npm package `ioredis`, version 5 or later (tested with
 * 6).
 *
 * Each subscription is a connection of its own, a duplicate of the client, which
 * reconnects and subscribes again by itself. The client stays the caller's to
 * connect, to close, and to listen to for errors.
 *
 * @param client The client.
 * @returns What tickwire uses of it.
 *
 * @example Give a client to tickwire
 * ```ts ignore
 * import { Redis } from "ioredis";
 * import { fromIoredis } from "@tickwire/net/core";
 *
 * const redis = fromIoredis(new Redis("redis://127.0.0.1:6379"));
 * await redis.command(["ZADD", "scores", "1200", "ada"]);
 * ```
 */
export function fromIoredis(client: IoredisClient): RedisLike {
  return {
    command([name = "", ...args]) {
      return client.call(name, ...args);
    },
    async subscribe(channel, onMessage) {
      const subscriber = client.duplicate();
      subscriber.on("error", ignoreError);
      let ended = false;
      function end(): Promise<void> {
        if (!ended) subscriber.disconnect();
        ended = true;
        return Promise.resolve();
      }
      subscriber.on("message", (_channel, message) => {
        if (!ended) onMessage(message);
      });
      try {
        await subscriber.subscribe(channel);
      } catch (error) {
        await end();
        throw error;
      }
      return end;
    },
  };
}

/**
 * Both clients reconnect by themselves and make an error nobody listens to
 * fatal. The client that was duplicated meets the same server and reports it.
 */
function ignoreError(): void {}
