import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Channel, isOrdered, isReliable } from "../channel.ts";
import { MAX_CLOSE_REASON_BYTES, type MessageLink } from "../message_link.ts";

/** Two links of an implementation that are connected with each other. */
export interface MessageLinkSubject {
  /** One end: open, or `connecting` and open after `settle()`. */
  readonly a: MessageLink;
  /** The other end. */
  readonly b: MessageLink;
  /**
   * Brings whatever is on its way to the other end, in both directions: messages,
   * the opening, the news that an end was closed. It polls neither.
   */
  settle(): Promise<void> | void;
}

/** One thing that every {@linkcode MessageLink} does. */
export interface MessageLinkCase {
  /** Symbol, then behaviour. */
  readonly name: string;
  /** Throws where the subject does otherwise. */
  run(subject: MessageLinkSubject): Promise<void>;
}

/**
 * Registers a test for each of the cases.
 *
 * @param name The name of the implementation.
 * @param withSubject Calls back with a fresh subject, then cleans up. What its
 * unreliable channels lose or reorder does not matter.
 */
export function testMessageLink(
  name: string,
  withSubject: (
    run: (subject: MessageLinkSubject) => Promise<void>,
  ) => Promise<void>,
): void {
  for (const { name: behaviour, run } of MESSAGE_LINK_CASES) {
    Deno.test(`${name}.${behaviour}`, () => withSubject(run));
  }
}

const CHANNELS: readonly Channel[] = [
  Channel.Reliable,
  Channel.Unreliable,
  Channel.ReliableOrdered,
  Channel.UnreliableOrdered,
];
const { ReliableOrdered } = Channel;
/** What no bounded link holds. */
const FLOOD_BYTES = 2 ** 28;
/** How often to settle and poll before something counts as lost. */
const MAX_ROUNDS = 2_000;

