// This module is browser compatible.
import {
  Channel,
  Contract,
  type Field,
  isReliable,
  struct,
} from "../../protocol/mod.ts";
import type { RpcDefinition, RpcDefinitions } from "./rpc_definition.ts";
import type { RpcName } from "./rpc_types.ts";

/** The most calls of a contract. */
export const MAX_RPCS = 1_024;
const MAX_PARAMS = 64;

/** A call of a contract, with what its definition leaves out. */
export interface Rpc {
  /** Its number on the wire: its place among the names of the contract, sorted. */
  readonly id: number;
  /** What it is called. */
  readonly name: string;
  /** Its definition. */
  readonly definition: RpcDefinition;
  /** What it carries, as one field. */
  readonly params: Field<Readonly<Record<string, unknown>>>;
  /** What is promised about its delivery. */
  readonly channel: Channel;
}

/**
 * What both ends have in common: every call, by name and by number.
 *
 * @typeParam D The definitions.
 */
export interface RpcContract<D extends RpcDefinitions = RpcDefinitions> {
  /** What it was made of. */
  readonly definitions: D;
  /** What the handshake compares: names, parameters, replies, and who may call. */
  readonly contract: Contract;
  /** The calls, by their number. */
  readonly rpcs: readonly Rpc[];
  /** The calls by name. */
  readonly byName: ReadonlyMap<string, Rpc>;
}

/**
 * The definitions with what TypeScript can say against them.
 *
 * @typeParam D The definitions.
 */
export type CheckedDefinitions<D extends RpcDefinitions> = {
  readonly [N in RpcName<D>]: {
    readonly coalesce?: readonly (keyof D[N]["params"])[];
  };
};

/**
 * Declares the calls between a server and its clients. Both ends import it.
 *
 * @typeParam D The definitions.
 * @param definitions The calls by name, 1 to 1,024. A name is a letter and up to 63
 * further letters, digits, underscores and dots.
 * @returns The contract.
 * @throws {RangeError} If a name, a rate or a number of things is outside its limits.
 * @throws {TypeError} If a call that is answered is not reliable, or `coalesce` names
 * what is no parameter.
 */
export function defineRpc<const D extends RpcDefinitions>(
  definitions: D & CheckedDefinitions<D>,
): RpcContract<D> {
  const names = Object.keys(definitions);
  if (names.length < 1 || names.length > MAX_RPCS) {
    throw new RangeError(
      `Cannot define rpcs as there must be 1 to ${MAX_RPCS}: current value is ${names.length}`,
    );
  }
  const fields = new Map<string, Field<Readonly<Record<string, unknown>>>>();
  const descriptors: Record<string, string> = {};
  for (const name of names) {
    const definition: RpcDefinition = definitions[name]!;
    checkDefinition(name, definition);
    const params = struct(definition.params);
    fields.set(name, params);
    const reply = definition.reply?.descriptor ?? "nothing";
    descriptors[name] = `${definition.from} ${params.descriptor} ${reply}`;
  }
  const contract = new Contract("rpc", descriptors);
  const rpcs = contract.entries.map(({ name }, id) => {
    const definition: RpcDefinition = definitions[name]!;
    const channel = definition.channel ?? Channel.ReliableOrdered;
    const params = fields.get(name)!;
    return Object.freeze({ id, name, definition, params, channel });
  });
  return Object.freeze({
    definitions,
    contract,
    rpcs: Object.freeze(rpcs),
    byName: new Map(rpcs.map((rpc) => [rpc.name, rpc])),
  });
}

function checkDefinition(name: string, definition: RpcDefinition): void {
  const { params, reply, channel, rate, coalesce = [] } = definition;
  const count = Object.keys(params).length;
  if (count > MAX_PARAMS) {
    throw new RangeError(
      `Cannot define rpc "${name}" as it must have at most ${MAX_PARAMS} parameters: current value is ${count}`,
    );
  }
  if (reply !== undefined && channel !== undefined && !isReliable(channel)) {
    throw new TypeError(
      `Cannot define rpc "${name}" as a call that is answered must be reliable: current channel is ${channel}`,
    );
  }
  if (rate !== undefined && !(rate.perSecond > 0)) {
    throw new RangeError(
      `Cannot define rpc "${name}" as rate.perSecond must be above 0: current value is ${rate.perSecond}`,
    );
  }
  const unknown = coalesce.find((key) => !Object.hasOwn(params, key));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot define rpc "${name}" as coalesce must name parameters: current value has "${unknown}"`,
    );
  }
}
