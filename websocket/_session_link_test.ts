import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../core/mod.ts";
import { testMessageLink } from "../protocol/_testing/message_link_conformance.ts";
import { Channel } from "../protocol/mod.ts";
import { SessionLink } from "./_session_link.ts";
import { readHello } from "./hub/_read_hello.ts";
import { Session } from "./mux/session.ts";
import type { SessionOptions } from "./mux/session_options.ts";

const { Reliable, ReliableOrdered } = Channel;

/** Two sessions in memory, with a link at each. */
class Wire {
  readonly clock = new ManualClock();
  readonly client: Session;
  hub: Session;
  readonly #options: Partial<SessionOptions>;
  #isUp = false;
  #isGreeted = false;
  #sessions = 0;

  constructor(options: Partial<SessionOptions> = {}) {
    this.#options = options;
    this.client = new Session({
      role: "client",
      clock: this.clock,
      ...options,
    });
    this.hub = this.#newHub();
  }

  #newHub(): Session {
    this.#sessions += 1;
    return new Session({
      role: "hub",
      clock: this.clock,
      sessionId: new Uint8Array(16).fill(this.#sessions),
      ...this.#options,
    });
  }

  cut(): void {
    this.#isUp = false;
    this.client.detach();
    this.hub.detach();
  }

  forget(): void {
    this.cut();
    this.hub = this.#newHub();
  }

  /** Until nothing is on its way. */
  settle(): void {
    if (!this.#isUp) {
      this.#isUp = true;
      this.#isGreeted = false;
      this.client.attach();
    }
    for (let idle = 0; idle < 3;) {
      this.client.tick(0.05);
      this.hub.tick(0.05);
      const isBusy = this.#toHub() || this.#toClient();
      idle = isBusy ? 0 : idle + 1;
      // The links take from their own inlets.
      while (this.client.poll() !== undefined);
      while (this.hub.poll() !== undefined);
    }
  }

  #toHub(): boolean {
    const frame = this.client.nextFrame();
    if (frame === undefined) return false;
    if (this.#isGreeted) {
      assertEquals(this.hub.receive(frame), undefined);
      return true;
    }
    this.#isGreeted = true;
    const hello = readHello(frame)!;
    const isKnown = hello.session?.[0] === this.#sessions;
    assertEquals(
      this.hub.attach(
        isKnown ? hello : { ...hello, session: undefined, received: 0 },
      ),
      undefined,
    );
    return true;
  }

  #toClient(): boolean {
    const frame = this.hub.nextFrame();
    if (frame === undefined) return false;
    assertEquals(this.client.receive(frame), undefined);
    return true;
  }
}

for (
  const [name, options] of Object.entries({
    "SessionLink": {},
    "SessionLink with small limits": {
      maxFrameBytes: 1_024,
      maxMessageBytes: 3_000,
      windowBytes: 4_096,
    },
  })
) {
  testMessageLink(name, (run) => {
    const wire = new Wire(options);
    return run({
      a: new SessionLink(wire.client, "game"),
      b: new SessionLink(wire.hub, "game"),
      settle: () => wire.settle(),
    });
  });
  testMessageLink(`${name} from the hub`, (run) => {
    const wire = new Wire(options);
    return run({
      a: new SessionLink(wire.hub, "game"),
      b: new SessionLink(wire.client, "game"),
      settle: () => wire.settle(),
    });
  });
}