/** What every {@linkcode MessageLink} does. */
export const MESSAGE_LINK_CASES: readonly MessageLinkCase[] = [
  {
    name: "send() returns false and nothing comes while connecting",
    async run({ a, b, settle }) {
      const isConnecting = [a, b].map(({ state }) =>
        state.type === "connecting"
      );
      [a, b].forEach((link, i) => {
        if (!isConnecting[i]) return;
        for (const channel of CHANNELS) {
          assertEquals(link.send(bytesOf(9), channel), false);
        }
        assertEquals(pollAll(link), []);
        assertEquals(link.rttMs, 0);
      });
      await settle();
      assertEquals([a.state.type, b.state.type], ["open", "open"]);
      await settle();
      assertEquals([...pollAll(a), ...pollAll(b)], []);
    },
  },
  {
    name: "maxMessageBytes and rttMs are numbers in their ranges",
    async run({ a, b, settle }) {
      await settle();
      for (const link of [a, b]) {
        assert(Number.isInteger(link.maxMessageBytes));
        assert(link.maxMessageBytes >= 1);
        assert(link.rttMs >= 0 && link.rttMs < Infinity);
      }
    },
  },
  {
    name: "send() carries every byte on every channel, both ways",
    async run({ a, b, settle }) {
      await settle();
      const size = Math.min(256, a.maxMessageBytes, b.maxMessageBytes);
      const every = Array.from({ length: size }, (_, i) => i);
      for (const [from, to] of [[a, b], [b, a]] as const) {
        for (const channel of CHANNELS) {
          assert(from.send(bytesOf(...every), channel));
          const got = await receive(to, settle, isReliable(channel) ? 1 : 0);
          if (got.length > 0 || isReliable(channel)) {
            assertEquals(got, [{ channel, bytes: every }]);
          }
        }
        assertEquals(pollAll(from), []);
      }
    },
  },
  {
    name: "send() copies the bytes before it returns",
    async run({ a, b, settle }) {
      await settle();
      const buffer = bytesOf(9, 1, 2, 3, 9);
      assert(a.send(buffer.subarray(1, 4), ReliableOrdered));
      buffer.fill(0);
      assertEquals((await receive(b, settle, 1))[0]?.bytes, [1, 2, 3]);
    },
  },
  {
    name: "send() takes no bytes as a message too",
    async run({ a, b, settle }) {
      await settle();
      for (const bytes of [[], [1], [], []]) {
        assert(a.send(bytesOf(...bytes), ReliableOrdered));
      }
      const got = await receive(b, settle, 4);
      assertEquals(got.map(({ bytes }) => bytes), [[], [1], [], []]);
    },
  },
  {
    name: "send() takes maxMessageBytes, and nothing of one byte more",
    async run({ a, b, settle }) {
      await settle();
      // An implementation may allow what a test should not allocate.
      const size = Math.min(a.maxMessageBytes, 2 ** 24);
      const largest = new Uint8Array(size);
      new SeededRandom(1).fill(largest);
      for (const channel of CHANNELS) {
        assert(a.send(largest, channel));
        const got = await receive(b, settle, isReliable(channel) ? 1 : 0);
        if (got.length > 0 || isReliable(channel)) {
          assertEquals(got.length, 1);
          assert(got[0]!.bytes.every((byte, i) => byte === largest[i]));
        }
        if (size < a.maxMessageBytes) continue;
        assertEquals(a.send(new Uint8Array(size + 1), channel), false);
      }
      await settle();
      assertEquals(pollAll(b), []);
      assertEquals(a.state.type, "open");
    },
  },
  {
    name: "send() refuses a channel that is none, in any state",
    async run({ a, b, settle }) {
      function refuses(): void {
        for (const channel of [-1, 4, 1.5, NaN]) {
          assertThrows(
            () => a.send(bytesOf(1), channel as Channel),
            RangeError,
            `Cannot send a message as channel must be 0, 1, 2 or 3: current value is ${channel}`,
          );
        }
      }
      refuses();
      await settle();
      refuses();
      a.close("done");
      refuses();
      await settle();
      assertEquals(pollAll(b), []);
    },
  },
  {
    name: "send() returns false without room, and true after the other polled",
    async run({ a, b, settle }) {
      await settle();
      const message = new Uint8Array(Math.min(a.maxMessageBytes, 16_384));
      let sent = 0;
      function sendNext(): boolean {
        message[0] = sent;
        if (!a.send(message, ReliableOrdered)) return false;
        sent += 1;
        return true;
      }
      while (sendNext()) assert(sent * message.length < FLOOD_BYTES);
      assert(sent > 0);
      assertEquals(a.state.type, "open");
      const refusedAt = sent;
      const got = await receive(b, settle, sent);
      await settle();
      assert(sendNext(), "room comes back");
      got.push(...await receive(b, settle, 1));
      assertEquals(sent, refusedAt + 1);
      assertEquals(got.length, sent);
      for (const [i, { bytes }] of got.entries()) {
        assertEquals(bytes[0], i & 0xff);
      }
    },
  },
  {
    name: "poll() hands out what the channels promise, mixed and both ways",
    async run({ a, b, settle }) {
      await settle();
      const random = new SeededRandom(2);
      const ends = [a, b].map((link) => ({
        link,
        sent: [] as Received[],
        got: [] as Received[],
      }));
      for (let step = 0; step < 600; step++) {
        const at = random.nextU32() & 1;
        const end = ends[at]!;
        const channel = CHANNELS[random.nextU32() & 3]!;
        // The number makes each message one of its own.
        const bytes = new Uint8Array(2 + random.nextU32() % 60);
        random.fill(bytes);
        bytes[0] = step;
        bytes[1] = step >>> 8;
        if (end.link.send(bytes, channel)) {
          end.sent.push({ channel, bytes: [...bytes] });
        }
        if (step % 50 === 0) await settle();
        if (step % 7 === 0) {
          ends[1 - at]!.got.push(...pollAll(ends[1 - at]!.link));
        }
      }
      for (const [i, { link, got }] of ends.entries()) {
        const { sent } = ends[1 - i]!;
        const wanted = sent.filter(({ channel }) => isReliable(channel)).length;
        const have = got.filter(({ channel }) => isReliable(channel)).length;
        got.push(...await receive(link, settle, wanted - have));
        for (const channel of CHANNELS) checkChannel(channel, sent, got);
      }
    },
  },
  {
    name: "poll() hands out nothing a second time",
    async run({ a, b, settle }) {
      await settle();
      assert(a.send(bytesOf(1), ReliableOrdered));
      assertEquals((await receive(b, settle, 1)).length, 1);
      assertEquals(pollAll(b), []);
      await settle();
      assertEquals(pollAll(b), []);
    },
  },
  {
    name: "poll() lets its sink send, and ends where two answer each other",
    async run({ a, b, settle }) {
      await settle();
      assert(a.send(bytesOf(1), ReliableOrdered));
      let turns = 0;
      await pollUntil(b, settle, () => turns > 0, (bytes, channel) => {
        turns += 1;
        assert(turns < 1_000, "it goes on for ever");
        assert(b.send(bytes, channel));
        // Another link may be polled, and what comes by that waits.
        a.poll((bytes, channel) => assert(a.send(bytes, channel)));
        assert(a.send(bytesOf(2), channel));
      });
      assertEquals(turns, 1);
      assertEquals((await receive(b, settle, 1)).at(-1)?.bytes, [2]);
    },
  },
  {
    name: "poll() refuses to be called from its sink",
    async run({ a, b, settle }) {
      await settle();
      assert(a.send(bytesOf(1), ReliableOrdered));
      assert(a.send(bytesOf(2), ReliableOrdered));
      await settle();
      const got: number[] = [];
      await pollUntil(b, settle, () => got.length === 2, (bytes) => {
        got.push(...bytes);
        assertThrows(
          () => b.poll(() => got.push(99)),
          TypeError,
          "Cannot poll the link as its sink must have returned",
        );
      });
      assertEquals(got, [1, 2]);
    },
  },
  {
    name: "poll() passes a sink's error on and keeps the rest",
    async run({ a, b, settle }) {
      await settle();
      for (const i of [1, 2, 3]) assert(a.send(bytesOf(i), ReliableOrdered));
      const got: number[] = [];
      let errors = 0;
      await pollUntil(b, settle, () => got.length === 3, (bytes) => {
        got.push(...bytes);
        if (bytes[0] === 3) return;
        errors += 1;
        throw new Error("the sink is broken");
      });
      assertEquals(errors, 2);
      assertEquals(got, [1, 2, 3]);
      assertEquals(b.state.type, "open");
      assertEquals(pollAll(b), []);
    },
  },
  {
    name: "poll() ends where its sink closes the link",
    async run({ a, b, settle }) {
      await settle();
      for (const i of [1, 2, 3]) assert(a.send(bytesOf(i), ReliableOrdered));
      const got: number[] = [];
      await pollUntil(b, settle, () => got.length > 0, (bytes) => {
        got.push(...bytes);
        b.close("enough");
        assertEquals(b.send(bytesOf(9), ReliableOrdered), false);
      });
      assertEquals(got, [1]);
      assertEquals(b.state, { type: "closed", reason: "enough" });
      assertEquals(pollAll(b), []);
      assertEquals(await reasonAt(a, settle), "enough");
    },
  },
  {
    name: "close() closes its own end at once, and drops what was not polled",
    async run({ a, b, settle }) {
      await settle();
      assert(b.send(bytesOf(1), ReliableOrdered));
      await settle();
      a.close("bye");
      assertEquals(a.state, { type: "closed", reason: "bye" });
      for (const channel of CHANNELS) {
        assertEquals(a.send(bytesOf(1), channel), false);
      }
      assertEquals(pollAll(a), []);
      await settle();
      assertEquals(pollAll(a), []);
      assertEquals(await reasonAt(b, settle), "bye");
    },
  },
  {
    name:
      "close() lets the other end have what was sent before, then the reason",
    async run({ a, b, settle }) {
      await settle();
      const sent = Array.from({ length: 20 }, (_, i) => i);
      for (const i of sent) {
        assert(a.send(bytesOf(i), ReliableOrdered));
        assert(a.send(bytesOf(i), Channel.Reliable));
      }
      a.close("bye");
      await settle();
      const got: Received[] = [];
      for (let round = 0; b.state.type === "open"; round++) {
        assert(round < MAX_ROUNDS);
        // Whoever sees "closed" has missed nothing, so that each poll may be the last.
        b.poll((bytes, channel) => {
          assertEquals(b.state.type, "open");
          got.push({ channel, bytes: [...bytes] });
        });
        if (b.state.type === "open") await settle();
      }
      assertEquals(b.state, { type: "closed", reason: "bye" });
      const inOrder = got.filter(({ channel }) => channel === ReliableOrdered);
      assertEquals(inOrder.map(({ bytes }) => bytes[0]), sent);
      const others = got.filter(({ channel }) => channel === Channel.Reliable);
      assertEquals(
        others.map(({ bytes }) => bytes[0]!).sort((x, y) => x - y),
        sent,
      );
      assertEquals(pollAll(b), []);
      assertEquals(b.send(bytesOf(1), ReliableOrdered), false);
    },
  },
  {
    name: "close() keeps the first reason at both ends",
    async run({ a, b, settle }) {
      await settle();
      a.close("first");
      a.close("second");
      assertEquals(a.state, { type: "closed", reason: "first" });
      assertEquals(await reasonAt(b, settle), "first");
      b.close("third");
      await settle();
      assertEquals(b.state, { type: "closed", reason: "first" });
      assertEquals(a.state, { type: "closed", reason: "first" });
    },
  },
  {
    name: "close() at both ends leaves each its own reason",
    async run({ a, b, settle }) {
      await settle();
      a.close("of a");
      b.close("of b");
      await settle();
      // What came first at the other end may have arrived before its own.
      const { state } = b;
      assert(state.type === "closed");
      assert(state.reason === "of b" || state.reason === "of a");
      assertEquals(a.state, { type: "closed", reason: "of a" });
      assertEquals([...pollAll(a), ...pollAll(b)], []);
    },
  },
  {
    name: "close() works while connecting",
    async run({ a, b, settle }) {
      a.close("never mind");
      assertEquals(a.state, { type: "closed", reason: "never mind" });
      await settle();
      assertEquals(a.state, { type: "closed", reason: "never mind" });
      assertEquals(pollAll(b), []);
      assert(b.state.type !== "open");
    },
  },
  {
    name: "close() cuts its reason at a character",
    async run({ a, b, settle }) {
      await settle();
      const half = Math.floor(MAX_CLOSE_REASON_BYTES / 2);
      a.close("é".repeat(100));
      const cut = "é".repeat(half);
      assertEquals(a.state, { type: "closed", reason: cut });
      assertEquals(await reasonAt(b, settle), cut);
    },
  },
  {
    name: "close() carries any text as its reason",
    async run({ a, b, settle }) {
      await settle();
      a.close("\ufeffweg \u{1f44b} \ud800!\0");
      const reason = "\ufeffweg \u{1f44b} \ufffd!\0";
      assertEquals(a.state, { type: "closed", reason });
      assertEquals(await reasonAt(b, settle), reason);
    },
  },
];

