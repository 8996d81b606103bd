import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { BackplaneBus } from "../_testing/backplane_bus.ts";
import type { Member } from "../mux/control_message.ts";
import { BackplaneLink, type LinkHost } from "./_backplane_link.ts";
import { EnvelopeWriter } from "./_envelope.ts";
import { HubCounters } from "./_hub_counters.ts";

const SEEDS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 2_000 : 30;

/** A hub of which there is nothing but its link. */
class FakeHub implements LinkHost {
  readonly counters = new HubCounters();
  readonly link: BackplaneLink;
  readonly messages: string[] = [];
  /** Its own players, as "channel/player". */
  readonly local = new Set<string>();
  /** How often each player is at another hub. */
  readonly remote = new Map<string, number>();

  constructor(bus: BackplaneBus) {
    this.link = new BackplaneLink(bus.open(), 1_000_000, this.counters, this);
  }

  onMessage(channel: string, bytes: Uint8Array, isText: boolean): void {
    assert(isText);
    this.messages.push(`${channel}: ${new TextDecoder().decode(bytes)}`);
  }

  onJoined(channel: string, { playerId }: Member): void {
    this.#change(`${channel}/${playerId}`, 1);
  }

  onLeft(channel: string, playerId: string): void {
    this.#change(`${channel}/${playerId}`, -1);
  }

  *localMembers(): IterableIterator<readonly [string, Member]> {
    for (const place of this.local) {
      const [channel, playerId] = place.split("/");
      yield [channel!, { playerId: playerId!, displayName: "" }];
    }
  }

  join(channel: string, playerId: string): void {
    this.local.add(`${channel}/${playerId}`);
    this.link.joined(channel, { playerId, displayName: "" });
  }

  leave(channel: string, playerId: string): void {
    this.local.delete(`${channel}/${playerId}`);
    this.link.left(channel, playerId);
  }

  say(text: string): void {
    this.link.message("chat", new TextEncoder().encode(text), true);
  }

  get there(): string[] {
    return [...this.remote.keys()].sort();
  }

  #change(place: string, change: number): void {
    const count = (this.remote.get(place) ?? 0) + change;
    assert(count >= 0, `${place} left without having been there`);
    if (count === 0) this.remote.delete(place);
    else this.remote.set(place, count);
  }
}

class Hubs {
  readonly bus = new BackplaneBus();
  readonly all: FakeHub[] = [];

  add(): FakeHub {
    const hub = new FakeHub(this.bus);
    this.all.push(hub);
    return hub;
  }

  run(seconds: number, step = 0.1): void {
    for (let time = 0; time < seconds; time += step) {
      for (const { link } of this.all) link.tick(step);
      this.bus.run();
    }
  }
}

Deno.test("BackplaneLink carries messages to the others, in order, not to itself", () => {
  const hubs = new Hubs();
  const [a, b, c] = [hubs.add(), hubs.add(), hubs.add()];
  hubs.run(3);
  const before = [a, b].map(({ counters }) => counters.envelopesOut);
  for (let i = 0; i < 5; i++) a.say(`${i}`);
  hubs.run(0.1);
  b.say("x".repeat(100_000));
  b.say("5");
  hubs.run(0.1);
  const first = ["0", "1", "2", "3", "4"].map((text) => `chat: ${text}`);
  const second = [`chat: ${"x".repeat(100_000)}`, "chat: 5"];
  assertEquals(a.messages, second);
  assertEquals(b.messages, first);
  assertEquals(c.messages, [...first, ...second]);
  // What is published in a tick goes together, unless it is much.
  const after = [a, b].map(({ counters }) => counters.envelopesOut);
  assertEquals(after.map((count, i) => count - before[i]!), [1, 2]);
  assertEquals(a.link.hubCount, 2);
});

Deno.test("BackplaneLink tells a hub that comes later who is there", () => {
  const hubs = new Hubs();
  const a = hubs.add();
  a.join("room", "ada");
  hubs.run(1);
  a.join("room", "bob");
  hubs.run(1);
  const b = hubs.add();
  b.join("room", "eve");
  hubs.run(0.5);
  assertEquals([a.there, b.there], [["room/eve"], ["room/ada", "room/bob"]]);
  a.leave("room", "ada");
  hubs.run(0.1);
  assertEquals(b.there, ["room/bob"]);
  assertEquals(b.counters.envelopesLost, 0);
});

Deno.test("BackplaneLink lets go of the players of a hub that is dead or gone", () => {
  const hubs = new Hubs();
  const [a, b, c] = [hubs.add(), hubs.add(), hubs.add()];
  b.join("room", "bob");
  c.join("room", "eve");
  hubs.run(60);
  assertEquals(a.there, ["room/bob", "room/eve"]);
  b.link.close();
  hubs.run(0.1);
  assertEquals([a.there, c.there, a.link.hubCount], [["room/eve"], [], 1]);
  // It says nothing any more.
  hubs.all.splice(2);
  hubs.run(9);
  assertEquals(a.there, ["room/eve"]);
  hubs.run(9);
  assertEquals([a.there, a.link.hubCount], [[], 0]);
});

Deno.test("BackplaneLink takes nobody for dead because it was suspended itself", () => {
  const hubs = new Hubs();
  const [a, b] = [hubs.add(), hubs.add()];
  b.join("room", "bob");
  hubs.run(1);
  a.link.tick(3_600);
  assertEquals(a.there, ["room/bob"]);
  hubs.run(30);
  assertEquals(a.there, ["room/bob"]);
});

