import { assert, assertEquals } from "@std/assert";
import { game, printRecording, recordDemo } from "./rpc_replay.ts";

async function printed(
  bytes: Uint8Array,
  options: { rpc?: string; peer?: number; showsTime?: boolean } = {},
): Promise<{ lines: string[]; isWhole: boolean }> {
  const lines: string[] = [];
  const isWhole = await printRecording(
    [bytes.subarray(0, 100), bytes.subarray(100)],
    { contract: game, ...options },
    (line) => lines.push(line),
  );
  return { lines, isWhole };
}

Deno.test("rpc_replay.ts prints calls, answers and refusals of the demo", async () => {
  const bytes = recordDemo();
  assertEquals(recordDemo(), bytes);
  const { lines, isWhole } = await printed(bytes);
  assert(isWhole);
  assert(
    /^recording of a server, contract [0-9a-f]{16}$/.test(lines[0]!),
    lines[0],
  );
  for (
    const wanted of [
      /^ +0\.000 {2}\*\* client 1 {2}connected, open$/,
      /^ +\d\.\d{3} {2}<- client 2 {2}fire \{"at":\{"x":2,"y":0,"z":2\},"weapon":2\} #0$/,
      /-> client 3 {2}chat \{"text":"hello from 1"\} of client 1 #\d+$/,
      /-> client 3 {2}buy = failed 1 "there is no dragon" ticket 1$/,
      /!! client 2 {2}chat refused: "refused"$/,
      /!! client 3 {2}fire refused: "rateLimited"$/,
      /\*\* client 1 {2}closed: "good game"$/,
      /^\d+ records, 3\.000 s, \d+ bytes: stopped$/,
    ]
  ) {
    assertEquals(
      lines.filter((line) => wanted.test(line)).length > 0,
      true,
      `${wanted} in\n${lines.join("\n")}`,
    );
  }
});

Deno.test("rpc_replay.ts filters by rpc and peer, and shows ticks if wanted", async () => {
  const bytes = recordDemo();
  const buys = (await printed(bytes, { rpc: "buy", peer: 2 })).lines;
  assertEquals(buys.slice(1, -1).map((line) => line.replace(/^[ \d.]+/, "")), [
    '<- client 2  buy {"item":"bow"} #3 ticket 1',
    '-> client 2  buy = {"gold":20} ticket 1',
  ]);
  const { lines } = await printed(bytes, { showsTime: true });
  assertEquals(
    lines.filter((line) => / {2}tick 0\.0333/.test(line)).length,
    90,
  );
});

Deno.test("rpc_replay.ts works on a truncated file", async () => {
  const bytes = recordDemo();
  const whole = (await printed(bytes)).lines;
  const { lines, isWhole } = await printed(bytes.subarray(0, 2_000));
  assert(!isWhole && lines.length > 20);
  assertEquals(lines.slice(0, -1), whole.slice(0, lines.length - 1));
  assert(/ bytes: truncated$/.test(lines.at(-1)!));
  bytes[1_500]! ^= 1;
  const damaged = (await printed(bytes)).lines;
  assert(/ bytes: corrupt: .* at byte \d+$/.test(damaged.at(-1)!));
});

Deno.test("rpc_replay.ts records the demo into a file, and prints it", async () => {
  const path = await Deno.makeTempFile();
  try {
    const script = new URL("rpc_replay.ts", import.meta.url).href;
    for (const args of [["--demo", path], [path, "--rpc", "buy"]]) {
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", script, ...args],
        cwd: new URL("..", import.meta.url),
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stdout);
      assertEquals(code, 0);
      if (args[0] === path) assert(/buy = \{"gold":30\}/.test(text), text);
    }
  } finally {
    await Deno.remove(path);
  }
});