interface Received {
  readonly channel: Channel;
  readonly bytes: number[];
}

/** Polls once. */
function pollAll(link: MessageLink): Received[] {
  const got: Received[] = [];
  link.poll((bytes, channel) => got.push({ channel, bytes: [...bytes] }));
  return got;
}

/** Settles and polls, at least once, until `count` reliable messages have come. */
async function receive(
  link: MessageLink,
  settle: () => Promise<void> | void,
  count: number,
): Promise<Received[]> {
  const got: Received[] = [];
  let reliable = 0;
  await pollUntil(link, settle, () => reliable >= count, (bytes, channel) => {
    got.push({ channel, bytes: [...bytes] });
    if (isReliable(channel)) reliable += 1;
  });
  return got;
}

/** Settles and polls, at least once, whatever the sink throws. */
async function pollUntil(
  link: MessageLink,
  settle: () => Promise<void> | void,
  isDone: () => boolean,
  sink: (bytes: Uint8Array, channel: Channel) => void,
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    await settle();
    try {
      link.poll(sink);
    } catch (error) {
      if (!(error instanceof Error && error.message === "the sink is broken")) {
        throw error;
      }
    }
    if (isDone()) return;
  }
  throw new Error(`Cannot receive all messages in ${MAX_ROUNDS} rounds`);
}