Deno.test("BackplaneLink drops and counts what is repeated, wrong or lost", () => {
  const hubs = new Hubs();
  const [a, b] = [hubs.add(), hubs.add()];
  hubs.run(0.1);
  hubs.bus.fate = (envelope) => [envelope, envelope];
  a.say("twice");
  hubs.run(0.1);
  hubs.bus.fate = (envelope) => [envelope.subarray(1), new Uint8Array(0)];
  a.say("damaged");
  hubs.run(0.1);
  hubs.bus.fate = () => [new Uint8Array(2_000_000)];
  a.say("swollen");
  hubs.run(0.1);
  hubs.bus.fate = (envelope) => [envelope];
  a.say("right");
  hubs.run(0.1);
  assertEquals(b.messages, ["chat: twice", "chat: right"]);
  const { envelopesRepeated, envelopesMalformed, envelopesLost } = b.counters;
  assertEquals([envelopesRepeated, envelopesMalformed, envelopesLost], [
    1,
    3,
    2,
  ]);
  hubs.bus.isFull = true;
  a.say("refused");
  hubs.run(0.1);
  assertEquals(a.counters.envelopesRefused, 1);
});

Deno.test("BackplaneLink takes no state for whole of which a part is lost", () => {
  const hubs = new Hubs();
  const a = hubs.add();
  for (let i = 0; i < 5_000; i++) a.join("room", `${i}-${"x".repeat(50)}`);
  hubs.run(1);
  const b = hubs.add();
  const counts = [0, 0, 0];
  hubs.bus.fate = (envelope, from, to) =>
    from === 0 && ++counts[to]! === 3 ? [] : [envelope];
  hubs.run(1);
  assert(counts[1]! > 4, `${counts}`);
  assertEquals(b.counters.envelopesLost, 1);
  assert(b.there.length > 2_000 && b.there.length < 5_000, `${b.there.length}`);
  hubs.run(10);
  assertEquals(b.there.length, 5_000);
  // And nobody who was there is taken for gone by half a state.
  counts.fill(0);
  const c = hubs.add();
  hubs.run(1);
  assertEquals([b.there.length, c.there.length < 5_000], [5_000, true]);
});

Deno.test("BackplaneLink survives a backplane that throws", () => {
  const bus = new BackplaneBus();
  const open = bus.open.bind(bus);
  bus.open = () => ({
    ...open(),
    publish: () => {
      throw new Error("broken");
    },
  });
  const hub = new FakeHub(bus);
  hub.say("1");
  hub.link.tick(0.1);
  hub.link.close();
  assertEquals(hub.counters.envelopesRefused, 2);
});

Deno.test("BackplaneLink keeps as many hubs as it may", () => {
  const hubs = new Hubs();
  const a = hubs.add();
  const forger = hubs.bus.open();
  const writer = new EnvelopeWriter(1_000);
  for (let i = 0; i < 300; i++) {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(4, i + 1);
    writer.begin(id, 1);
    writer.joined("room", { playerId: `p${i}`, displayName: "" });
    forger.publish(writer.view());
  }
  hubs.run(1);
  assertEquals([a.link.hubCount, a.there.length], [256, 256]);
  assertEquals(a.counters.envelopesUnknown, 44);
  hubs.run(20);
  assertEquals([a.link.hubCount, a.there.length], [0, 0]);
});

Deno.test("BackplaneLink says nothing after close()", () => {
  const hubs = new Hubs();
  const [a, b] = [hubs.add(), hubs.add()];
  hubs.run(0.1);
  a.link.close();
  a.link.close();
  hubs.run(0.1);
  const { envelopesIn } = b.counters;
  a.say("x".repeat(100_000));
  a.join("room", "ada");
  b.say("1");
  hubs.run(20);
  assertEquals([b.counters.envelopesIn, a.messages], [envelopesIn, []]);
});

Deno.test("BackplaneLink agrees on who is where once nothing is lost any more", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed);
    const below = (n: number): number => random.nextU32() % n;
    const hubs = new Hubs();
    for (let i = 0; i < 3; i++) hubs.add();
    hubs.bus.fate = (envelope) => {
      const copies = [0, 0, 1, 1, 1, 1, 2][below(7)]!;
      return Array.from({ length: copies }, () => envelope);
    };
    for (let step = 0; step < 300; step++) {
      const hub = hubs.all[below(hubs.all.length)]!;
      const [channel, player] = [`c${below(3)}`, `p${below(6)}`];
      const isThere = hub.local.has(`${channel}/${player}`);
      if (below(3) === 0) hub.say(`${step}`);
      else if (isThere) hub.leave(channel, player);
      else hub.join(channel, player);
      if (below(100) === 0) {
        hub.link.close();
        hubs.all.splice(hubs.all.indexOf(hub), 1);
        hubs.add();
      }
      hubs.run(0.1 * below(4));
    }
    hubs.bus.fate = (envelope) => [envelope];
    hubs.run(40);
    for (const hub of hubs.all) {
      const expected = new Map<string, number>();
      for (const other of hubs.all) {
        if (other === hub) continue;
        for (const place of other.local) {
          expected.set(place, (expected.get(place) ?? 0) + 1);
        }
      }
      const sorted = (map: Map<string, number>): unknown => [...map].sort();
      assertEquals(sorted(hub.remote), sorted(expected), `seed ${seed}`);
    }
  }
});
