import type { Random } from "../../../core/mod.ts";
import {
  bool,
  bytes,
  Channel,
  choice,
  string,
  u8,
  varint,
} from "../../../protocol/mod.ts";
import { defineRpc, type Rpc } from "../../contract/define_rpc.ts";

/** A call of each kind that an outbox tells apart; `n` tells the calls themselves apart. */
export const game = defineRpc({
  act: { params: { n: varint }, from: "any", channel: Channel.Reliable },
  ask: { params: { n: varint }, from: "any", reply: bool },
  boom: {
    params: { n: varint, data: bytes },
    from: "any",
    channel: Channel.Unreliable,
    cosmetic: 200,
  },
  glow: {
    params: { n: varint, who: u8 },
    from: "any",
    channel: Channel.Reliable,
    cosmetic: 0,
    coalesce: ["who"],
  },
  health: {
    params: { who: u8, n: varint, kind: choice("armour", "life", "mana") },
    from: "any",
    coalesce: ["kind", "who"],
  },
  pose: {
    params: { n: varint, who: u8, name: string },
    from: "any",
    channel: Channel.UnreliableOrdered,
    coalesce: ["who"],
  },
  say: { params: { n: varint, text: string }, from: "any" },
  shot: {
    params: { n: varint, data: bytes },
    from: "any",
    channel: Channel.Unreliable,
  },
  spark: {
    params: { n: varint, data: bytes },
    from: "any",
    channel: Channel.UnreliableOrdered,
    cosmetic: 7,
  },
  weather: { params: { n: varint }, from: "any", coalesce: [] },
});

/** Any of the calls, with any parameters. */
export function randomCall(
  random: Random,
  n: number,
): { rpc: Rpc; params: Record<string, unknown> } {
  const rpc = game.rpcs[random.nextU32() % game.rpcs.length]!;
  const data = new Uint8Array(random.nextU32() % 90);
  random.fill(data);
  const all: Record<string, unknown> = {
    n,
    who: random.nextU32() % 3,
    kind: ["armour", "life", "mana"][random.nextU32() % 3],
    text: "x".repeat(random.nextU32() % 200),
    name: "y".repeat(random.nextU32() % 20),
    data,
  };
  const params: Record<string, unknown> = {};
  for (const key of Object.keys(rpc.definition.params)) params[key] = all[key];
  return { rpc, params };
}

/** What tells coalesced calls apart. */
export function keyOf(
  { definition: { coalesce } }: Rpc,
  tag: number,
  id: number,
  params: Readonly<Record<string, unknown>>,
): string | undefined {
  return coalesce &&
    JSON.stringify([tag, id, ...coalesce.map((name) => params[name])]);
}
