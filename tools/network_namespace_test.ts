// Needs root, Linux and iproute2, and nft for losses: elsewhere these are ignored, and say why in their names.

import { assert, assertEquals } from "@std/assert";
import { NetworkNamespaces } from "./network_namespace.ts";

const WHY_NOT = await NetworkNamespaces.whyNot();
const WHY_NO_LOSSES = WHY_NOT ?? await NetworkNamespaces.whyNoLosses();

/** Counts what comes in until it is told that this was all, then prints how much and over how many milliseconds. */
const RECEIVER = `
const socket = Deno.listenDatagram({ transport: "udp", hostname: Deno.args[0], port: 9000 });
console.log("ready");
let count = 0, firstMs = 0, lastMs = 0;
for (;;) {
  const [datagram] = await socket.receive();
  if (datagram.length === 1) break;
  lastMs = performance.now();
  if (count++ === 0) firstMs = lastMs;
}
console.log(JSON.stringify({ count, ms: lastMs - firstMs }));
`;
/** Sends, then says that this was all, again and again, as a full queue or a drop may swallow it, until it is killed. */
const SENDER = `
const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
const to = { transport: "udp", hostname: Deno.args[0], port: 9000 };
for (let i = 0; i < Number(Deno.args[1]); i++) await socket.send(new Uint8Array(1_000), to);
console.log("sent");
setInterval(() => socket.send(new Uint8Array(1), to), 20);
`;

interface Arrived {
  readonly count: number;
  readonly ms: number;
}

/** Sends datagrams of 1,000 bytes from left to right, as fast as it can. */
async function sendOver(
  namespaces: NetworkNamespaces,
  count: number,
  loses = false,
): Promise<Arrived> {
  const address = namespaces.address("right");
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(script, RECEIVER);
    const run = [Deno.execPath(), "run", "-A", "--unstable-net", "--no-config"];
    const receiver = namespaces.command("right", [...run, script, address], {
      stdout: "piped",
    }).spawn();
    const reader = receiver.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    let text = "";
    while (!text.includes("ready")) text += (await reader.read()).value!;
    await Deno.writeTextFile(script, SENDER);
    const sender = namespaces.command(
      "left",
      [...run, script, address, String(count)],
      { stdout: "piped" },
    ).spawn();
    const told = sender.stdout.getReader();
    await told.read();
    // What tells that this was all is not to be lost for ever.
    if (loses) await namespaces.lose("right", 0);
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) break;
      text += value;
    }
    await receiver.status;
    sender.kill();
    await sender.status;
    await told.cancel();
    return JSON.parse(text.slice(text.indexOf("{"))) as Arrived;
  } finally {
    await Deno.remove(script);
  }
}

Deno.test({
  name: `NetworkNamespaces.limit() delays and drops (${WHY_NOT ?? "as root"})`,
  ignore: WHY_NOT !== undefined,
  async fn() {
    await using namespaces = await NetworkNamespaces.open();
    await namespaces.limit("left", {
      bytesPerSecond: 100_000,
      queueBytes: 30_000,
    });
    const { count, ms } = await sendOver(namespaces, 200);
    // Some 28 fit into the queue and 4 more into the burst; each takes 10.4 ms.
    assert(count >= 20 && count < 60, `${count}`);
    assert(ms > 150, `${ms}`);
  },
});

Deno.test({
  name: `NetworkNamespaces.lose() loses a share (${
    WHY_NO_LOSSES ?? "as root"
  })`,
  ignore: WHY_NO_LOSSES !== undefined,
  async fn() {
    await using namespaces = await NetworkNamespaces.open();
    await namespaces.lose("right", 1);
    assertEquals((await sendOver(namespaces, 10, true)).count, 0);
    await namespaces.lose("right", 0.5);
    // No more than a receiver's buffer has room for while it is not run: 40, give or take 4.5.
    const { count } = await sendOver(namespaces, 80, true);
    assert(count >= 15 && count <= 65, `${count}`);
  },
});
