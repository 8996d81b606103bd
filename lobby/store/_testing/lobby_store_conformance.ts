import { assertEquals, assertRejects } from "@std/assert";
import { SeededRandom } from "../../../core/mod.ts";
import {
  type LobbyBatch,
  type LobbyRecord,
  type LobbyStore,
  LobbyStoreError,
} from "../lobby_store.ts";

const NOTHING: LobbyBatch = { changed: [], removed: [] };

/** What every store has to do. `open` opens the same records again, after the one before was closed, where it is durable. */
export function testLobbyStore(
  name: string,
  open: () => LobbyStore,
  reopen: (() => LobbyStore) | undefined,
): void {
  Deno.test(`${name} is empty at first, and takes an empty batch`, async () => {
    const store = open();
    assertEquals(await store.load(), []);
    await store.save(NOTHING);
    assertEquals(await store.load(), []);
    await store.close();
  });

  Deno.test(`${name} replaces, removes, and keeps kinds apart`, async () => {
    const store = open();
    await store.save({
      changed: [
        { kind: "lobby", key: "a", value: "1" },
        { kind: "ticket", key: "a", value: "2" },
        { kind: "lobby", key: "b", value: "3" },
      ],
      removed: [],
    });
    await store.save({
      changed: [{ kind: "lobby", key: "b", value: "4" }],
      removed: [{ kind: "lobby", key: "a" }, { kind: "server", key: "none" }],
    });
    assertEquals(await sorted(store), [
      { kind: "lobby", key: "b", value: "4" },
      { kind: "ticket", key: "a", value: "2" },
    ]);
    await store.close();
  });

  Deno.test(`${name} keeps text as it is`, async () => {
    const store = open();
    const changed: LobbyRecord[] = [
      "",
      "\x01\n\x7f",
      "'\"\\;--",
      "\u{1f680}é\u202e",
      "x".repeat(300_000),
    ].map((value, i) => ({
      kind: "lobby",
      key: `k${i}\u{1f680}'%_`,
      value,
    }));
    await store.save({ changed, removed: [] });
    assertEquals(await sorted(store), changed);
    await store.close();
  });

  Deno.test(`${name} saves batches in their order, without being waited for`, async () => {
    const store = open();
    const saves = Array.from({ length: 200 }, (_, i) =>
      store.save({
        changed: [
          { kind: "lobby", key: "same", value: `${i}` },
          { kind: "lobby", key: `own ${i}`, value: "" },
        ],
        removed: i > 0 ? [{ kind: "lobby", key: `own ${i - 1}` }] : [],
      }));
    await Promise.all(saves);
    assertEquals(await sorted(store), [
      { kind: "lobby", key: "own 199", value: "" },
      { kind: "lobby", key: "same", value: "199" },
    ]);
    await store.close();
  });

  Deno.test(`${name} is the map that the batches describe`, async () => {
    const seed = 11;
    const random = new SeededRandom(seed);
    const model = new Map<string, string>();
    let store = open();
    for (let i = 0; i < 60; i++) {
      const changed = new Map<string, string>();
      const removed = new Set<string>();
      for (let j = 0; j < 20; j++) {
        const key = `k${random.nextU32() % 50}`;
        if (changed.has(key) || removed.has(key)) continue;
        if (random.nextU32() % 3 === 0) removed.add(key);
        else changed.set(key, `${i}.${j}`);
      }
      await store.save({
        changed: [...changed].map(([key, value]) => ({
          kind: "ticket",
          key,
          value,
        })),
        removed: [...removed].map((key) => ({ kind: "ticket", key })),
      });
      for (const [key, value] of changed) model.set(key, value);
      for (const key of removed) model.delete(key);
      if (i % 20 === 19 && reopen !== undefined) {
        await store.close();
        store = reopen();
      }
      const expected = [...model].map(([key, value]) => ({
        kind: "ticket" as const,
        key,
        value,
      }));
      assertEquals(await sorted(store), expected.sort(compare), `seed ${seed}`);
    }
    await store.close();
  });

  Deno.test(`${name} finishes what is being saved before it closes, and then refuses`, async () => {
    const store = open();
    const save = store.save({
      changed: [{ kind: "lobby", key: "a", value: "1" }],
      removed: [],
    });
    const close = store.close();
    await save;
    await close;
    await store.close();
    for (const call of [() => store.load(), () => store.save(NOTHING)]) {
      const error = await assertRejects(call, LobbyStoreError);
      assertEquals(error.code, "closed");
    }
    if (reopen === undefined) return;
    const again = reopen();
    assertEquals(await again.load(), [
      { kind: "lobby", key: "a", value: "1" },
    ]);
    await again.close();
  });
}

async function sorted(store: LobbyStore): Promise<LobbyRecord[]> {
  return [...await store.load()].sort(compare);
}

function compare(a: LobbyRecord, b: LobbyRecord): number {
  const nameA = `${a.kind}:${a.key}`;
  const nameB = `${b.kind}:${b.key}`;
  return nameA < nameB ? -1 : nameA > nameB ? 1 : 0;
}
