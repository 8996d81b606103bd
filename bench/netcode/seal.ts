// What sealing and opening one packet costs, without a socket, beside libsodium in C.
import { median, type Row, type Section } from "../_report.ts";
import { run } from "../_programs.ts";
import { buildPeers, missing } from "./_build.ts";
import { Packets } from "./_packets.ts";

const SIZES = [16, 128, 512, 1_200] as const;
/** How many are sealed before they are opened. */
const PACKETS = 256;

/** Microseconds per packet. */
interface Costs {
  readonly sealUs: number;
  readonly openUs: number;
  readonly forgedUs: number;
}

const WHAT = [
  ["seal", "sealUs"],
  ["open", "openUs"],
  ["refuse a forged one", "forgedUs"],
] as const;

export async function measureSeal(isSmoke: boolean): Promise<Section> {
  const { netcode_seal: c } = await buildPeers();
  const count = isSmoke ? 1_024 : 25_600;
  const rounds = isSmoke ? 1 : 7;
  const rows: Row[] = [];
  for (const bytes of SIZES) {
    const ours: Costs[] = [];
    const theirs: Costs[] = [];
    for (let round = isSmoke ? 0 : -1; round < rounds; round++) {
      const one = measureOurs(count, bytes);
      const other = c === undefined ? undefined : await measureC(
        c,
        count,
        bytes,
      );
      // The first warms up.
      if (round < 0) continue;
      ours.push(one);
      if (other !== undefined) theirs.push(other);
    }
    for (const [what, key] of WHAT) {
      rows.push({
        name: `${what}, ${bytes} bytes`,
        us: median(ours.map((costs) => costs[key])),
        ...theirs.length === 0 ? {} : {
          "C us": median(theirs.map((costs) => costs[key])),
          "of C": median(ours.map((costs, i) => costs[key] / theirs[i]![key])),
        },
      });
    }
  }
  return {
    title: "netcode: a packet sealed and opened",
    notes: [
      `Payload packets of so many bytes of body, with header, replay window and cipher, ${count} of each in memory; medians of ${rounds} rounds, ratios by round. C is libsodium's chacha20poly1305_ietf in the same packets.`,
      ...missing(c, "gcc, libsodium-dev"),
    ],
    rows,
    bars: [],
  };
}

async function measureC(
  path: string,
  count: number,
  bytes: number,
): Promise<Costs> {
  const figures = await run([path, String(count), String(bytes)]);
  return {
    sealUs: Number(figures["sealUs"]),
    openUs: Number(figures["openUs"]),
    forgedUs: Number(figures["forgedUs"]),
  };
}

function measureOurs(count: number, bytes: number): Costs {
  const genuine = new Packets(PACKETS);
  // A codec opens in another way for a while after a forged packet.
  const forged = new Packets(PACKETS);
  const body = crypto.getRandomValues(new Uint8Array(bytes));
  let sealMs = 0;
  let openMs = 0;
  let forgedMs = 0;
  let opened = 0;
  let done = 0;
  function sealAll(packets: Packets): void {
    for (let i = 0; i < PACKETS; i++) packets.seal(body, i);
  }
  function openAll(packets: Packets): void {
    for (let i = 0; i < PACKETS; i++) {
      if (packets.open(i).length > 0) opened++;
    }
  }
  for (; done < count; done += PACKETS) {
    const startMs = performance.now();
    sealAll(genuine);
    const sealedMs = performance.now();
    openAll(genuine);
    openMs += performance.now() - sealedMs;
    sealMs += sealedMs - startMs;
    sealAll(forged);
    for (let i = 0; i < PACKETS; i++) forged.forge(i);
    const forgedAtMs = performance.now();
    openAll(forged);
    forgedMs += performance.now() - forgedAtMs;
  }
  if (opened !== done) {
    throw new Error(
      `Cannot measure as ${done} packets must be genuine: current value is ${opened}`,
    );
  }
  return {
    sealUs: sealMs * 1_000 / done,
    openUs: openMs * 1_000 / done,
    forgedUs: forgedMs * 1_000 / done,
  };
}
