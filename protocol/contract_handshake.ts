// This module is browser compatible.
import {
  compareAscii,
  isContractName,
  isDescriptor,
  MAX_DESCRIPTOR_BYTES,
  MAX_NAME_BYTES,
} from "./_contract_text.ts";
import { varintLength32 } from "./_varint.ts";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import {
  type Contract,
  type ContractEntry,
  MAX_CONTRACT_ENTRIES,
} from "./contract.ts";

/**
 * A point in which two contracts differ.
 *
 * - `onlyOurs`: the other side does not have the entry.
 * - `onlyTheirs`: we do not have it.
 * - `different`: both have it, and not the same.
 */
export type ContractDifference =
  | {
    /** What differs. */
    readonly type: "onlyOurs";
    /** The name of the entry. */
    readonly name: string;
    /** Its descriptor here. */
    readonly ours: string;
  }
  | {
    /** What differs. */
    readonly type: "onlyTheirs";
    /** The name of the entry. */
    readonly name: string;
    /** Its descriptor there. */
    readonly theirs: string;
  }
  | {
    /** What differs. */
    readonly type: "different";
    /** The name of the entry. */
    readonly name: string;
    /** Its descriptor here. */
    readonly ours: string;
    /** Its descriptor there. */
    readonly theirs: string;
  };

/**
 * What came of a message of the other side.
 *
 * - `agreed`: the contracts are the same; what was agreed on may be sent.
 * - `reply`: they are not. Send `bytes`, so that the other side can tell what
 *   differs; its own will come.
 * - `differs`: what differs. Either go on with what both contracts describe alike,
 *   or end the connection with `message`.
 * - `malformed`: no message of this handshake, for the reason in `message`. End the
 *   connection.
 */
export type ContractStep =
  | {
    /** What came of it. */
    readonly type: "agreed";
  }
  | {
    /** What came of it. */
    readonly type: "reply";
    /** What to send. */
    readonly bytes: Uint8Array<ArrayBuffer>;
  }
  | {
    /** What came of it. */
    readonly type: "differs";
    /** The points that are known, by name; at most 64. */
    readonly differences: readonly ContractDifference[];
    /**
     * The other side's entries, sorted by name, so that what it numbers can be
     * numbered as it does; the first of them if `isWhole` is not set.
     */
    readonly theirs: readonly ContractEntry[];
    /** Whether `theirs` are all of its entries, or as many as fit its message. */
    readonly isWhole: boolean;
    /** All of it in a sentence, for people. */
    readonly message: string;
  }
  | {
    /** What came of it. */
    readonly type: "malformed";
    /** What is wrong, for people. */
    readonly message: string;
  };

/** Options for {@linkcode ContractHandshake}. */
export interface ContractHandshakeOptions {
  /**
   * The most bytes of a message that is sent: an integer, 64 to 65535, at most the
   * link's `maxMessageBytes`. A larger contract is described as far as it fits.
   * Messages of up to 65535 bytes are taken in.
   *
   * @default {32768}
   */
  readonly maxMessageBytes?: number;
}

const HELLO = 1;
const DESCRIPTION = 2;
const HELLO_BYTES = 10;
const VERSION = 1;
const DEFAULT_MAX_MESSAGE_BYTES = 32_768;
const LARGEST_MESSAGE_BYTES = 65_535;
/** Before the number of entries: type, and whether these are all. */
const FIXED_HEADER_BYTES = 2;
/** More are of no use to anybody, and the other side could make them up. */
const MAX_DIFFERENCES = 64;
/** How many differences a sentence names. */
const MAX_NAMED = 3;
/** How much of a descriptor a sentence shows, and how much of that before the difference. */
const MAX_SHOWN_CHARACTERS = 60;
const MAX_SHOWN_BEFORE = 20;

