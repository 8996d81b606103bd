const PROTOCOL = new URL("../../../protocol/mod.ts", import.meta.url).href;
const RPC = new URL("../../mod.ts", import.meta.url).href;

const PARAMS = [
  "{ amount: f32, at: vec3, crit: bool }",
  `{ who: u16, how: choice("walk", "run", "fly"), note: optional(string) }`,
  "{ items: list(struct({ id: varint, count: u8 }), { maxLength: 8 }) }",
  "{ from: vec3, to: vec3, turn: quat, speed: float({ min: 0, max: 1, step: 0.1 }) }",
  "{}",
];
const SOURCES = ["server", "client", "owner", "any"];
const REPLY = "reply: struct({ ok: bool, left: optional(varint) }), ";

/**
 * The text of a module with a contract, and with code that uses the parameters of every
 * call: a large game, for the type checker.
 *
 * @param count How many calls.
 */
export function largeContract(count: number): string {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const definitions = numbers.map((i) =>
    `  call${i}: { params: ${PARAMS[i % 5]}, ${
      i % 3 === 0 ? REPLY : ""
    }from: "${SOURCES[i % 4]}"${
      i % 4 === 0 ? "" : `, rate: { perSecond: ${i + 1} }`
    } },`
  );
  const uses = numbers.map((i) =>
    `send("call${i}", null! as RpcParamsOf<typeof game, "call${i}">);`
  );
  return `
import { bool, choice, f32, float, list, optional, quat, string, struct, u16, u8, varint, vec3 } from "${PROTOCOL}";
import { type AnsweredCallName, type ClientCallName, defineRpc, type RpcDefinitionsOf, type RpcName, type RpcParams, type RpcParamsOf, type RpcReply, type ServerCallName } from "${RPC}";

export const game = defineRpc({
${definitions.join("\n")}
});
type D = RpcDefinitionsOf<typeof game>;
function send<N extends RpcName<D>>(name: N, params: RpcParams<D[N]>): void {
  void [name, params];
}
${uses.join("\n")}
export const server: ServerCallName<D> = "call0";
export const client: ClientCallName<D> = "call1";
export const answered: AnsweredCallName<D, ClientCallName<D>> = "call3";
export const reply: RpcReply<D["call0"]> = { ok: true };
send("call0", { amount: 1, at: { x: 0, y: 0, z: 0 }, crit: false });
`;
}
