// This module is browser compatible.
import { Channel, Contract, type Field, struct } from "../../protocol/mod.ts";
import { checkDefinition, checkNames } from "./_check_definition.ts";
import type { RpcDefinition, RpcDefinitions } from "./rpc_definition.ts";
import type { RpcName } from "./rpc_types.ts";

/** The most calls of a contract. */
export const MAX_RPCS = 1_024;

/** A call of a contract, with what its definition leaves out. */
export interface Rpc {
  /** Its number on the wire: its place among the names of the contract, sorted. */
  readonly id: number;
  /** What it is called. */
  readonly name: string;
  /** Its definition, which nobody can change. */
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
 * What TypeScript can say against definitions: a property that there is none of,
 * `coalesce` with what is no parameter, an answer to calls that may be lost, and a rate
 * for the server.
 *
 * @typeParam D The definitions.
 */
export type CheckedDefinitions<D extends RpcDefinitions> = {
  readonly [N in RpcName<D>]:
    & { readonly coalesce?: readonly (keyof D[N]["params"])[] }
    & { readonly [K in RefusedKey<D[N]>]: RpcMistake<RefusalOf<K>> };
};

/**
 * The properties of a definition that it may not have.
 *
 * @typeParam C The definition.
 */
export type RefusedKey<C extends RpcDefinition> =
  | Exclude<keyof C, keyof RpcDefinition>
  | (C extends { readonly reply: Field<unknown> } ?
      & keyof C
      & (C["channel"] extends ReliableChannel | undefined
        ? "coalesce" | "cosmetic"
        : "coalesce" | "cosmetic" | "channel")
    : never)
  | (C["from"] extends "server" ? keyof C & "rate" : never);

/** The channels on which every message arrives. */
export type ReliableChannel =
  | typeof Channel.Reliable
  | typeof Channel.ReliableOrdered;

/**
 * What is wrong with a property of a definition.
 *
 * @typeParam K The name of the property.
 */
export type RefusalOf<K> = K extends "channel"
  ? "A call that is answered must be reliable"
  : K extends "coalesce" | "cosmetic"
    ? "A call that is answered must not be left out"
  : K extends "rate" ? "Only calls from clients have a rate"
  : "There is no such property";

/**
 * What nothing is: the text shows where TypeScript says what is wrong.
 *
 * @typeParam M What is wrong.
 */
export interface RpcMistake<M extends string> {
  /** What is wrong. */
  readonly mistake: M;
}

/**
 * Declares the calls between a server and its clients, once: both ends import it, and
 * TypeScript knows what each call carries, who may make it and what it is answered with.
 *
 * The two ends must agree on names, parameters with their order, replies and `from`; the
 * rest (`rate`, `coalesce`, `cosmetic`, `channel`) is each end's own, and may change
 * without the other.
 *
 * @typeParam D The definitions.
 * @param definitions The calls by name, 1 to 1024. A name is a letter and up to 63
 * further letters, digits, underscores and dots. It is copied: changing it later
 * changes nothing.
 * @returns The contract, which cannot be changed.
 * @throws {RangeError} If a name, a number or a number of things is outside its limits.
 * @throws {TypeError} If a definition has what it may not have, or lacks what it must.
 *
 * @example A contract of three calls
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bool, Channel, f32, string, struct, varint, vec3 } from "@tickwire/net/protocol";
 * import { defineRpc } from "@tickwire/net/rpc";
 *
 * const game = defineRpc({
 *   fire: {
 *     params: { at: vec3 },
 *     from: "client",
 *     channel: Channel.Reliable,
 *     rate: { perSecond: 10, burst: 20 },
 *   },
 *   damage: {
 *     params: { amount: f32, at: vec3, crit: bool },
 *     from: "server",
 *     channel: Channel.Unreliable,
 *     cosmetic: 1,
 *   },
 *   buy: {
 *     params: { item: string({ maxBytes: 32 }) },
 *     from: "client",
 *     reply: struct({ ok: bool, gold: varint }),
 *   },
 * });
 *
 * assertEquals(game.rpcs.map(({ name }) => name), ["buy", "damage", "fire"]);
 * assertEquals(game.byName.get("fire")?.channel, Channel.Reliable);
 * ```
 */
export function defineRpc<const D extends RpcDefinitions>(
  definitions: D & CheckedDefinitions<D>,
): RpcContract<D> {
  checkNames(definitions, MAX_RPCS);
  const own: Record<string, RpcDefinition> = {};
  const fields = new Map<string, Field<Readonly<Record<string, unknown>>>>();
  const descriptors: Record<string, string> = {};
  for (const name of Object.keys(definitions)) {
    const definition = checkDefinition(name, definitions[name]);
    const params = struct(definition.params);
    own[name] = definition;
    fields.set(name, params);
    const reply = definition.reply?.descriptor ?? "nothing";
    descriptors[name] = `${definition.from} ${params.descriptor} ${reply}`;
  }
  const contract = new Contract("rpc", descriptors);
  const rpcs = contract.entries.map(({ name }, id) => {
    const definition = own[name]!;
    const channel = definition.channel ?? Channel.ReliableOrdered;
    const params = fields.get(name)!;
    return Object.freeze({ id, name, definition, params, channel });
  });
  return Object.freeze({
    definitions: Object.freeze(own) as D,
    contract,
    rpcs: Object.freeze(rpcs),
    byName: new Map(rpcs.map((rpc) => [rpc.name, rpc])),
  });
}
