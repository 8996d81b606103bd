import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { MemoryLobbyStore } from "../store/memory_lobby_store.ts";
import type { LobbyBatch, LobbyStore } from "../store/lobby_store.ts";
import { Outbox } from "./_outbox.ts";

/** A store that answers when it is told to. */
class SlowStore implements LobbyStore {
  readonly store = new MemoryLobbyStore();
  readonly batches: LobbyBatch[] = [];
  #answer: ((error?: Error) => void) | undefined;

  load = () => this.store.load();
  close = () => this.store.close();

  save(batch: LobbyBatch): Promise<void> {
    this.batches.push(batch);
    return new Promise((resolve, reject) => {
      this.#answer = (error) => {
        if (error !== undefined) return reject(error);
        this.store.save(batch).then(resolve, reject);
      };
    });
  }

  get isAsked(): boolean {
    return this.#answer !== undefined;
  }

  async answer(error?: Error): Promise<void> {
    this.#answer!(error);
    this.#answer = undefined;
    await settle();
  }
}

/** Lets promises settle. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

class Rig {
  readonly store = new SlowStore();
  readonly values = new Map<string, string>();
  readonly told: string[] = [];
  readonly failures: number[] = [];
  stored = 0;
  records = 0;
  isServing = true;
  readonly outbox: Outbox = new Outbox(this.store, {
    valueOf: ({ key }) => this.values.get(key),
    isServing: () => this.isServing,
    onStored: (records) => {
      this.stored++;
      this.records += records;
    },
    onFailed: (_error, retryAfterMs) => this.failures.push(retryAfterMs),
  });

  set(key: string, value: string | undefined): void {
    if (value === undefined) this.values.delete(key);
    else this.values.set(key, value);
    this.outbox.touch("lobby", key);
  }

  say(text: string): void {
    this.outbox.push(() => this.told.push(text));
  }
}

Deno.test("Outbox tells at once what no record waits for", () => {
  const rig = new Rig();
  rig.say("a");
  rig.say("b");
  assertEquals(rig.told, []);
  rig.outbox.commit();
  assertEquals(rig.told, ["a", "b"]);
  assert(rig.outbox.isIdle);
});

Deno.test("Outbox tells nothing before it is stored, and all in its order", async () => {
  const rig = new Rig();
  rig.say("before");
  rig.set("x", "1");
  rig.say("after");
  rig.outbox.commit();
  assertEquals(rig.told, []);
  // While it is being stored, more happens: it goes with the next batch, once, as it is then.
  rig.set("y", "1");
  rig.say("later");
  rig.outbox.commit();
  rig.set("y", "2");
  rig.set("x", undefined);
  rig.outbox.commit();
  await rig.store.answer();
  assertEquals(rig.told, ["before", "after"]);
  assertEquals(rig.store.batches.length, 1);
  rig.outbox.commit();
  await rig.store.answer();
  assertEquals(rig.told, ["before", "after", "later"]);
  assertEquals(rig.store.batches[1], {
    changed: [{ kind: "lobby", key: "y", value: "2" }],
    removed: [{ kind: "lobby", key: "x" }],
  });
  assertEquals([rig.stored, rig.records], [2, 3]);
  assert(rig.outbox.isIdle);
});

Deno.test("Outbox tries again what fails, later each time, and holds all back until then", async () => {
  const rig = new Rig();
  rig.set("x", "1");
  rig.say("x");
  rig.outbox.commit();
  for (const retryAfterMs of [100, 200, 400]) {
    await rig.store.answer(new Error("full"));
    assertEquals(rig.failures.at(-1), retryAfterMs);
    rig.outbox.tick(retryAfterMs / 1_000 - 0.001);
    assert(!rig.store.isAsked);
    rig.say("more");
    rig.outbox.commit();
    assertEquals(rig.told, []);
    rig.outbox.tick(0.0011);
    assert(rig.store.isAsked);
  }
  await rig.store.answer();
  assertEquals(rig.told, ["x"]);
  rig.outbox.commit();
  assertEquals(rig.told, ["x", "more", "more", "more"]);
});

Deno.test("Outbox tells nothing once it may not, though the batch is stored", async () => {
  const rig = new Rig();
  rig.set("x", "1");
  rig.say("x");
  rig.outbox.commit();
  // The lease is lost while the batch is under way: another server may have said something newer by now.
  rig.isServing = false;
  await rig.store.answer();
  assertEquals(rig.told, []);
  assertEquals(rig.stored, 0);
  // Nor anything after it, as that would be out of its order.
  rig.say("y");
  rig.outbox.commit();
  rig.outbox.tick(60);
  assertEquals(rig.told, []);
  assertEquals(rig.store.batches.length, 1);
});

Deno.test("Outbox: what was told is stored, whenever it is looked at", async () => {
  const seeds = Deno.env.get("TICKWIRE_SOAK") ? 100 : 8;
  for (let seed = 1; seed <= seeds; seed++) {
    const random = new SeededRandom(seed);
    const rig = new Rig();
    // What is told names the value that it waited for.
    for (let i = 0; i < 150; i++) {
      switch (random.nextU32() % 4) {
        case 0:
        case 1: {
          const key = `k${random.nextU32() % 5}`;
          rig.set(key, `${i}`);
          rig.say(`${key} ${i}`);
          break;
        }
        case 2:
          rig.outbox.tick(0.1);
          rig.outbox.commit();
          break;
        case 3:
          if (!rig.store.isAsked) break;
          await rig.store.answer(
            random.nextU32() % 3 === 0 ? new Error("no") : undefined,
          );
      }
      const stored = new Map(
        (await rig.store.load()).map(({ key, value }) => [key, Number(value)]),
      );
      for (const text of rig.told) {
        const [key, value] = text.split(" ") as [string, string];
        assert(stored.get(key)! >= Number(value), `seed ${seed}: ${text}`);
      }
      const order = rig.told.map((text) => Number(text.split(" ")[1]));
      assertEquals(order, order.toSorted((a, b) => a - b), `seed ${seed}`);
    }
  }
});
