// A connection's life over 2^32 packets, simulated: a sender that numbers its packets from 1 on, a channel that loses,
// repeats and reorders them, the receiver's PacketFilter and AckWindow, and the sender again, which reads the receiver's
// acknowledgements late and not all of them. Packet by packet everything is held against the truth, which counts in
// numbers that never wrap. The whole count is 2^32 and some (TICKWIRE_SOAK=1, minutes); an ordinary run takes slices around
// the start and the places where 32-bit numbers change their sign or wrap.
import { assert, assertEquals, assertGreater } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { acknowledges, AckWindow } from "./ack_window.ts";
import { FILTER_HISTORY_LEN, PacketFilter } from "./packet_filter.ts";
import { nextSequence } from "./sequence.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? 20 : 5;
const HALF = 2 ** 31;
const WHOLE = 2 ** 32;
/** Packets on each side of a place of interest, where each acknowledgement is checked in full. */
const AROUND = 100_000;
/** Packets in one go: a function that is called often runs faster than one that never ends. */
const CHUNK = 50_000;

const PEER = 7;
/** Packets under way, one of them replaced at random: 40 packets late on average. */
const FAST = 8;
/** Packets on a detour: 1,000 late on average, so that many come too late. */
const SLOW = 2;
/** How far back the truth remembers: more than the filter, as packets are under way. */
const MEMORY = 8192;
/** Packets lost before a wrap, so that 0 arrives with nothing in the bits beside it. */
const GAP = 40;
/** Acknowledgements under way to the sender. */
const ACKS = 16;

class Life {
  sent = 0;
  lost = 0;
  accepted = 0;
  replayed = 0;
  tooOld = 0;
  /** Accepted by the filter, but more than 32 packets late. */
  unacknowledgeable = 0;
  acknowledged = 0;
  readonly #seed: number;
  readonly #random: Int32Array;
  readonly #filter = new PacketFilter();
  readonly #received = new AckWindow();
  readonly #fast = new Float64Array(FAST).fill(-1);
  readonly #slow = new Float64Array(SLOW).fill(-1);
  /** Which packet was sent, and as the how many-th it was accepted; -1 if it was not. */
  readonly #numbers = new Float64Array(MEMORY).fill(-1);
  readonly #acceptedAs = new Float64Array(MEMORY).fill(-1);
  /** What the receiver sent back, and how many it had accepted by then. */
  readonly #acks = new Float64Array(ACKS);
  readonly #ackBits = new Float64Array(ACKS);
  readonly #ackNewest = new Float64Array(ACKS);
  readonly #ackAccepted = new Float64Array(ACKS);
  readonly #first: number;
  /** The next packet, and its number on the wire. */
  #number: number;
  #sequence: number;
  #newest = -Infinity;
  #burst = 0;
  #answers = 0;

  /** Packet 4294967296 has the number 0 on the wire, and so on. */
  constructor(seed: number, first: number) {
    this.#seed = seed;
    const random = new SeededRandom(seed);
    this.#random = Int32Array.from({ length: 4 }, () => random.nextU32());
    this.#first = first;
    this.#number = first;
    this.#sequence = first >>> 0;
    this.#filter.registerPeer(PEER);
  }

