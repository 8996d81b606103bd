// This module is browser compatible.
import { Fnv1a64 } from "../core/mod.ts";
import {
  compareAscii,
  isContractName,
  isDescriptor,
  MAX_DESCRIPTOR_BYTES,
} from "./_contract_text.ts";

/** One thing that both ends must agree on. */
export interface ContractEntry {
  /** What it is called. */
  readonly name: string;
  /** What it is, as the text of a `Field` or the like. */
  readonly descriptor: string;
}

/** The most entries of a contract. */
export const MAX_CONTRACT_ENTRIES = 4096;
/**
 * What two ends of a connection must agree on before they understand each other's
 * bytes: names, each with the text that describes its bits. A hash of all of it
 * tells whether they do; see `ContractHandshake`.
 *
 * The entries are sorted by name: where they are numbered on the wire, each has its
 * place in that order.
 *
 * @example The same on both ends, in whatever order
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Contract, f32, struct, vec3 } from "@tickwire/net/protocol";
 *
 * const hit = struct({ amount: f32, at: vec3 }).descriptor;
 * const server = new Contract("rpc", { hit, ping: "struct()" });
 * const client = new Contract("rpc", { ping: "struct()", hit });
 * assertEquals(server.hash, client.hash);
 * assertEquals(server.entries[0]!.name, "hit");
 * ```
 */
export class Contract {
  /** What the contract is about, such as "rpc". */
  readonly name: string;
  /** What has to be agreed on, sorted by name. */
  readonly entries: readonly ContractEntry[];
  /** 64-bit FNV-1a of everything, 16 hexadecimal digits. */
  readonly hash: string;
  /** The low 32 bits of the hash. */
  readonly hashLow: number;
  /** The high 32 bits of the hash. */
  readonly hashHigh: number;

  /**
   * Creates a contract.
   *
   * @param name What it is about: a letter and up to 63 letters, digits, underscores
   * and dots.
   * @param entries The descriptors by name, at most 4096. Names are as `name`;
   * descriptors are printable ASCII, at most 8192 bytes.
   * @throws {RangeError} If there are more, or a name or descriptor is another text.
   */
  constructor(name: string, entries: Readonly<Record<string, string>>) {
    const pairs = Object.entries(entries);
    if (pairs.length > MAX_CONTRACT_ENTRIES) {
      throw new RangeError(
        `Cannot create a contract as it must have at most ${MAX_CONTRACT_ENTRIES} entries: current value is ${pairs.length}`,
      );
    }
    checkContractName(name);
    for (const [entry, descriptor] of pairs) {
      checkContractName(entry);
      if (!isDescriptor(descriptor)) {
        throw new RangeError(
          `Cannot create a contract as the descriptor of "${entry}" must be printable ASCII of at most ${MAX_DESCRIPTOR_BYTES} bytes: current value has ${descriptor.length}`,
        );
      }
    }
    this.name = name;
    this.entries = Object.freeze(
      pairs.sort(([a], [b]) => compareAscii(a, b)).map(([name, descriptor]) =>
        Object.freeze({ name, descriptor })
      ),
    );
    const hash = hashOf(name, this.entries);
    this.hash = hash.hex();
    this.hashLow = hash.low;
    this.hashHigh = hash.high;
  }
}

function checkContractName(name: string): void {
  if (isContractName(name)) return;
  throw new RangeError(
    `Cannot create a contract as names must be a letter and up to 63 letters, digits, underscores and dots: current value is "${name}"`,
  );
}

function hashOf(name: string, entries: readonly ContractEntry[]): Fnv1a64 {
  const encoder = new TextEncoder();
  const hash = new Fnv1a64();
  // Neither names nor descriptors hold a line feed, so that nothing can be read in
  // two ways.
  hash.update(encoder.encode(`tickwire contract 1\n${name}\n`));
  for (const { name, descriptor } of entries) {
    hash.update(encoder.encode(`${name} ${descriptor}\n`));
  }
  return hash;
}
