// This module is browser compatible.
import { checkFinite, checkInteger } from "../../core/mod.ts";

/** So much per second in the long run, and so much at once. */
export interface RpcBudget {
  /** What comes back per second: above 0 and finite. */
  readonly perSecond: number;
  /** The most that is there at once: an integer, 1 or more. */
  readonly burst: number;
}

/**
 * What a server takes from each of its clients, and what it does about more. The
 * defaults suit a shooter at 60 Hz with a few dozen players, whose honest clients stay
 * at a tenth of them. They hold for each connection on its own, and besides the `rate`
 * of each call.
 */
export interface RpcLimits {
  /**
   * Calls, whether they are let through or not.
   *
   * By default four in every frame, and two seconds of that at once: what a line that
   * stood still brings when it moves again.
   *
   * @default {{ perSecond: 240, burst: 480 }}
   */
  readonly calls?: RpcBudget;
  /**
   * Bytes of packets, of which each counts {@linkcode RPC_PACKET_OVERHEAD_BYTES} more:
   * what is beyond is dropped unread, so that it bounds the work of reading. A packet
   * larger than `burst` is never read.
   *
   * By default 140 bytes for each of the 240 calls: texts are longer than shots, yet
   * there are fewer of them. The burst has room for the largest message of any link
   * here, 65,536 bytes, and for as much again.
   *
   * @default {{ perSecond: 32_768, burst: 131_072 }}
   */
  readonly bytes?: RpcBudget;
  /**
   * Milliseconds in handlers and in `isOwner`. What handlers took is known only
   * afterwards, of up to four calls together: a call is let through while anything is
   * left, and the debt is paid before the next one. Pauses of the machine are measured
   * too, and shut nobody out: what takes more than a quarter of the burst counts that
   * quarter, unless the same happened to the client in the ten seconds before, and no
   * debt is larger than another burst.
   *
   * By default a fiftieth of a core: 32 hostile clients leave a third of it. The burst is
   * for handlers that run for the first time, which take milliseconds.
   *
   * @default {{ perSecond: 20, burst: 60 }}
   */
  readonly handlerMs?: RpcBudget;
  /**
   * Packets that cannot be read. Those within it only cost themselves.
   *
   * By default next to none: an honest client sends none at all, but one that is wrong
   * about something should see a warning before it is silenced.
   *
   * @default {{ perSecond: 1, burst: 3 }}
   */
  readonly malformed?: RpcBudget;
  /**
   * Answers that tell a client of a call that was refused. The tickets of those beyond
   * it time out.
   *
   * By default fewer than a frame has calls, so that refusing stays cheaper than
   * answering.
   *
   * @default {{ perSecond: 20, burst: 40 }}
   */
  readonly refusals?: RpcBudget;
  /**
   * Calls passed on to other clients, counted once for each of them and each
   * {@linkcode RPC_RELAY_BYTES} that were begun: it bounds what a client has the server
   * send. A call goes to all that it is for while anything is left, and the whole debt is
   * paid before the next one.
   *
   * By default ten short calls a second to each of a hundred clients.
   *
   * @default {{ perSecond: 1_000, burst: 2_000 }}
   */
  readonly relays?: RpcBudget;
  /**
   * The score from which on `peerWarned` tells of a client, at most `muteAt`. A call too
   * many is 1 point, the other offences are in {@linkcode RPC_OFFENCE_POINTS}.
   *
   * By default half a second of calls at 60 Hz that are all too many.
   *
   * @default {30}
   */
  readonly warnAt?: number;
  /**
   * The score from which on nothing of a client is read for `muteMs`, at most `kickAt`.
   *
   * By default two seconds of calls at 60 Hz, or six unreadable packets too many.
   *
   * @default {120}
   */
  readonly muteAt?: number;
  /**
   * The score from which on `peerShouldBeKicked` tells of a client; also the highest
   * there is.
   *
   * By default what no lag adds up to: a client that stood still for half a minute while
   * it shot ten times a second stays below half of it.
   *
   * @default {600}
   */
  readonly kickAt?: number;
  /**
   * How much of the score is forgotten per second: above 0 and finite.
   *
   * By default a client at 10 calls too many per second is never warned, one at 15 is
   * after six seconds.
   *
   * @default {10}
   */
  readonly forgivenPerSecond?: number;
  /**
   * How long a client is muted, in milliseconds: 1,000 or more, and finite.
   *
   * By default long enough to be felt, and short enough for whoever meant no harm.
   *
   * @default {5_000}
   */
  readonly muteMs?: number;
  /**
   * How often a client is muted before the next time is a kick, counted from when its
   * score was last 0: an integer, 0 to 1,000,000.
   *
   * By default three times: whoever is back at once each time does not do so by mistake.
   *
   * @default {3}
   */
  readonly mutesBeforeKick?: number;
  /**
   * Whether the server closes the link of a client that should be kicked. If not, the
   * game decides on the event.
   *
   * @default {false}
   */
  readonly closesKicked?: boolean;
}