function bytesOf(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

function take(link: SessionLink): number[] {
  const got: number[] = [];
  link.poll((bytes) => got.push(bytes[0]!));
  return got;
}

Deno.test("SessionLink goes on over cuts", () => {
  const wire = new Wire();
  const a = new SessionLink(wire.client, "game");
  const b = new SessionLink(wire.hub, "game");
  wire.settle();
  const got: number[] = [];
  for (let i = 0; i < 50; i++) {
    assert(a.send(bytesOf(i), ReliableOrdered));
    if (i % 3 === 0) {
      wire.client.nextFrame();
      wire.cut();
    }
    if (i % 5 === 0) wire.settle();
    got.push(...take(b));
  }
  wire.settle();
  got.push(...take(b));
  assertEquals(got, Array.from({ length: 50 }, (_, i) => i));
  assertEquals([a.state.type, b.state.type], ["open", "open"]);
});

Deno.test("SessionLink closes with the session, and the next begins clean", () => {
  const wire = new Wire();
  const a = new SessionLink(wire.client, "game");
  const old = new SessionLink(wire.hub, "game");
  wire.settle();
  old.send(bytesOf(1), ReliableOrdered);
  wire.settle();
  wire.cut();
  assert(a.send(bytesOf(9), ReliableOrdered));
  wire.forget();
  // The new hub's end is there, and speaks, before the client's.
  const b = new SessionLink(wire.hub, "game");
  wire.settle();
  assert(b.send(bytesOf(2), ReliableOrdered));
  wire.settle();
  assertEquals(a.state.type, "open");
  assertEquals(take(a), [1]);
  assertEquals(a.state, { type: "closed", reason: "the session was lost" });
  const next = new SessionLink(wire.client, "game");
  assertEquals(next.state.type, "open");
  assertEquals(take(next), [2]);
  next.send(bytesOf(3), Reliable);
  wire.settle();
  assertEquals(take(b), [3]);
});

Deno.test("SessionLink that nobody has looked at hands out what came before the session was closed", () => {
  const wire = new Wire();
  const a = new SessionLink(wire.client, "game");
  const b = new SessionLink(wire.hub, "game");
  wire.settle();
  assert(a.send(bytesOf(1), Reliable));
  wire.settle();
  wire.hub.end();
  assertEquals(take(b), [1]);
  assertEquals(b.state, { type: "closed", reason: "the session was closed" });
});

Deno.test("SessionLink closes at both ends where messages were lost", () => {
  const wire = new Wire({ maxReplayAgeMs: 1_000 });
  const a = new SessionLink(wire.client, "game");
  const b = new SessionLink(wire.hub, "game");
  wire.settle();
  a.send(bytesOf(1), Reliable);
  wire.settle();
  a.send(bytesOf(2), Reliable);
  wire.client.nextFrame();
  wire.cut();
  wire.client.tick(2);
  wire.settle();
  assertEquals(take(b), [1]);
  assertEquals(b.state, { type: "closed", reason: "messages were lost" });
  assertEquals(a.state, { type: "closed", reason: "messages were lost" });
});

Deno.test("SessionLink that nobody polls holds its own end up, and no memory", () => {
  const wire = new Wire({ windowBytes: 8_192 });
  const a = new SessionLink(wire.client, "game");
  const b = new SessionLink(wire.hub, "game");
  const chat = wire.client.openChannel("chat")!;
  wire.settle();
  for (let i = 0; i < 100; i++) {
    a.send(new Uint8Array(1_000).fill(i), ReliableOrdered);
  }
  wire.settle();
  assert(wire.hub.pendingEvents < 10, `${wire.hub.pendingEvents}`);
  // Others go on.
  assert(wire.client.send(chat, bytesOf(1)));
  wire.settle();
  assertEquals(wire.client.queuedBytes > 90_000, true);
  const got: number[] = [];
  while (got.length < 100) {
    got.push(...take(b));
    wire.settle();
  }
  assertEquals(got, Array.from({ length: 100 }, (_, i) => i));
});

Deno.test("SessionLink leaves no channel behind when it is closed", () => {
  const wire = new Wire();
  const link = new SessionLink(wire.client, "game");
  new SessionLink(wire.hub, "game");
  wire.settle();
  assert(link.send(bytesOf(1), Reliable));
  link.close("done");
  wire.settle();
  // What comes for it is thrown away, and acknowledged.
  assertEquals(wire.client.queuedMessages, 0);
  assertEquals(wire.client.pendingEvents, 0);
});

Deno.test("SessionLink refuses a name that is too long or empty", () => {
  const { client } = new Wire();
  for (const name of ["", "x".repeat(127), "é".repeat(64)]) {
    assertThrows(() => new SessionLink(client, name), RangeError, "1 to 126");
  }
  new SessionLink(client, "x".repeat(126));
});
