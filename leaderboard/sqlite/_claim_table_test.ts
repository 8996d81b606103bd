import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SeededRandom } from "../../core/mod.ts";
import { migrate, Undo } from "../../core/sqlite/mod.ts";
import { claimHash } from "./_claim_hash.ts";
import { ClaimTable } from "./_claim_table.ts";
import { Counters } from "./_counters.ts";
import { APPLICATION_ID, MIGRATIONS } from "./_schema.ts";

function openClaims(db: DatabaseSync): ClaimTable {
  return new ClaimTable(db, new Counters(db));
}

function countOf(db: DatabaseSync, table: string): number {
  return db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!.n as number;
}

Deno.test("ClaimTable finds claims in memory, on their way to the index, and in it", () => {
  using db = new DatabaseSync(":memory:");
  migrate(db, {
    applicationId: APPLICATION_ID,
    migrations: MIGRATIONS,
  });
  let claims = openClaims(db);
  const seed = 7;
  const random = new SeededRandom(seed);
  const made = new Map<string, number>();
  for (let batch = 0; batch < 300; batch++) {
    claims.turn();
    db.exec("BEGIN");
    const undo = new Undo();
    const own = new Map<string, number>();
    for (let i = 0; i < 400; i++) {
      const key = `k${random.nextU32() % 100_000}`;
      const place = claims.find("main/b", "ada", key);
      assertEquals(
        place.claim?.expiresMs,
        own.get(key) ?? made.get(key),
        `seed ${seed} ${key}`,
      );
      const expiresMs = batch * 1000 + i;
      claims.put(place, { value: key, expiresMs }, undo);
      own.set(key, expiresMs);
    }
    claims.tend(undo);
    if (batch % 7 === 3) {
      undo.run();
      db.exec("ROLLBACK");
    } else {
      db.exec("COMMIT");
      for (const [key, expiresMs] of own) made.set(key, expiresMs);
    }
    if (batch % 60 === 59) claims = openClaims(db);
  }
  assert(countOf(db, "claims_by_hash") > 32_768);
  assertEquals(countOf(db, "claims"), made.size);
  for (const [key, expiresMs] of made) {
    const place = claims.find("main/b", "ada", key);
    assertEquals(place.claim, { value: key, expiresMs }, `seed ${seed} ${key}`);
  }
  const nowMs = 150_000;
  for (let i = 0; i < 100; i++) claims.prune(nowMs, new Undo());
  const left = [...made.values()].filter((expiresMs) => expiresMs > nowMs);
  assertEquals(countOf(db, "claims"), left.length);
  const orphans = db.prepare(
    "SELECT count(*) AS n FROM claims_by_hash WHERE id NOT IN (SELECT id FROM claims)",
  ).get()!;
  assertEquals(orphans.n, 0);
  for (const [key, expiresMs] of made) {
    const isLeft = claims.find("main/b", "ada", key).claim !== undefined;
    assertEquals(isLeft, expiresMs > nowMs, `seed ${seed} ${key}`);
  }
});

Deno.test("ClaimTable keeps apart names whose hashes meet", () => {
  using db = new DatabaseSync(":memory:");
  migrate(db, {
    applicationId: APPLICATION_ID,
    migrations: MIGRATIONS,
  });
  const claims = openClaims(db);
  const undo = new Undo();
  const place = claims.find("main/b", "ada", "one");
  claims.put(place, { value: "one", expiresMs: 1 }, undo);
  // As if the hash of another name were the same one.
  const other = { ...place, id: 0, name: "main/b\nada\nother" };
  claims.put(other, { value: "other", expiresMs: 2 }, undo);
  assertEquals(claims.find("main/b", "ada", "one").claim?.value, "one");
  claims.put(
    claims.find("main/b", "ada", "one"),
    { value: "two", expiresMs: 1 },
    undo,
  );
  assertEquals(claims.find("main/b", "ada", "one").claim?.value, "two");
  assertEquals(countOf(db, "claims"), 2);
});

Deno.test("claimHash() spreads names over 52 bits, by the seed", () => {
  const hashes = new Set<number>();
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let i = 0; i < 100_000; i++) {
    const hash = claimHash(1, `main/board\nplayer ${i % 100}\n${i}`);
    assert(hash >= 0 && hash < 2 ** 52 && Number.isInteger(hash));
    hashes.add(hash);
    high[Math.floor(hash / 2 ** 44)]!++;
    low[hash % 256]!++;
  }
  assertEquals(hashes.size, 100_000);
  // 391 are to be expected in each, with a deviation of 20.
  for (const count of [...high, ...low]) assert(count > 270 && count < 510);
  assert(claimHash(1, "name") !== claimHash(2, "name"));
});
