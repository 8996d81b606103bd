import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import {
  Channel,
  MemoryLinkPair,
  type MessageLink,
  string,
  u8,
  vec2,
} from "../../protocol/mod.ts";
import { CODERS, DT } from "../_testing/ends_world.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { clearBit } from "../world/bit_set.ts";
import type { InterestFilter } from "./interest.ts";
import { SyncServer } from "./sync_server.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") !== undefined;
const COUNT = 60;
/** How many of them may be seen at times. */
const SEEN = 45;
const FRAMES = IS_SOAK ? 900 : 120;

const world = defineWorld({
  unit: defineEntity({
    at: vec2({ min: -100, max: 100, step: 1 / 16 }),
    team: u8,
    name: string({ maxBytes: 8 }),
  }, { maxEntities: COUNT }),
});

interface Case {
  readonly coder: "fast" | "strong";
  readonly messageBytes: number;
  /** Of 100 unreliable messages and of as many frames. */
  readonly lost: number;
  /** Whether what is hidden is. */
  readonly isHidden: boolean;
  /** Other clients, some of which see everything. */
  readonly others: number;
}

/** Lets a game run; returns all that one client is sent. */
function messagesOf(secret: number, it: Case): string[] {
  const random = new SeededRandom(4);
  // What the client does not see goes by another one.
  const hidden = new SeededRandom(secret);
  const clock = new ManualClock();
  const isAway = new Uint8Array(COUNT).fill(1, SEEN);
  const filter: InterestFilter = {
    narrow(_peer, _type, _table, _before, places): void {
      for (let i = 0; i < COUNT; i++) {
        if (it.isHidden && isAway[i] === 1) clearBit(places, i);
      }
    },
  };
  const server = new SyncServer(world, {
    clock,
    coders: CODERS,
    interest: [filter],
    messageBytes: it.messageBytes,
    bytesPerSecond: 12_000,
  });
  const links = new MemoryLinkPair();
  const sent: string[] = [];
  const link: MessageLink = {
    get state() {
      return links.a.state;
    },
    maxMessageBytes: links.a.maxMessageBytes,
    rttMs: 0,
    send(bytes, channel): boolean {
      sent.push(`${server.history.newest}: ${bytes}`);
      const isLost = channel === Channel.Unreliable &&
        random.nextU32() % 100 < it.lost;
      return isLost || links.a.send(bytes, channel);
    },
    poll: (sink) => links.a.poll(sink),
    close: (reason) => links.a.close(reason),
  };
  server.connect(link, { coder: it.coder });
  const client = new SyncClient(world, links.b, { clock, coders: CODERS });
  const others = Array.from({ length: it.others }, (_, i) => {
    const pair = new MemoryLinkPair();
    server.connect(pair.a, {
      coder: i % 2 === 0 ? it.coder : "fast",
      interest: i % 4 < 2 ? [] : [filter],
    });
    return new SyncClient(world, pair.b, { clock, coders: CODERS });
  });
  const place = (of: SeededRandom): { x: number; y: number } => ({
    x: of.nextU32() % 200 - 100,
    y: of.nextU32() % 200 - 100,
  });
  const { entities } = server;
  const ids = Array.from(
    { length: COUNT },
    (_, team) => entities.spawn("unit", { at: place(random), team, name: "" })!,
  );
  for (let frame = 0; frame < FRAMES; frame++) {
    clock.advance(DT * 1_000);
    server.tick(DT, () => {
      for (let k = 0; k < 3; k++) {
        const i = random.nextU32() % SEEN;
        const goes = random.nextU32() & 1;
        const seen = { at: place(random), name: `v${random.nextU32() % 99}` };
        // Whoever comes back is where the game says, wherever it has been.
        if (goes === 0 && isAway[i] === 1) entities.set(ids[i]!, "unit", seen);
        isAway[i] = goes;
      }
      for (let i = 0; i < COUNT; i++) {
        const of = isAway[i] === 1 ? hidden : random;
        if (of.nextU32() % 4 > 0) continue;
        entities.set(ids[i]!, "unit", { at: place(of) });
        if (of !== hidden) continue;
        const name = `s${of.nextU32() % 9_999}`;
        entities.set(ids[i]!, "unit", { name });
        if (i < SEEN) continue;
        // Nobody else has its place meanwhile.
        entities.despawn(ids[i]!);
        const team = of.nextU32() & 255;
        ids[i] = entities.spawn("unit", { at: place(of), team, name })!;
      }
    });
    if (random.nextU32() % 100 >= it.lost) client.tick(DT);
    for (const other of others) if (hidden.nextU32() % 3 > 0) other.tick(DT);
  }
  return sent;
}

for (const coder of ["fast", "strong"] as const) {
  for (const messageBytes of [1_100, 200]) {
    for (const lost of [0, 30]) {
      Deno.test(`SyncServer sends the same to the bit, whatever those do who are not seen (${coder}, ${messageBytes} bytes, ${lost} % lost)`, () => {
        const it: Case = {
          coder,
          messageBytes,
          lost,
          isHidden: true,
          others: 0,
        };
        const sent = messagesOf(1, it);
        assertEquals(messagesOf(2, { ...it, others: 4 }), sent);
        assert(sent.length > FRAMES / 3, `${sent.length}`);
      });
    }
  }
}

Deno.test("SyncServer sends what is seen: the control of these tests", () => {
  const it: Case = {
    coder: "fast",
    messageBytes: 1_100,
    lost: 0,
    isHidden: false,
    others: 0,
  };
  assert(messagesOf(1, it).join() !== messagesOf(2, it).join());
});
