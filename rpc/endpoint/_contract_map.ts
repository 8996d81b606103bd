// This module is browser compatible.
import type { ContractEntry } from "../../protocol/mod.ts";
import type { Rpc, RpcContract } from "../contract/define_rpc.ts";

/** What this end and another one have in common, where their contracts differ. */
export class ContractMap {
  /** This end's calls by the other end's numbers. */
  readonly received: readonly (Rpc | undefined)[];
  readonly #sendable: readonly boolean[];
  readonly #theirs: ReadonlyMap<string, string>;

  constructor(
    { contract, byName }: RpcContract,
    theirs: readonly ContractEntry[],
  ) {
    this.#theirs = new Map(
      theirs.map(({ name, descriptor }) => [name, descriptor]),
    );
    this.#sendable = contract.entries.map(({ name, descriptor }) =>
      this.#theirs.get(name) === descriptor
    );
    this.received = theirs.map(({ name }) => {
      const rpc = byName.get(name);
      return rpc !== undefined && this.#sendable[rpc.id] ? rpc : undefined;
    });
  }

  /** Whether the other end understands a call. */
  allows(rpc: Rpc): boolean {
    return this.#sendable[rpc.id] === true;
  }

  /** The first parameter that is not the same there; `undefined` if it is none of them. */
  parameterOf(rpc: Rpc): string | undefined {
    const theirs = this.#theirs.get(rpc.name);
    if (theirs === undefined) return undefined;
    let begun = `${rpc.definition.from} struct(`;
    if (!theirs.startsWith(begun)) return undefined;
    for (const [name, field] of Object.entries(rpc.definition.params)) {
      const next = `${begun}${name}:${field.descriptor}`;
      if (!theirs.startsWith(`${next},`) && !theirs.startsWith(`${next})`)) {
        return name;
      }
      begun = `${next},`;
    }
    return undefined;
  }
}
