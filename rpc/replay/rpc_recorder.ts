// This module is browser compatible.
import { type Clock, SystemClock } from "../../core/mod.ts";
import { ByteWriter, type MessageLink } from "../../protocol/mod.ts";
import type { RpcContract } from "../contract/define_rpc.ts";
import type { RpcObserver } from "../endpoint/rpc_observer.ts";
import type { ClientId } from "../target/client_id.ts";
import { RecordingLink } from "./_recording_link.ts";
import { type RecordingSink, RecordingWriter } from "./recording_writer.ts";

/** Options for {@linkcode RpcRecorder}. */
export interface RpcRecorderOptions {
  /**
   * The bytes of the recording not to exceed: 32 or more, without a sink at most 2^30.
   * The first record that does not fit ends it; `droppedCount` counts what follows.
   *
   * @default {16_777_216, with a sink Infinity}
   */
  readonly maxBytes?: number;
  /** Where the bytes go, record by record. If left out, they are kept for `export()`. */
  readonly sink?: RecordingSink;
  /**
   * What `RpcRecorder.clock` goes by.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
}

const DEFAULT_MAX_BYTES = 16_777_216;

/**
 * Records an `RpcServer` or an `RpcClient` from its beginning: the ticks, what its links
 * bring and take, the game's disconnecting, what it refuses, and the times by which
 * handlers are measured. An `RpcPlayer` gives it all again to a fresh one.
 *
 * The endpoint gets the recorder as its `observer`, a server its `clock` besides, and
 * every link through {@linkcode RpcRecorder.link}. What the game calls is not in the
 * recording other than as packets: in a replay, handlers and the game call again.
 *
 * A recording has all that was said, texts of players and all: keep it accordingly.
 *
 * @example A client, recorded
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { f32, MemoryLinkPair } from "@tickwire/net/protocol";
 * import { defineRpc, loadRecording, RpcClient, RpcRecorder } from "@tickwire/net/rpc";
 *
 * const game = defineRpc({ damage: { params: { amount: f32 }, from: "server" } });
 * const pair = new MemoryLinkPair();
 * const recorder = new RpcRecorder(game, "client");
 * const client = new RpcClient(game, recorder.link(pair.a), { observer: recorder });
 * client.tick(0.5);
 * recorder.stop();
 *
 * const recording = loadRecording(recorder.export());
 * assertEquals([...recording].map(({ type }) => type), ["connected", "tick", "packetOut"]);
 * ```
 */
export class RpcRecorder implements RpcObserver {
  /** The clock for an endpoint whose handlers are measured: in steps of a microsecond. */
  readonly clock: Clock;
  readonly #writer: RecordingWriter;
  readonly #kept: ByteWriter | undefined;

  /**
   * Begins a recording.
   *
   * @param contract The contract of the endpoint.
   * @param subject Which end it is.
   * @param options Where to, and how much.
   * @throws {RangeError} If `maxBytes` is out of its range.
   */
  constructor(
    contract: Pick<RpcContract, "contract">,
    subject: "server" | "client",
    options: RpcRecorderOptions = {},
  ) {
    const { sink, clock = new SystemClock() } = options;
    const {
      maxBytes = sink === undefined ? DEFAULT_MAX_BYTES : Infinity,
    } = options;
    const kept = sink === undefined ? new ByteWriter({ maxBytes }) : undefined;
    const { hashLow, hashHigh } = contract.contract;
    this.#kept = kept;
    this.#writer = new RecordingWriter(
      { subject, hashLow, hashHigh },
      sink ?? ((bytes) => kept!.raw(bytes)),
      { maxBytes },
    );
    this.clock = new RecordingClock(clock, this.#writer);
  }

  /** How many bytes the recording has. */
  get byteCount(): number {
    return this.#writer.byteCount;
  }

  /** How many records are missing at its end, as it was full or had been stopped. */
  get droppedCount(): number {
    return this.#writer.droppedCount;
  }

  /** `writing`; `full` when a record did not fit; `stopped` after `stop()`. */
  get state(): "writing" | "full" | "stopped" {
    return this.#writer.state;
  }

  /**
   * Records a link, from now on: connect the endpoint with it at once. The game itself
   * looks at the original one only.
   *
   * @param link The link.
   * @param client Which client it leads to; for the client's recording nothing.
   * @returns The link for the endpoint.
   */
  link(link: MessageLink, client?: ClientId): MessageLink {
    return new RecordingLink(link, client ?? 0, this.#writer);
  }

  /** The endpoint tells of a tick. */
  ticked(dt: number): void {
    this.#writer.tick(dt);
  }

  /** The endpoint tells that the game ended a link. */
  disconnected(client: ClientId | undefined, reason: string): void {
    this.#writer.disconnected(client ?? 0, reason);
  }

  /** The endpoint tells what it does not handle. */
  rejected(client: ClientId | undefined, rpc: string, reason: string): void {
    this.#writer.rejected(client ?? 0, rpc, reason);
  }

  /** Ends the recording; everything goes on as before. */
  stop(): void {
    this.#writer.stop();
  }

  /**
   * The recording so far, for `loadRecording()`.
   *
   * @returns A copy.
   * @throws {TypeError} If a sink has it.
   */
  export(): Uint8Array<ArrayBuffer> {
    if (this.#kept === undefined) {
      throw new TypeError(
        "Cannot export a recording as it must have been kept: current recorder has a sink",
      );
    }
    return this.#kept.toBytes();
  }
}

/** Shows the time as it is recorded: rounded, from 0 on, never backwards. */
class RecordingClock implements Clock {
  readonly #clock: Clock;
  readonly #writer: RecordingWriter;
  #firstMs: number | undefined;
  #us = 0;

  constructor(clock: Clock, writer: RecordingWriter) {
    this.#clock = clock;
    this.#writer = writer;
  }

  nowMs(): number {
    const nowMs = this.#clock.nowMs();
    this.#firstMs ??= nowMs;
    const us = Math.max(
      this.#us,
      Math.round((nowMs - this.#firstMs) * 1_000),
    );
    this.#writer.clock(us - this.#us);
    this.#us = us;
    return us / 1_000;
  }

  epochMs(): number {
    return this.#clock.epochMs();
  }
}
