/**
 * Prints a recording of rpc: what came and went when, with names and parameters, and what was refused. It reads a file that
 * was cut off as far as it is whole.
 *
 *     deno run -A examples/rpc_replay.ts --demo match.twrc     # records a small match between bots
 *     deno run -A examples/rpc_replay.ts match.twrc [--rpc buy] [--peer 2] [--time]
 *     deno run -A examples/rpc_replay.ts mine.twrc --contract ./my_game.ts    # a module that exports `game`
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import {
  Channel,
  f32,
  MemoryLinkPair,
  string,
  struct,
  u8,
  varint,
  vec3,
} from "../protocol/mod.ts";
import {
  clientId,
  defineRpc,
  RecordingPrinter,
  RecordingReader,
  RpcClient,
  type RpcContract,
  RpcFailure,
  RpcRecorder,
  RpcServer,
  RpcTarget,
} from "../rpc/mod.ts";

/** The match of `--demo`. */
export const game = defineRpc({
  fire: {
    params: { at: vec3, weapon: u8 },
    from: "client",
    rate: { perSecond: 5, burst: 3 },
  },
  damage: {
    params: { amount: f32, shooter: varint },
    from: "server",
    channel: Channel.Unreliable,
  },
  chat: { params: { text: string({ maxBytes: 80 }) }, from: "client" },
  buy: {
    params: { item: string({ maxBytes: 16 }) },
    from: "client",
    reply: struct({ gold: varint }),
  },
});

/** What is printed. */
export interface PrintOptions {
  /** How packets are read. */
  readonly contract?: RpcContract | undefined;
  /** Only this rpc. */
  readonly rpc?: string | undefined;
  /** Only this peer. */
  readonly peer?: number | undefined;
  /** Ticks and clock readings, too. */
  readonly showsTime?: boolean;
}

const FRAMES = 90;
const DT = 1 / 30;
const PRICES: Readonly<Record<string, number>> = { sword: 30, bow: 20 };

/**
 * Records the server of a small match: three bots that shoot, chat and buy, of whom one
 * shoots too fast, and one leaves.
 *
 * @param seed What decides it.
 * @returns The recording.
 */
export function recordDemo(seed = 1): Uint8Array<ArrayBuffer> {
  const random = new SeededRandom(seed);
  const clock = new ManualClock();
  const recorder = new RpcRecorder(game, "server", { clock });
  const server = new RpcServer(game, {
    observer: recorder,
    clock: recorder.clock,
  });
  server.on("fire", (_, { caller }) => {
    clock.advance(0.02);
    server.send(
      "damage",
      { amount: 1 + random.nextU32() % 20, shooter: caller },
      RpcTarget.allExcept(caller),
    );
  });
  server.on("chat", ({ text }, context) => {
    if (text.includes("spam")) context.refuse();
  });
  server.answer("buy", ({ item }) => {
    const gold = PRICES[item];
    if (gold === undefined) throw new RpcFailure(1, `there is no ${item}`);
    return { gold };
  });
  const bots = [1, 2, 3].map((number) => {
    const id = clientId(number);
    const pair = new MemoryLinkPair({ latencyMs: 40, jitterMs: 10, random });
    server.connect(recorder.link(pair.a, id), id);
    return { number, pair, client: new RpcClient(game, pair.b) };
  });
  for (let frame = 0; frame < FRAMES; frame++) {
    for (const { number, pair, client } of bots) {
      const at = { x: number, y: 0, z: frame };
      if (frame % (number === 3 ? 4 : 20) === 2) {
        client.send("fire", { at, weapon: number });
      }
      if (frame === 5 * number) {
        client.send("chat", { text: `hello from ${number}` }, RpcTarget.all());
      }
      if (frame === 40 && number === 2) {
        client.send("chat", { text: "spam" }, RpcTarget.all());
      }
      if (frame === 30 + number) {
        client.call("buy", { item: ["sword", "bow", "dragon"][number - 1]! });
      }
      if (frame === 60 && number === 1) client.close("good game");
      client.tick(DT);
      for (const _ of client.drainEvents());
      pair.tick(DT);
    }
    server.tick(DT);
    for (const _ of server.drainEvents());
  }
  recorder.stop();
  return recorder.export();
}

/**
 * Prints a recording while it comes in.
 *
 * @param parts Its bytes.
 * @param options What is printed.
 * @param print Takes the lines.
 * @returns Whether it was whole.
 */
export async function printRecording(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: PrintOptions,
  print: (line: string) => void,
): Promise<boolean> {
  const reader = new RecordingReader();
  const printer = new RecordingPrinter(options);
  let isBegun = false;
  let count = 0;
  let timeMs = 0;
  for await (const part of parts) {
    reader.push(part);
    for (
      let record = reader.next();
      record !== undefined;
      record = reader.next()
    ) {
      if (!isBegun) print(headline(reader, options.contract));
      isBegun = true;
      count++;
      timeMs = record.timeMs;
      for (const line of printer.lines(record)) print(line);
    }
  }
  if (!isBegun && reader.header !== undefined) {
    print(headline(reader, options.contract));
  }
  const seconds = (timeMs / 1_000).toFixed(3);
  const fault = reader.fault === undefined ? "" : `: ${reader.fault}`;
  print(
    `${count} records, ${seconds} s, ${reader.wholeBytes} bytes: ${reader.ending}${fault}`,
  );
  return reader.ending === "stopped" || reader.ending === "full";
}

function headline(reader: RecordingReader, contract?: RpcContract): string {
  const { subject, hashLow, hashHigh } = reader.header!;
  if (subject === "calls") return "recording of calls";
  const hash = hashHigh.toString(16).padStart(8, "0") +
    hashLow.toString(16).padStart(8, "0");
  const isSame = contract?.contract.hash === hash;
  return `recording of a ${subject}, contract ${hash}${
    isSame ? "" : ", which is not the one it is read with"
  }`;
}

function option(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

if (import.meta.main) {
  const demo = option(Deno.args, "--demo");
  const path = demo ?? Deno.args[0];
  if (path === undefined || path.startsWith("--")) {
    console.error(
      "Usage: rpc_replay.ts FILE [--rpc NAME] [--peer ID] [--time] [--contract MODULE], or --demo FILE",
    );
    Deno.exit(2);
  }
  if (demo !== undefined) {
    const bytes = recordDemo();
    await Deno.writeFile(demo, bytes);
    console.log(`${bytes.length} bytes in ${demo}`);
  } else {
    const module = option(Deno.args, "--contract");
    const peer = option(Deno.args, "--peer");
    const contract = module === undefined
      ? game
      : (await import(pathToFileURL(Deno.realPathSync(module)).href)).game;
    using file = await Deno.open(path);
    const isWhole = await printRecording(file.readable, {
      contract,
      rpc: option(Deno.args, "--rpc"),
      peer: peer === undefined ? undefined : Number(peer),
      showsTime: Deno.args.includes("--time"),
    }, (line) => console.log(line));
    if (!isWhole) Deno.exitCode = 1;
  }
}
