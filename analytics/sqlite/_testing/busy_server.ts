// A server whose process reads (`read`) or writes (`write`) without end, for the test of what those who ask it notice of
// that. It answers with how many pieces of that work it has done.
import { DatabaseSync } from "node:sqlite";
import { WriteQueue } from "../../../core/sqlite/mod.ts";
import { Slices } from "../_slices.ts";

let pieces = 0;

function work(ms: number): void {
  pieces++;
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

async function read(): Promise<never> {
  const slices = new Slices();
  for (;;) {
    work(4);
    await slices.next();
  }
}

function write(): void {
  const db = new DatabaseSync(":memory:");
  const queue = new WriteQueue(db, () => {}, () => {});
  function push(): void {
    queue.push({ run: () => work(8), settle: push, fail: push });
  }
  push();
}

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  () => new Response(String(pieces)),
);
console.log(`ready ${server.addr.port}`);
if (Deno.args[0] === "read") await read();
else write();
