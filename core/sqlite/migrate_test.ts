import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { migrate as migrateTo } from "./migrate.ts";

const APPLICATION_ID = 0x5457_0001;

const STEPS = [
  "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)",
  "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7",
  "UPDATE a SET x = x + 1; CREATE TABLE b (x) STRICT, WITHOUT ROWID",
] as const;

function migrate(
  db: DatabaseSync,
  migrations: readonly string[] = STEPS.slice(0, 2),
): void {
  migrateTo(db, { applicationId: APPLICATION_ID, migrations });
}

function versionOf(db: DatabaseSync): unknown {
  return db.prepare("PRAGMA user_version").get()!.user_version;
}

Deno.test("migrate() takes each step once, from wherever a database is", () => {
  for (let from = 0; from <= 2; from++) {
    using db = new DatabaseSync(":memory:");
    migrate(db, STEPS.slice(0, from));
    assertEquals(versionOf(db), from);
    migrate(db, STEPS.slice(0, 2));
    migrate(db, STEPS.slice(0, 2));
    assertEquals(versionOf(db), 2);
    assertEquals({ ...db.prepare("SELECT * FROM a").get() }, { x: 1, y: 7 });
    const { application_id } = db.prepare("PRAGMA application_id").get()!;
    assertEquals(application_id, APPLICATION_ID);
  }
});

Deno.test("migrate() leaves a database as it was where a step fails", () => {
  using db = new DatabaseSync(":memory:");
  migrate(db, STEPS.slice(0, 1));
  // The last table of the third step needs a key: what was done before it is undone.
  assertThrows(() => migrate(db, STEPS), Error);
  assertEquals(db.isTransaction, false);
  assertEquals(versionOf(db), 2);
  assertEquals({ ...db.prepare("SELECT * FROM a").get() }, { x: 1, y: 7 });
});

Deno.test("migrate() refuses a newer version and another application", () => {
  using newer = new DatabaseSync(":memory:");
  migrate(newer);
  newer.exec("PRAGMA user_version = 3");
  assertThrows(
    () => migrate(newer),
    Error,
    "its version must be at most 2: current value is 3",
  );
  for (
    const sql of [
      "PRAGMA application_id = 5",
      "PRAGMA user_version = 1",
      "CREATE TABLE other (x)",
    ]
  ) {
    using other = new DatabaseSync(":memory:");
    other.exec(sql);
    assertThrows(() => migrate(other), Error, "another application");
  }
});