/** What a packet counts beyond its bytes: the headers of IP and UDP, and then some. */
export const RPC_PACKET_OVERHEAD_BYTES = 32;

/** Of how many bytes of a call that is passed on each client counts once. */
export const RPC_RELAY_BYTES = 256;

/** The limits, checked and with their defaults. */
export type ResolvedRpcLimits = Readonly<Required<RpcLimits>>;

/**
 * Checks limits.
 *
 * @param limits What differs from the defaults.
 * @returns All of them.
 * @throws {RangeError} If one is outside its range, or the scores are not in their order.
 */
export function resolveRpcLimits(limits: RpcLimits = {}): ResolvedRpcLimits {
  const kickAt = checkFinite("kickAt", limits.kickAt ?? 600);
  const muteAt = checkFinite("muteAt", limits.muteAt ?? 120);
  const warnAt = checkFinite("warnAt", limits.warnAt ?? 30);
  checkOrder("muteAt", muteAt, "kickAt", kickAt);
  checkOrder("warnAt", warnAt, "muteAt", muteAt);
  const muteMs = checkFinite("muteMs", limits.muteMs ?? 5_000);
  if (muteMs < 1_000) {
    throw new RangeError(
      `Cannot use muteMs as it must be 1000 or more: current value is ${muteMs}`,
    );
  }
  return {
    calls: checkBudget("calls", limits.calls, 240, 480),
    bytes: checkBudget("bytes", limits.bytes, 32_768, 131_072),
    handlerMs: checkBudget("handlerMs", limits.handlerMs, 20, 60),
    malformed: checkBudget("malformed", limits.malformed, 1, 3),
    refusals: checkBudget("refusals", limits.refusals, 20, 40),
    relays: checkBudget("relays", limits.relays, 1_000, 2_000),
    warnAt,
    muteAt,
    kickAt,
    forgivenPerSecond: checkFinite(
      "forgivenPerSecond",
      limits.forgivenPerSecond ?? 10,
    ),
    muteMs,
    mutesBeforeKick: checkInteger(
      "mutesBeforeKick",
      limits.mutesBeforeKick ?? 3,
      0,
      1_000_000,
    ),
    closesKicked: limits.closesKicked ?? false,
  };
}

function checkBudget(
  name: string,
  budget: RpcBudget | undefined,
  defaultPerSecond: number,
  defaultBurst: number,
): RpcBudget {
  const { perSecond, burst } = budget ??
    { perSecond: defaultPerSecond, burst: defaultBurst };
  checkFinite(`${name}.perSecond`, perSecond);
  checkInteger(`${name}.burst`, burst, 1, Number.MAX_SAFE_INTEGER);
  return { perSecond, burst };
}

function checkOrder(
  name: string,
  value: number,
  higherName: string,
  higher: number,
): void {
  if (value <= higher) return;
  throw new RangeError(
    `Cannot use ${name} as it must be at most ${higherName} (${higher}): current value is ${value}`,
  );
}
