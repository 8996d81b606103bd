// Contracts from descriptors, so that vectors can name them.
import { fieldOf } from "../../../protocol/_testing/field_of.ts";
import { Channel, type Field } from "../../../protocol/mod.ts";
import {
  defineRpc,
  type Rpc,
  type RpcContract,
} from "../../contract/define_rpc.ts";
import type { RpcDefinition } from "../../contract/rpc_definition.ts";

/** The descriptors of a contract, by name. */
export type VectorContract = Readonly<
  Record<string, { params: Readonly<Record<string, string>>; reply?: string }>
>;

/** Makes a contract. */
export function contractOf(descriptors: VectorContract): RpcContract {
  const definitions: Record<string, RpcDefinition> = {};
  for (const [name, { params, reply }] of Object.entries(descriptors)) {
    const fields = Object.entries(params).map(([key, descriptor]) =>
      [key, fieldOf(descriptor)] as const
    );
    definitions[name] = {
      params: Object.fromEntries(fields),
      from: "any",
      channel: Channel.ReliableOrdered,
      ...(reply === undefined ? {} : { reply: fieldOf(reply) }),
    };
  }
  return defineRpc(definitions);
}

/** An rpc that is answered with a value of a field. */
export function rpcWithReply(reply: Field<unknown>): Rpc {
  return defineRpc({ ask: { params: {}, from: "any", reply } }).rpcs[0]!;
}
