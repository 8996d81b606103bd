// This module is browser compatible.
import type { Field } from "../../protocol/mod.ts";
import type { PeerInputs, SyncPeer } from "../server/sync_peer.ts";
import type { InputFeedback } from "../wire/input_feedback.ts";
import { checkInputField } from "./input_sender.ts";
import {
  InputQueue,
  type InputQueueOptions,
  type TakenInput,
} from "./input_queue.ts";

/**
 * The inputs of all clients of a `SyncServer`: a queue for each, as long as it is
 * connected.
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
  readonly #options: InputQueueOptions;
  readonly #queues = new WeakMap<SyncPeer, InputQueue<I>>();

  /**
   * Creates it, without clients.
   *
   * @param field What an input is: the same one as the clients'.
   * @param options What a client may do.
   * @throws {RangeError} If an option is out of its range, or an input may take more
   * than 256 bytes.
   */
  constructor(field: Field<I>, options: InputQueueOptions) {
    checkInputField(field);
    this.#field = field;
    this.#options = options;
    // A wrong option is told here, not when somebody connects.
    new InputQueue(field, options);
  }

  /**
   * Tells the inputs of a client.
   *
   * @param peer The client.
   * @returns Its queue.
   */
  of(peer: SyncPeer): InputQueue<I> {
    let queue = this.#queues.get(peer);
    if (queue === undefined) {
      queue = new InputQueue<I>(this.#field, this.#options);
      this.#queues.set(peer, queue);
    }
    return queue;
  }

  /**
   * Tells what to simulate a tick of a client with.
   *
   * @param peer The client.
   * @param tick The tick: an integer above that of the call before.
   * @returns As {@linkcode InputQueue.take}.
   * @throws {RangeError} If it is no such integer.
   */
  take(peer: SyncPeer, tick: number): TakenInput<I> {
    return this.of(peer).take(tick);
  }

  /** Takes a client's report, for the server. */
  receive(peer: SyncPeer, bytes: Uint8Array, nowTick: number): boolean {
    return this.of(peer).read(bytes, nowTick) !== "malformed";
  }

  /** Tells what a client is told of its inputs, for the server. */
  feedback(peer: SyncPeer, into: InputFeedback): boolean {
    const queue = this.#queues.get(peer);
    if (queue === undefined || queue.ackTick < 0) return false;
    const leadMs = queue.leads.take();
    if (leadMs === undefined) return false;
    into.tick = queue.ackTick;
    into.lead = leadMs * this.#options.tickRate / 1_000;
    return true;
  }
}
