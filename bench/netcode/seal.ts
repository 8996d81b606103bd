// What sealing and opening one packet costs, without a socket, beside libsodium in C.
import { PacketCodec } from "../../transport/netcode/_packet_codec.ts";
import {
  HeaderFault,
  isBodyLength,
} from "../../transport/netcode/_packet_codec.ts";
import { ReplayWindow } from "../../transport/netcode/_replay_window.ts";
import { PacketType, SERVER_TAKES } from "../../transport/netcode/_sizes.ts";
import { median, type Row, type Section } from "../_report.ts";
import { run } from "../_programs.ts";
import { buildPeers, missing } from "./_build.ts";

const SIZES = [16, 128, 512, 1_200] as const;
/** How many are sealed before they are opened. */
const PACKETS = 256;
const PACKET_BYTES = 1_400;
const PROTOCOL_ID = 0x7469_636b_7769_7265n;

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
  const count = isSmoke ? 1_024 : 51_200;
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

/** A sender and a receiver of one session. */
class Ends {
  readonly #codec = new PacketCodec(PROTOCOL_ID);
  readonly #window = new ReplayWindow();
  readonly #key = crypto.getRandomValues(new Uint8Array(32));
  readonly #body: Uint8Array;
  readonly #packets: Uint8Array[] = [];
  readonly #views: Uint8Array[] = [];
  readonly #out = new Uint8Array(PACKET_BYTES);
  #sequence = 0;

  constructor(bytes: number) {
    this.#body = crypto.getRandomValues(new Uint8Array(bytes));
    for (let i = 0; i < PACKETS; i++) {
      this.#packets.push(new Uint8Array(PACKET_BYTES));
      this.#views.push(this.#packets[i]!);
    }
  }

  seal(): void {
    for (let i = 0; i < PACKETS; i++) {
      const packet = this.#packets[i]!;
      const length = this.#codec.seal(
        PacketType.Payload,
        0,
        ++this.#sequence,
        this.#key,
        this.#body,
        packet,
      );
      // A socket has a view for each of its slots, too.
      if (this.#views[i]!.length !== length) {
        this.#views[i] = packet.subarray(0, length);
      }
    }
  }

  forge(): void {
    this.seal();
    for (const view of this.#views) view[view.length - 1]! ^= 1;
  }

  /** Opens all of them; returns how many were genuine. */
  open(): number {
    let opened = 0;
    for (let i = 0; i < PACKETS; i++) {
      if (this.#openOne(this.#views[i]!)) opened++;
    }
    return opened;
  }

  #openOne(packet: Uint8Array): boolean {
    const codec = this.#codec;
    const fault = codec.readHeader(packet, SERVER_TAKES);
    if (fault !== HeaderFault.None) return false;
    const { sequenceHigh: high, sequenceLow: low } = codec;
    if (this.#window.isReplay(high, low)) return false;
    const length = codec.open(packet, this.#key, this.#out);
    if (length < 0) return false;
    this.#window.advance(high, low);
    return isBodyLength(codec.type, length);
  }
}

function measureOurs(count: number, bytes: number): Costs {
  const ends = new Ends(bytes);
  let sealMs = 0;
  let openMs = 0;
  let forgedMs = 0;
  let opened = 0;
  let done = 0;
  for (; done < count; done += PACKETS) {
    const startMs = performance.now();
    ends.seal();
    const sealedMs = performance.now();
    opened += ends.open();
    openMs += performance.now() - sealedMs;
    sealMs += sealedMs - startMs;
    // Under sequences that have not come, as replays are dropped before they are opened.
    ends.forge();
    const forgedAtMs = performance.now();
    opened += ends.open();
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
