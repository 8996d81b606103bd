// This module is browser compatible.
import { f32, u8 } from "../../../protocol/mod.ts";
import { defineRpc, type Rpc } from "../../contract/define_rpc.ts";
import { type ClientId, clientId } from "../../target/client_id.ts";
import { CallGuard, type IsOwner, type PeerGuard } from "../call_guard.ts";
import type { RpcLimits } from "../rpc_limits.ts";
import type { RpcGuardEvent } from "../rpc_offence.ts";

/** One call of each kind that a guard tells apart. */
export const GUARDED = defineRpc({
  fire: {
    params: { weapon: u8 },
    from: "client",
    rate: { perSecond: 8, burst: 16 },
  },
  emote: { params: {}, from: "any", rate: { perSecond: 0.5 } },
  jump: { params: { height: f32 }, from: "client" },
  open: { params: { door: u8 }, from: "owner" },
  damage: { params: { amount: f32 }, from: "server" },
});

/** The rpc of a name. */
export function rpcOf(name: keyof typeof GUARDED.definitions): Rpc {
  return GUARDED.byName.get(name)!;
}

/** A guard that keeps its events, with peers as wanted. */
export interface GuardWorld {
  readonly guard: CallGuard;
  readonly events: RpcGuardEvent[];
  readonly peers: readonly PeerGuard[];
}

/** Options for {@linkcode guardWorld}. */
export interface GuardWorldOptions {
  readonly limits?: RpcLimits;
  readonly isOwner?: IsOwner;
  readonly peers?: number;
}

export function guardWorld(options: GuardWorldOptions = {}): GuardWorld {
  const { limits, isOwner = ownsNothing, peers = 1 } = options;
  const events: RpcGuardEvent[] = [];
  const guard = new CallGuard({
    contract: GUARDED,
    emit: (event) => events.push(event),
    isOwner,
    limits,
  });
  return {
    guard,
    events,
    peers: Array.from(
      { length: peers },
      (_, i) => guard.connect(clientId(i + 1)),
    ),
  };
}

function ownsNothing(_client: ClientId): boolean {
  return false;
}
