import { assert, assertEquals } from "@std/assert";
import { LineLog } from "./line_log.ts";

/** A pipe of which the test reads. */
class Pipe {
  text = "";
  chunkBytes = Infinity;
  error: Error | undefined;
  #waiting: (() => void) | undefined;
  isBlocked = false;

  async write(bytes: Uint8Array): Promise<number> {
    if (this.isBlocked) {
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    if (this.error !== undefined) throw this.error;
    const part = bytes.subarray(0, this.chunkBytes);
    this.text += new TextDecoder().decode(part);
    return part.length;
  }

  unblock(): void {
    this.isBlocked = false;
    this.#waiting?.();
  }
}

Deno.test("LineLog.write() writes each line whole, in order, however little the pipe takes", async () => {
  const pipe = new Pipe();
  pipe.chunkBytes = 7;
  const log = new LineLog(pipe);
  for (let i = 0; i < 100; i++) log.write({ i, text: 'a"\n' });
  await log.settled();
  log.write({ i: 100, text: 'a"\n' });
  await log.settled();
  const lines = pipe.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(
    lines.map(({ i }) => i),
    Array.from({ length: 101 }, (_, i) => i),
  );
});

Deno.test("LineLog.write() never waits for a pipe that nobody reads, and counts what it drops", async () => {
  const pipe = new Pipe();
  pipe.isBlocked = true;
  const log = new LineLog(pipe);
  const text = "x".repeat(1_000);
  for (let i = 0; i < 5_000; i++) log.write({ i, text });
  pipe.unblock();
  await log.settled();
  log.write({ i: -1 });
  await log.settled();
  const lines = pipe.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const written = lines.filter(({ i }) => i >= 0).length;
  const dropped = lines.find((line) => "droppedLines" in line).droppedLines;
  assert(written > 1_000 && written < 1_200, `${written}`);
  assertEquals(written + dropped, 5_000);
  assertEquals(lines.at(-1), { i: -1 });
});

Deno.test("LineLog.write() goes on where the pipe is broken", async () => {
  const pipe = new Pipe();
  pipe.error = new Error("Broken pipe");
  const log = new LineLog(pipe);
  log.write({ i: 1 });
  await log.settled();
  pipe.error = undefined;
  log.write({ i: 2 });
  await log.settled();
  assertEquals(pipe.text, '{"i":2}\n');
});
