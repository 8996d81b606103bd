// This module is browser compatible.
import type { Field } from "../../protocol/mod.ts";
import { ViewGuard, type ViewGuardOptions } from "../lag/view_guard.ts";
import type { PeerInputs, SyncPeer } from "../server/sync_peer.ts";
import type { InputFeedback } from "../wire/input_feedback.ts";
import { HISTORY_TICKS } from "../world/world_history.ts";
import { checkInputField } from "./input_sender.ts";
import {
  InputQueue,
  type InputQueueOptions,
  type TakenInput,
} from "./input_queue.ts";

/** How old a view may be, in seconds: see `ViewGuardOptions.maxRewindTicks`. */
const MAX_REWIND = 0.4;

/** The options of {@linkcode ServerInputs}. */
export interface ServerInputsOptions extends InputQueueOptions {
  /**
   * What a client may say that it has seen; `maxRewindTicks` is 400 ms unless given, and
   * 63 at most, as a server keeps no more.
   */
  readonly views?: ViewGuardOptions;
}

/** What is kept of one client. */
interface Inputs<I> {
  readonly queue: InputQueue<I>;
  readonly guard: ViewGuard;
  readonly taken: { -readonly [K in keyof TakenInput<I>]: TakenInput<I>[K] };
}

/**
 * The inputs of all clients of a `SyncServer`: a queue for each, as long as it is
 * connected, and a guard that makes what they say that they saw into what they can have
 * seen, for a `Rewind`.
 *
 * @typeParam I The type of the inputs.
 *
 * @example A client drives a cube
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { float, MemoryLinkPair, struct, vec2 } from "@tickwire/net/protocol";
 * import {
 *   defineEntity,
 *   defineWorld,
 *   InputSender,
 *   ServerInputs,
 *   SyncClient,
 *   SyncServer,
 * } from "@tickwire/net/sync";
 *
 * const position = vec2({ min: -100, max: 100, step: 0.25 });
 * const world = defineWorld({ cube: defineEntity({ position }) });
 * const drive = struct({ x: float({ min: -1, max: 1, step: 0.25 }) });
 *
 * const inputs = new ServerInputs(drive, { tickRate: 60 });
 * const server = new SyncServer(world, { inputs });
 * const links = new MemoryLinkPair();
 * const peer = server.connect(links.a)!;
 * const id = server.entities.spawn("cube", { position: { x: 0, y: 0 } })!;
 *
 * const sender = new InputSender(drive);
 * const client = new SyncClient(world, links.b, { inputs: sender });
 * for (let frame = 0; frame < 60; frame++) {
 *   // A client plays ahead, as its clock tells; half a second here.
 *   sender.push(frame + 30, { x: 0.5 });
 *   client.tick(1 / 60);
 *   server.tick(1 / 60, (tick) => {
 *     const { x, y } = server.entities.get(id, "cube")!.position;
 *     const { input } = inputs.take(peer, tick);
 *     server.entities.set(id, "cube", { position: { x: x + (input?.x ?? 0), y } });
 *   });
 * }
 * assertEquals(server.entities.get(id, "cube")?.position.x, 15); // of 30 ticks
 * assertEquals(inputs.of(peer).counts.missing, 30); // the first 30
 * ```
 */
export class ServerInputs<I> implements PeerInputs {
  readonly #field: Field<I>;
  readonly #options: ServerInputsOptions;
  readonly #views: ViewGuardOptions;
  readonly #inputs = new WeakMap<SyncPeer, Inputs<I>>();

  /**
   * Creates it, without clients.
   *
   * @param field What an input is: the same one as the clients'.
   * @param options What a client may do.
   * @throws {RangeError} If an option is out of its range, or an input may take more
   * than 256 bytes.
   */
  constructor(field: Field<I>, options: ServerInputsOptions) {
    checkInputField(field);
    this.#field = field;
    this.#options = options;
    this.#views = {
      maxRewindTicks: Math.min(
        HISTORY_TICKS - 1,
        Math.ceil(MAX_REWIND * options.tickRate),
      ),
      ...options.views,
    };
    // A wrong option is told here, not when somebody connects.
    this.#make();
  }

  /**
   * Tells the inputs of a client.
   *
   * @param peer The client.
   * @returns Its queue.
   */
  of(peer: SyncPeer): InputQueue<I> {
    return this.#of(peer).queue;
  }

  /**
   * Tells what a client was seen to say that it saw.
   *
   * @param peer The client.
   * @returns Its guard, whose `counts` tell of what was moved.
   */
  guardOf(peer: SyncPeer): ViewGuard {
    return this.#of(peer).guard;
  }

  /**
   * Tells what to simulate a tick of a client with.
   *
   * @param peer The client.
   * @param tick The tick that is simulated, as `SyncServer.tick` tells it: an integer
   * above that of the call before.
   * @returns As {@linkcode InputQueue.take}, but the view is one that the client can have
   * had, of ticks before this one that the server keeps. Valid until the next call for the
   * client.
   * @throws {RangeError} If it is no such integer.
   */
  take(peer: SyncPeer, tick: number): TakenInput<I> {
    const { queue, guard, taken } = this.#of(peer);
    const { input, missing, view } = queue.take(tick);
    const newest = tick - 1;
    taken.tick = tick;
    taken.input = input;
    taken.missing = missing;
    taken.view = view === undefined || newest < 0
      ? undefined
      : guard.check(view, newest, Math.max(0, tick - HISTORY_TICKS), peer);
    return taken;
  }

  /** Takes a client's report, for the server. */
  receive(peer: SyncPeer, bytes: Uint8Array, nowTick: number): boolean {
    return this.of(peer).read(bytes, nowTick) !== "malformed";
  }

  /** Tells what a client is told of its inputs, for the server. */
  feedback(peer: SyncPeer, into: InputFeedback): boolean {
    const queue = this.#inputs.get(peer)?.queue;
    if (queue === undefined || queue.ackTick < 0) return false;
    const leadMs = queue.leads.take();
    if (leadMs === undefined) return false;
    into.tick = queue.ackTick;
    into.lead = leadMs * this.#options.tickRate / 1_000;
    return true;
  }

  #of(peer: SyncPeer): Inputs<I> {
    let inputs = this.#inputs.get(peer);
    if (inputs === undefined) this.#inputs.set(peer, inputs = this.#make());
    return inputs;
  }

  #make(): Inputs<I> {
    return {
      queue: new InputQueue<I>(this.#field, this.#options),
      guard: new ViewGuard(this.#views),
      taken: { tick: -1, input: undefined, missing: 0, view: undefined },
    };
  }
}