  /** Sends packets up to `last`, or lets time pass in which none is sent. */
  run(last: number, isSending: boolean, isNear: boolean): void {
    const seed = this.#seed;
    const hasGap = seed % 2 === 1;
    const filter = this.#filter;
    const received = this.#received;
    const fast = this.#fast;
    const slow = this.#slow;
    const numbers = this.#numbers;
    const acceptedAs = this.#acceptedAs;
    // The signs tell the engine that these are numbers, which it then keeps out of
    // the heap: without them, most packets cost an allocation.
    const first = +this.#first;
    let number = +this.#number;
    let sequence = this.#sequence >>> 0;
    let newest = +this.#newest;
    let burst = +this.#burst;
    let answers = +this.#answers;
    let accepted = +this.accepted;
    let lost = 0;
    let replayed = 0;
    let tooOld = 0;
    let unacknowledgeable = 0;
    let acknowledged = 0;
    // Xorshift (George Marsaglia, "Xorshift RNGs", 2003) of 128 bits, in locals.
    let x = this.#random[0]!;
    let y = this.#random[1]!;
    let z = this.#random[2]!;
    let w = this.#random[3]!;

    for (; number <= last; number++) {
      if (sequence !== number >>> 0) fail(seed, number, `it has ${sequence}`);
      sequence = nextSequence(sequence);
      let t = x ^ (x << 11);
      x = y;
      y = z;
      z = w;
      w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
      const chance = w;

      // One packet in 16 is lost, now and then up to 63 in a row, and in every other
      // life all just before a wrap.
      let sent = -1;
      if (isSending) {
        numbers[number & (MEMORY - 1)] = number;
        acceptedAs[number & (MEMORY - 1)] = -1;
        if (hasGap && number >>> 0 === WHOLE - GAP) burst = GAP;
        if (burst > 0) burst -= 1;
        else if ((chance & 0xfff) === 0) burst = chance >>> 26;
        else if ((chance & 15) !== 0) sent = number;
        if (sent < 0) lost += 1;
      }

      // Most arrive at once. One in 8 takes the place of another one under way, which
      // arrives; one in 16 is there twice; one in 512 takes the detour, as well or
      // instead.
      let arriving = sent;
      let alsoArriving = -1;
      if ((chance & 0x70) === 0) {
        const place = (chance >>> 7) & (FAST - 1);
        arriving = fast[place]!;
        fast[place] = sent;
      }
      if ((chance & 0x3c00) === 0) {
        const place = (chance >>> 14) & (FAST - 1);
        alsoArriving = fast[place]!;
        fast[place] = sent;
      } else if ((chance & 0x1ff0_0000) === 0) {
        const place = (chance >>> 29) & (SLOW - 1);
        alsoArriving = slow[place]!;
        slow[place] = sent;
        if (chance < 0) arriving = -1;
      }

      for (;;) {
        if (arriving >= 0) {
          const known = arriving & (MEMORY - 1);
          const isFresh = arriving > newest - FILTER_HISTORY_LEN;
          const isNew = isFresh && acceptedAs[known]! < 0;
          const expected = isNew
            ? undefined
            : isFresh
            ? "replayDetected"
            : "tooOld";
          const refusal = filter.check(PEER, arriving >>> 0);
          if (refusal !== expected) {
            fail(seed, arriving, `the filter says ${refusal}`);
          }
          const isAckable = isNew && arriving >= newest - 32;
          if (received.record(arriving >>> 0) !== isAckable) {
            fail(seed, arriving, `AckWindow.record() returned ${!isAckable}`);
          }
          if (isNew) {
            if (numbers[known] !== arriving) {
              fail(seed, arriving, "the memory of the simulation is too short");
            }
            acceptedAs[known] = accepted;
            accepted += 1;
            if (!isAckable) unacknowledgeable += 1;
          } else if (isFresh) {
            replayed += 1;
          } else {
            tooOld += 1;
          }
          if (arriving > newest) newest = arriving;
        }
        if (alsoArriving < 0) break;
        arriving = alsoArriving;
        alsoArriving = -1;
      }

      // The receiver sends something back from time to time, near the places of
      // interest always. The sender gets to see one of the last 16 and asks for one
      // packet up to 40 before it; near the places of interest, for all of them.
      if (!isNear && (number & 7) !== 0 || accepted === 0) continue;
      const answer = answers & (ACKS - 1);
      answers += 1;
      this.#acks[answer] = received.ack;
      this.#ackBits[answer] = received.ackBits;
      this.#ackNewest[answer] = newest;
      this.#ackAccepted[answer] = accepted;
      if (answers < ACKS) continue;
      t = x ^ (x << 11);
      x = y;
      y = z;
      z = w;
      w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
      const which = w & (ACKS - 1);
      const ack = this.#acks[which]!;
      const ackBits = this.#ackBits[which]!;
      const top = this.#ackNewest[which]!;
      const until = this.#ackAccepted[which]!;
      const one = (w >>> 4) % 41;
      const oldest = isNear ? 40 : one;
      for (let age = isNear ? 0 : one; age <= oldest; age++) {
        const asked = top - age;
        if (asked < first) break;
        const known = asked & (MEMORY - 1);
        const isAcknowledged = age <= 32 && numbers[known] === asked &&
          acceptedAs[known]! >= 0 && acceptedAs[known]! < until &&
          (ack !== 0 || ackBits !== 0);
        if (acknowledges(ack, ackBits, asked >>> 0) !== isAcknowledged) {
          fail(seed, asked, `ack ${ack}, ackBits ${ackBits} tell otherwise`);
        }
        if (isAcknowledged) acknowledged += 1;
      }
    }

    if (isSending) this.sent += number - this.#number;
    this.#number = number;
    this.#sequence = sequence;
    this.#newest = newest;
    this.#burst = burst;
    this.#answers = answers;
    this.#random[0] = x;
    this.#random[1] = y;
    this.#random[2] = z;
    this.#random[3] = w;
    this.lost += lost;
    this.accepted = accepted;
    this.replayed += replayed;
    this.tooOld += tooOld;
    this.unacknowledgeable += unacknowledgeable;
    this.acknowledged += acknowledged;
  }
}

function fail(seed: number, number: number, what: string): never {
  throw new Error(`Seed ${seed}, packet ${number}: ${what}`);
}

/** Sends the packets `first` to `last`, and waits for those under way. */
function live(seed: number, first: number, last: number): void {
  const life = new Life(seed, first);
  for (let from = first; from <= last; from += CHUNK) {
    const turn = Math.round(from / HALF) * HALF;
    const isNear = Math.abs(turn - from) <= AROUND + CHUNK;
    life.run(Math.min(from + CHUNK - 1, last), true, isNear);
  }
  life.run(last + MEMORY, false, true);

  // Everything that can happen did, about as often as the channel is made for.
  const { sent, lost, accepted, replayed, tooOld } = life;
  const label = `seed ${seed}: ${JSON.stringify(life)}`;
  assertEquals(sent, last - first + 1);
  assert(lost > sent / 20 && lost < sent / 10, label);
  assert(accepted > sent * 0.9 && accepted <= sent - lost, label);
  assert(replayed > sent / 25 && replayed < sent / 10, label);
  assertGreater(tooOld, sent / 10_000, label);
  assertGreater(life.unacknowledgeable, sent / 200, label);
  assertGreater(life.acknowledged, sent / 20, label);
}

const slices: readonly (readonly [name: string, first: number])[] = [
  ["the start", 1],
  ["2^31", HALF - AROUND],
  ["2^32, the wrap", WHOLE - AROUND],
  ["2^31 after the wrap", WHOLE + HALF - AROUND],
  ["2^33, the second wrap", 2 * WHOLE - AROUND],
];

for (const [name, first] of slices) {
  Deno.test(`PacketFilter and AckWindow hold over 200,000 packets around ${name}`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      live(seed, first, first + 2 * AROUND - 1);
    }
  });
}

if (IS_SOAK) {
  Deno.test("PacketFilter and AckWindow hold over the life of 2^32 packets", () => {
    live(1, 1, WHOLE + 2 * AROUND);
  });
}
