// This module is browser compatible.
import type { Field, FieldValues } from "../../protocol/mod.ts";
import type { RpcDefinition, RpcDefinitions } from "./rpc_definition.ts";

/**
 * The names of a contract's calls.
 *
 * @typeParam D The definitions.
 */
export type RpcName<D extends RpcDefinitions> = keyof D & string;

/**
 * What a call carries.
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
 * The names of the calls that the server may make.
 *
 * @typeParam D The definitions.
 */
export type ServerCallName<D extends RpcDefinitions> = {
  [N in RpcName<D>]: D[N]["from"] extends "server" | "any" ? N : never;
}[RpcName<D>];

/**
 * The names of the calls that a client may make.
 *
 * @typeParam D The definitions.
 */
export type ClientCallName<D extends RpcDefinitions> = {
  [N in RpcName<D>]: D[N]["from"] extends "server" ? never : N;
}[RpcName<D>];

/**
 * Those of some calls that are answered.
 *
 * @typeParam D The definitions.
 * @typeParam N The names to choose from.
 */
export type AnsweredCallName<
  D extends RpcDefinitions,
  N extends RpcName<D> = RpcName<D>,
> = {
  [K in N]: D[K] extends { readonly reply: Field<unknown> } ? K : never;
}[N];