/**
 * Finds out whether both ends of a link have the same contract, and if not, what
 * differs. Both send `hello()` on a reliable, ordered channel before anything else,
 * and give what comes in to `handle()`, until it says `agreed` or `differs`. A link
 * has one contract: what shares it, such as rpc and sync, shares that too.
 *
 * It costs each side 10 bytes where they agree. It protects from mistakes, not from
 * attackers: a peer may claim any hash.
 *
 * @example A client that is a version behind
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Contract, ContractHandshake } from "@tickwire/net/protocol";
 *
 * const server = new ContractHandshake(new Contract("rpc", { hit: "struct(amount:f32)" }));
 * const client = new ContractHandshake(new Contract("rpc", { hit: "struct(amount:u16)" }));
 *
 * const reply = server.handle(client.hello());
 * client.handle(server.hello());
 * if (reply.type !== "reply") throw new Error(reply.type);
 * const step = client.handle(reply.bytes);
 * if (step.type !== "differs") throw new Error(step.type);
 * assertEquals(step.differences[0]!.name, "hit");
 * ```
 */
export class ContractHandshake {
  readonly #contract: Contract;
  readonly #maxMessageBytes: number;
  #state: "waiting" | "describing" | "over" = "waiting";
  #toldCount = 0;

  /**
   * Creates the handshake of one connection.
   *
   * @param contract Our contract.
   * @param options How large messages may be.
   * @throws {RangeError} If `maxMessageBytes` is out of its range.
   */
  constructor(contract: Contract, options: ContractHandshakeOptions = {}) {
    const { maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES } = options;
    if (
      !Number.isInteger(maxMessageBytes) || maxMessageBytes < 64 ||
      maxMessageBytes > LARGEST_MESSAGE_BYTES
    ) {
      throw new RangeError(
        `Cannot create a ContractHandshake as maxMessageBytes must be an integer from 64 to 65535: current value is ${maxMessageBytes}`,
      );
    }
    this.#contract = contract;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * How many of our entries, the first ones by name, the other side was told in a
   * description: 0 until there is one. More than that it cannot know.
   */
  get toldCount(): number {
    return this.#toldCount;
  }

  /**
   * Makes the message that begins the handshake.
   *
   * @returns 10 bytes, which belong to the caller.
   */
  hello(): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter({ maxBytes: HELLO_BYTES });
    writer.u8(HELLO);
    writer.u8(VERSION);
    writer.u64(this.#contract.hashLow, this.#contract.hashHigh);
    return writer.toBytes();
  }

  /**
   * Takes a message of the other side. It throws for no bytes, and what it keeps and
   * returns is bounded by the length of the message.
   *
   * @param bytes The message, of which nothing is kept.
   * @returns What came of it.
   */
  handle(bytes: Uint8Array): ContractStep {
    if (this.#state === "over") return malformed("the handshake is over");
    if (bytes.length > LARGEST_MESSAGE_BYTES) {
      return this.#refuse(`it has ${bytes.length} bytes`);
    }
    const reader = new ByteReader(bytes);
    const type = reader.u8();
    if (type === HELLO && this.#state === "waiting") return this.#hello(reader);
    if (type === DESCRIPTION && this.#state === "describing") {
      return this.#description(reader);
    }
    return this.#refuse(`its type is ${bytes.length === 0 ? "missing" : type}`);
  }

  #hello(reader: ByteReader): ContractStep {
    const version = reader.u8();
    const { low, high } = reader.u64({ low: 0, high: 0 });
    if (!reader.atEnd) return this.#refuse("a hello has 10 bytes");
    if (version !== VERSION) return this.#refuse(`its version is ${version}`);
    if (
      low === this.#contract.hashLow && high === this.#contract.hashHigh
    ) {
      this.#state = "over";
      return { type: "agreed" };
    }
    this.#state = "describing";
    return { type: "reply", bytes: this.#describe() };
  }

  /** As many entries as fit. */
  #describe(): Uint8Array<ArrayBuffer> {
    const { entries } = this.#contract;
    const writer = new ByteWriter({ maxBytes: this.#maxMessageBytes });
    let count = 0;
    let length = 0;
    for (const { name, descriptor } of entries) {
      // The length of a name takes one byte.
      length += 1 + name.length + varintLength32(descriptor.length) +
        descriptor.length;
      const header = FIXED_HEADER_BYTES + varintLength32(count + 1);
      if (header + length > this.#maxMessageBytes) break;
      count += 1;
    }
    this.#toldCount = count;
    writer.u8(DESCRIPTION);
    writer.u8(count === entries.length ? 1 : 0);
    writer.varint(count);
    for (const { name, descriptor } of entries.slice(0, count)) {
      writer.string(name);
      writer.string(descriptor);
    }
    return writer.toBytes();
  }

  #description(reader: ByteReader): ContractStep {
    const isWhole = reader.u8();
    const count = reader.varint();
    if (isWhole > 1 || count > MAX_CONTRACT_ENTRIES) {
      return this.#refuse("its header is wrong");
    }
    const theirs: ContractEntry[] = [];
    let last = "";
    for (let i = 0; i < count; i++) {
      const name = reader.string(MAX_NAME_BYTES);
      const descriptor = reader.string(MAX_DESCRIPTOR_BYTES);
      if (!reader.ok) break;
      if (!isContractName(name) || !isDescriptor(descriptor) || name <= last) {
        return this.#refuse("an entry is no name and descriptor in order");
      }
      last = name;
      theirs.push({ name, descriptor });
    }
    if (!reader.atEnd) return this.#refuse("its entries are cut or followed");
    this.#state = "over";
    return differs(this.#contract, theirs, isWhole === 1);
  }

  #refuse(reason: string): ContractStep {
    this.#state = "over";
    return malformed(reason);
  }
}

function malformed(reason: string): ContractStep {
  return {
    type: "malformed",
    message:
      `Cannot agree on a contract as the peer's message is wrong: ${reason}`,
  };
}

/** Merges the two sorted lists. */
function differs(
  { name, entries: ours }: Contract,
  theirs: readonly ContractEntry[],
  isWhole: boolean,
): ContractStep {
  const differences: ContractDifference[] = [];
  let total = 0;
  const add = (difference: ContractDifference): void => {
    total += 1;
    if (differences.length < MAX_DIFFERENCES) differences.push(difference);
  };
  let i = 0;
  let k = 0;
  while (i < ours.length || k < theirs.length) {
    const our = ours[i];
    const their = theirs[k];
    // Behind the end of a description that was cut nothing is known to be missing.
    if (their === undefined && !isWhole) break;
    const order = our === undefined
      ? 1
      : their === undefined
      ? -1
      : compareAscii(our.name, their.name);
    if (order < 0) {
      add({ type: "onlyOurs", name: our!.name, ours: our!.descriptor });
      i += 1;
    } else if (order > 0) {
      add({
        type: "onlyTheirs",
        name: their!.name,
        theirs: their!.descriptor,
      });
      k += 1;
    } else {
      if (our!.descriptor !== their!.descriptor) {
        add({
          type: "different",
          name: our!.name,
          ours: our!.descriptor,
          theirs: their!.descriptor,
        });
      }
      i += 1;
      k += 1;
    }
  }
  return {
    type: "differs",
    differences,
    theirs,
    isWhole,
    message: tell(name, differences, total, isWhole),
  };
}

function tell(
  contract: string,
  differences: readonly ContractDifference[],
  total: number,
  isWhole: boolean,
): string {
  const named = differences.slice(0, MAX_NAMED).map((difference) => {
    const { name } = difference;
    switch (difference.type) {
      case "onlyOurs":
        return `"${name}" is only here`;
      case "onlyTheirs":
        return `"${name}" is only there`;
      case "different": {
        const { ours, theirs } = difference;
        const start = firstDifference(ours, theirs);
        return `"${name}" has ${excerpt(ours, start)} here and ${
          excerpt(theirs, start)
        } there`;
      }
    }
  });
  if (total > named.length) named.push(`${total - named.length} more`);
  if (!isWhole) {
    named.push(
      total > 0
        ? "perhaps more, which did not fit its message"
        : "in entries that did not fit its message",
    );
  }
  if (named.length === 0) {
    named.push(
      "they have other names, or come from other versions of tickwire",
    );
  }
  return `The "${contract}" contracts of the two ends differ: ${
    named.join("; ")
  }`;
}

/** Where two texts part, or a little before, where what differs begins. */
function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  const begun = Math.max(
    a.lastIndexOf("(", at - 1),
    a.lastIndexOf(",", at - 1),
  );
  return Math.max(begun + 1, at - MAX_SHOWN_BEFORE);
}

function excerpt(text: string, start: number): string {
  const end = start + MAX_SHOWN_CHARACTERS;
  return (start > 0 ? "…" : "") + text.slice(start, end) +
    (text.length > end ? "…" : "");
}
