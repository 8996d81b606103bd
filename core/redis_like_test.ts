import { assertEquals, assertRejects } from "@std/assert";
import { fromIoredis, fromNodeRedis, type RedisLike } from "./redis_like.ts";

/** What the fakes have in common: they write down what is asked of them. */
class FakeClient {
  readonly log: string[];
  failing = "";
  deliver: (channel: string, message: string) => void = () => {};
  fail: (error: Error) => void = () => {
    throw new Error("an error nobody listens to ends the process");
  };
  copy: FakeClient | undefined;

  constructor(log: string[] = []) {
    this.log = log;
  }

  step(name: string, ...args: string[]): Promise<unknown> {
    this.log.push([name, ...args].join(" "));
    return this.failing === name
      ? Promise.reject(new Error(`${name} failed`))
      : Promise.resolve(`+${name}`);
  }
}

/** Shaped like a client of `redis`. */
class FakeNodeRedis extends FakeClient {
  sendCommand(args: string[]): Promise<unknown> {
    return this.step("sendCommand", ...args);
  }

  duplicate(): FakeNodeRedis {
    this.log.push("duplicate");
    const copy = new FakeNodeRedis(this.log);
    copy.failing = this.failing;
    this.copy = copy;
    return copy;
  }

  connect(): Promise<unknown> {
    return this.step("connect");
  }

  subscribe(
    channel: string,
    listener: (message: string, channel: string) => void,
  ): Promise<unknown> {
    this.deliver = (channel, message) => listener(message, channel);
    return this.step("subscribe", channel);
  }

  on(_event: "error", listener: (error: unknown) => void): this {
    this.fail = listener;
    return this;
  }

  destroy(): void {
    this.log.push("destroy");
  }
}

/** Shaped like a client of `ioredis`. */
class FakeIoredis extends FakeClient {
  call(command: string, ...args: string[]): Promise<unknown> {
    return this.step("call", command, ...args);
  }

  duplicate(): FakeIoredis {
    this.log.push("duplicate");
    const copy = new FakeIoredis(this.log);
    copy.failing = this.failing;
    this.copy = copy;
    return copy;
  }

  subscribe(channel: string): Promise<unknown> {
    return this.step("subscribe", channel);
  }

  // deno-lint-ignore no-explicit-any
  on(event: string, listener: (...args: any[]) => void): this {
    if (event === "message") this.deliver = listener;
    if (event === "error") this.fail = listener;
    return this;
  }

  disconnect(): void {
    this.log.push("disconnect");
  }
}

interface Subject {
  client: FakeClient;
  redis: RedisLike;
  command: string;
  connected: string[];
  closed: string;
}

const SUBJECTS: Record<string, () => Subject> = {
  "fromNodeRedis()": () => {
    const client = new FakeNodeRedis();
    return {
      client,
      redis: fromNodeRedis(client),
      command: "sendCommand",
      connected: ["duplicate", "connect"],
      closed: "destroy",
    };
  },
  "fromIoredis()": () => {
    const client = new FakeIoredis();
    return {
      client,
      redis: fromIoredis(client),
      command: "call",
      connected: ["duplicate"],
      closed: "disconnect",
    };
  },
};

for (const [name, make] of Object.entries(SUBJECTS)) {
  Deno.test(`${name} sends commands`, async () => {
    const { client, redis, command } = make();
    assertEquals(
      await redis.command(["ZADD", "scores", "1200", "ada"]),
      `+${command}`,
    );
    await redis.command(["PING"]);
    assertEquals(client.log, [
      `${command} ZADD scores 1200 ada`,
      `${command} PING`,
    ]);
  });

  Deno.test(`${name} leaves the arguments alone`, async () => {
    const { redis } = make();
    const args = Object.freeze(["GET", "key"]);
    await redis.command(args);
    assertEquals(args, ["GET", "key"]);
  });

  Deno.test(`${name} rejects with what the client rejects with`, async () => {
    const { client, redis, command } = make();
    client.failing = command;
    await assertRejects(() => redis.command(["PING"]), Error, "failed");
  });

  Deno.test(`${name} subscribes on a connection of its own`, async () => {
    const { client, redis, connected, closed } = make();
    const messages: string[] = [];
    const end = await redis.subscribe!("rooms", (message) => {
      messages.push(message);
    });
    assertEquals(client.log, [...connected, "subscribe rooms"]);
    client.copy?.deliver("rooms", "one");
    client.copy?.deliver("rooms", "two");
    assertEquals(messages, ["one", "two"]);
    await end();
    await end();
    assertEquals(client.log.slice(-2), ["subscribe rooms", closed]);
    client.copy?.deliver("rooms", "late");
    assertEquals(messages, ["one", "two"]);
  });

  Deno.test(`${name} survives errors of the subscription's connection`, async () => {
    const { client, redis } = make();
    const end = await redis.subscribe!("rooms", () => {});
    client.copy?.fail(new Error("connection lost"));
    await end();
  });

  Deno.test(`${name} closes the connection when subscribing fails`, async () => {
    for (const step of ["connect", "subscribe"]) {
      const { client, redis, connected, closed } = make();
      client.failing = step;
      if (step === "connect" && !connected.includes(step)) continue;
      await assertRejects(
        () => redis.subscribe!("rooms", () => {}),
        Error,
        `${step} failed`,
      );
      assertEquals(client.log.at(-1), closed);
    }
  });
}
