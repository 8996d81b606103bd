import { assert, assertEquals } from "@std/assert";
import type { ClientId } from "../../websocket/mod.ts";
import { ListReaders } from "./_list_readers.ts";

Deno.test("ListReaders keep no more for a reader than what it asked for and a bound of changes", () => {
  let room = 0;
  const told: string[] = [];
  const readers = new ListReaders({
    send: () => room-- > 0,
    reply: () => room > 0 && told.push("answer") > 0,
    onSlow: () => told.push("slow") > 0,
  });
  const reader = readers.open(1 as ClientId);
  const message = new Uint8Array(100_000);
  // The list itself may be longer than that.
  for (let i = 0; i < 30; i++) reader.push(message);
  reader.begin("1", 1, new Uint8Array(1));
  for (let i = 0; i < 10; i++) reader.push(message);
  assert(!reader.isSlow);
  room = 1;
  readers.tick(1);
  reader.push(message);
  assert(!reader.isSlow);
  assertEquals(reader.messages.length, 40);
  reader.push(message);
  assert(reader.isSlow);
  assertEquals(reader.messages.length, 0);
  readers.tick(1);
  assertEquals(told, ["answer", "slow"]);
  // One that is slow before it is answered, and one that wants another list.
  told.length = room = 0;
  const next = readers.open(1 as ClientId);
  next.begin("2", 2, new Uint8Array(1));
  for (let i = 0; i < 11; i++) next.push(message);
  readers.tick(1);
  assertEquals(told, []);
  room = 1;
  readers.tick(1);
  assertEquals(told, ["answer", "slow"]);
  const last = readers.open(1 as ClientId);
  last.begin("3", 3, new Uint8Array(1));
  readers.close(last);
  assertEquals(told, ["answer", "slow", "answer"]);
});
