import { assertEquals } from "@std/assert";
import { testJournal } from "./_testing/journal_conformance.ts";
import { MemoryJournal } from "./memory_journal.ts";

testJournal("MemoryJournal", (run) =>
  run({
    persistent: false,
    open: (limits) =>
      new Promise((resolve) => resolve(new MemoryJournal(limits))),
  }));

Deno.test("MemoryJournal closes at the end of an await using block", async () => {
  let leaked: MemoryJournal | undefined;
  {
    await using journal = new MemoryJournal();
    leaked = journal;
    await journal.append(new Uint8Array(1));
  }
  const code = await leaked.read(0, 1).catch((error) => error.code);
  assertEquals(code, "closed");
});
