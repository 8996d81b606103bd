// This module is browser compatible.
import type { ContractEntry } from "../../protocol/mod.ts";
import type { Rpc, RpcContract } from "./define_rpc.ts";
import {
  missingRpc,
  type RpcDifference,
  rpcDifference,
  untoldRpc,
} from "./rpc_difference.ts";

/** What the other end has said of its contract: a `ContractStep` that `differs`. */
export interface TheirContract {
  /** Its entries, sorted by name; the first of them if `isWhole` is not set. */
  readonly theirs: readonly ContractEntry[];
  /** Whether these are all. */
  readonly isWhole: boolean;
}

/** Options for {@linkcode RpcVersionMap}. */
export interface RpcVersionMapOptions {
  /**
   * How many of our entries the other end was told, the first ones by name, as
   * `ContractHandshake.toldCount` has it: what it was not told, it cannot take.
   *
   * @default {Infinity}
   */
  readonly toldCount?: number;
}

/**
 * Which calls the two ends of a connection have in common, where their contracts differ:
 * those whose descriptors are equal. Each end numbers its calls by its own contract, and
 * who receives one looks it up in {@linkcode RpcVersionMap.rpcs}. The rest of the calls
 * is refused where they are made, with what differs.
 *
 * It costs the same for every contract from there: it holds at most its entries.
 *
 * @example A server that is a version ahead
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { f32, string, u8 } from "@tickwire/net/protocol";
 * import { defineRpc, RpcVersionMap } from "@tickwire/net/rpc";
 *
 * const chat = { params: { text: string }, from: "client" } as const;
 * const ours = defineRpc({ chat, hit: { params: { by: u8 }, from: "server" } });
 * const server = defineRpc({
 *   afk: { params: {}, from: "client" },
 *   chat,
 *   hit: { params: { by: u8, amount: f32 }, from: "server" },
 * });
 *
 * const map = new RpcVersionMap(ours, { theirs: server.contract.entries, isWhole: true });
 * assertEquals(map.rpcs.map((rpc) => rpc?.name), [undefined, "chat", undefined]);
 * assertEquals(map.numberThere(ours.byName.get("chat")!), 1);
 * assertEquals(
 *   map.differenceOf(ours.byName.get("hit")!)?.message,
 *   'Cannot call "hit" between these versions as the other end also has parameter "amount" (f32)',
 * );
 * assertEquals(map.onlyTheirs, ["afk"]);
 * ```
 */
export class RpcVersionMap {
  /** Our calls by the number that the other end gives them; what differs is `undefined`. */
  readonly rpcs: readonly (Rpc | undefined)[];
  /** What differs in our calls, by their names. */
  readonly differences: readonly RpcDifference[];
  /** The names of the calls that the other end alone has, sorted, as far as it told. */
  readonly onlyTheirs: readonly string[];
  /** By our numbers: theirs, or what differs. */
  readonly #matches: readonly (number | RpcDifference)[];

  /**
   * Compares.
   *
   * @param contract Ours.
   * @param their What the other end has said of its own; nothing if it has the same.
   * @param options How much the other end knows.
   */
  constructor(
    contract: RpcContract,
    their?: TheirContract,
    options: RpcVersionMapOptions = {},
  ) {
    const { toldCount = Infinity } = options;
    const { rpcs } = contract;
    if (their === undefined) {
      this.rpcs = rpcs;
      this.differences = [];
      this.onlyTheirs = [];
      this.#matches = rpcs.map(({ id }) => id);
      return;
    }
    const { theirs, isWhole } = their;
    const numbers = new Map(theirs.map(({ name }, number) => [name, number]));
    const last = theirs.at(-1)?.name ?? "";
    const byTheirs: (Rpc | undefined)[] = new Array(theirs.length).fill(
      undefined,
    );
    const { entries } = contract.contract;
    this.#matches = rpcs.map((rpc) => {
      const { id, name } = rpc;
      const number = numbers.get(name);
      if (number === undefined) {
        return isWhole || name < last ? missingRpc(name) : untoldRpc(name);
      }
      const ours = entries[id]!.descriptor;
      const { descriptor } = theirs[number]!;
      if (ours !== descriptor) return rpcDifference(name, ours, descriptor);
      byTheirs[number] = rpc;
      // What comes from there is known here all the same.
      return id < toldCount ? number : untoldRpc(name);
    });
    this.rpcs = byTheirs;
    this.differences = this.#matches.filter((match) =>
      typeof match !== "number"
    );
    this.onlyTheirs = theirs.map(({ name }) => name).filter((name) =>
      !contract.byName.has(name)
    );
  }

  /**
   * Which number the other end gives to a call of ours.
   *
   * @param rpc One of our contract's.
   * @returns Its number there; `undefined` if the call cannot be made.
   */
  numberThere(rpc: Rpc): number | undefined {
    const match = this.#matches[rpc.id];
    return typeof match === "number" ? match : undefined;
  }

  /**
   * Why a call of ours cannot be made.
   *
   * @param rpc One of our contract's.
   * @returns What differs; `undefined` if it can be made.
   */
  differenceOf(rpc: Rpc): RpcDifference | undefined {
    const match = this.#matches[rpc.id];
    return typeof match === "number" ? undefined : match;
  }
}
