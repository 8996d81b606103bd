// This module is browser compatible.
import type { Field, FieldValues } from "../../protocol/mod.ts";
import type { RpcContract } from "./define_rpc.ts";
import type { RpcDefinition, RpcDefinitions } from "./rpc_definition.ts";

/**
 * The names of a contract's calls.
 *
 * @typeParam D The definitions.
 */
export type RpcName<D extends RpcDefinitions> = keyof D & string;

/**
 * What a call carries; optional fields may be left out.
 *
 * @typeParam C Its definition.
 */
export type RpcParams<C extends RpcDefinition> = FieldValues<C["params"]>;

/**
 * What a call is answered with; `never` if it is not.
 *
 * @typeParam C Its definition.
 */
export type RpcReply<C extends RpcDefinition> = C extends
  { readonly reply: Field<infer T> } ? T : never;

/**
 * The definitions of a contract.
 *
 * @typeParam C The contract: `typeof game`.
 */
export type RpcDefinitionsOf<C> = C extends RpcContract<infer D> ? D : never;

/**
 * What a call of a contract carries, for code that passes it on.
 *
 * @typeParam C The contract: `typeof game`.
 * @typeParam N The name of the call.
 *
 * @example The parameters of a call, as a type
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { f32, optional, string } from "@tickwire/net/protocol";
 * import { defineRpc, type RpcParamsOf } from "@tickwire/net/rpc";
 *
 * const game = defineRpc({
 *   damage: { params: { amount: f32, by: optional(string) }, from: "server" },
 * });
 *
 * function half(damage: RpcParamsOf<typeof game, "damage">): number {
 *   return damage.amount / 2;
 * }
 *
 * assertEquals(half({ amount: 10 }), 5);
 * ```
 */
export type RpcParamsOf<
  C extends RpcContract,
  N extends RpcName<C["definitions"]>,
> = RpcParams<C["definitions"][N]>;

/**
 * What a call of a contract is answered with, for code that passes it on; `never` if it
 * is not answered.
 *
 * @typeParam C The contract: `typeof game`.
 * @typeParam N The name of the call.
 */
export type RpcReplyOf<
  C extends RpcContract,
  N extends RpcName<C["definitions"]>,
> = RpcReply<C["definitions"][N]>;

/**
 * The names of the calls that the server may make.
 *
 * @typeParam D The definitions.
 */
export type ServerCallName<D extends RpcDefinitions> = Spelt<
  RpcName<D>,
  {
    [N in RpcName<D>]: D[N]["from"] extends "server" | "any" ? N : never;
  }[RpcName<D>]
>;

/**
 * The names of the calls that a client may make.
 *
 * @typeParam D The definitions.
 */
export type ClientCallName<D extends RpcDefinitions> = Spelt<
  RpcName<D>,
  { [N in RpcName<D>]: D[N]["from"] extends "server" ? never : N }[RpcName<D>]
>;

/**
 * Those of some calls that are answered.
 *
 * @typeParam D The definitions.
 * @typeParam N The names to choose from.
 */
export type AnsweredCallName<
  D extends RpcDefinitions,
  N extends RpcName<D> = RpcName<D>,
> = Spelt<
  N,
  { [K in N]: D[K] extends { readonly reply: Field<unknown> } ? K : never }[N]
>;

/**
 * Those of some calls that are not answered.
 *
 * @typeParam D The definitions.
 * @typeParam N The names to choose from.
 */
export type UnansweredCallName<
  D extends RpcDefinitions,
  N extends RpcName<D> = RpcName<D>,
> = Spelt<
  N,
  { [K in N]: D[K] extends { readonly reply: Field<unknown> } ? never : K }[N]
>;

/**
 * The same names, which TypeScript's errors then spell out: under the name of the type
 * that made them they show the whole contract instead.
 *
 * @typeParam A What they are among.
 * @typeParam N The names.
 */
export type Spelt<A extends string, N> = [N] extends [infer S extends A] ? S
  : never;
