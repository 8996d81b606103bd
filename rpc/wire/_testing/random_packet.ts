// Random contracts, and packets of their calls and results.
import type { SeededRandom } from "../../../core/mod.ts";
import { Channel } from "../../../protocol/mod.ts";
import { defineRpc, type Rpc } from "../../contract/define_rpc.ts";
import type { RpcDefinition } from "../../contract/rpc_definition.ts";
import {
  below,
  oneOf,
  randomField,
  randomInteger,
  randomStruct,
  randomValue,
  randomWide,
} from "./random_field.ts";
import type { TestCall, TestResult } from "./reference_packet.ts";

/** The calls of a contract with fields of all kinds. */
export function randomRpcs(random: SeededRandom, most = 100): readonly Rpc[] {
  const definitions: Record<string, RpcDefinition> = {};
  const count = 1 + below(random, oneOf(random, [4, most]));
  for (let i = 0; i < count; i++) {
    definitions[`call${i}`] = {
      params: randomStruct(random).fields,
      from: "any",
      channel: Channel.ReliableOrdered,
      ...(below(random, 3) === 0 ? { reply: randomField(random) } : {}),
    };
  }
  return defineRpc(definitions).rpcs;
}

/** A call that may be made, of a client or (kind 2) of the server. */
export function randomCall(
  random: SeededRandom,
  rpc: Rpc,
  kind: number,
): TestCall {
  const tag = kind === 1 ? below(random, 5) : 0;
  const id = tag === 3
    ? randomInteger(random, 0, 0xffff)
    : kind === 2
    ? randomWide(random)
    : tag < 2
    ? 0
    : Math.max(1, randomWide(random));
  const ticket = rpc.definition.reply === undefined
    ? 0
    : Math.max(1, randomWide(random));
  const params = randomValue(random, rpc.params) as TestCall["params"];
  return { rpc, tag, id, ticket, params };
}

/** A few calls, of which some follow others of their kind. */
export function randomCalls(
  random: SeededRandom,
  rpcs: readonly Rpc[],
  kind: number,
  most = 12,
): TestCall[] {
  let rpc = oneOf(random, rpcs);
  return Array.from({ length: 1 + below(random, most) }, () => {
    if (below(random, 2) === 0) rpc = oneOf(random, rpcs);
    return randomCall(random, rpc, kind);
  });
}

/** A few results of calls that have them. */
export function randomResults(
  random: SeededRandom,
  rpcs: readonly Rpc[],
  most = 12,
): TestResult[] {
  const answered = rpcs.filter(({ definition }) => definition.reply);
  if (answered.length === 0) return [];
  return Array.from({ length: 1 + below(random, most) }, () => {
    const rpc = oneOf(random, answered);
    const ticket = Math.max(1, randomWide(random));
    const status = below(random, 7);
    const value = status === 0
      ? randomValue(random, rpc.definition.reply!)
      : undefined;
    const code = status === 1 ? randomInteger(random, 0, 0xffff) : 0;
    const text = status === 1
      ? oneOf(random, ["", "no gold", "€".repeat(85)])
      : "";
    return { rpc, ticket, status, code, text, value };
  });
}