/** Polls until the link is closed, and returns why. */
async function reasonAt(
  link: MessageLink,
  settle: () => Promise<void> | void,
): Promise<string> {
  await pollUntil(link, settle, () => link.state.type === "closed", () => {});
  assert(link.state.type === "closed");
  return link.state.reason;
}

/**
 * Checks what came over one channel against what was sent over it.
 *
 * @param channel The channel.
 * @param sent What was sent over all channels, no two messages alike.
 * @param got What came over all channels.
 * @param where Told if it does not hold.
 */
export function checkChannel(
  channel: Channel,
  sent: readonly Received[],
  got: readonly Received[],
  where = "",
): void {
  const about = `channel ${channel} ${where}`;
  const numberOf = new Map<string, number>();
  for (const message of sent) {
    if (message.channel !== channel) continue;
    const text = message.bytes.join();
    assert(!numberOf.has(text), "two messages are alike");
    numberOf.set(text, numberOf.size);
  }
  const numbers: number[] = [];
  for (const message of got) {
    if (message.channel !== channel) continue;
    const number = numberOf.get(message.bytes.join());
    assert(number !== undefined, `came but was not sent: ${about}`);
    numbers.push(number);
  }
  assertEquals(new Set(numbers).size, numbers.length, `came twice: ${about}`);
  if (isReliable(channel)) {
    assertEquals(numbers.length, numberOf.size, `lost: ${about}`);
  }
  if (isOrdered(channel)) {
    assertEquals(
      numbers,
      numbers.toSorted((x, y) => x - y),
      `out of order: ${about}`,
    );
  }
}

function bytesOf(...bytes: number[]): Uint8Array {
  return new Uint8Array(bytes);
}
