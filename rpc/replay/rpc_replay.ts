// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import { ByteWriter } from "../../protocol/mod.ts";
import { RpcCall } from "../call/rpc_call.ts";
import { RpcError } from "../rpc_error.ts";
import type { ClientId } from "../target/client_id.ts";
import type { RecordingEnding } from "./recorded.ts";
import { loadRecording } from "./recording.ts";
import { RecordingWriter } from "./recording_writer.ts";

/** Options for {@linkcode RpcReplay}. */
export interface RpcReplayOptions {
  /**
   * The most calls that are kept: an integer from 1 to 16777216. What comes then is not
   * recorded, and counted.
   *
   * @default {65536}
   */
  readonly maxCalls?: number;
  /**
   * The most bytes of calls that are kept: an integer from 1 to 2^29.
   *
   * @default {16777216}
   */
  readonly maxBytes?: number;
}

/** A call of a recording, with its time. */
export interface ReplayedCall {
  /** When it was made, in milliseconds since the recording began. */
  readonly timeMs: number;
  /** The call, with its caller: the receiver's own. */
  readonly call: RpcCall;
}

/** Which calls of a recording. */
export type ReplayFilter = (call: RpcCall, timeMs: number) => boolean;

/** Options for {@linkcode RpcReplay.play}. */
export interface RpcReplayPlayOptions {
  /**
   * How many times as fast: above 0, and finite.
   *
   * @default {1}
   */
  readonly speed?: number;
  /** Which calls; all of them if left out. */
  readonly filter?: ReplayFilter;
}

/** A replay at the pace of the recording. */
export interface RpcReplayRun {
  /** The time in the recording, in milliseconds. */
  readonly timeMs: number;
  /** Whether every call was handed out. */
  readonly isDone: boolean;
  /**
   * Moves on.
   *
   * @param dt The time in seconds: finite, 0 or more.
   * @returns The calls whose time has come, in their order.
   * @throws {RangeError} If `dt` is not.
   */
  tick(dt: number): ReplayedCall[];
}

/** What is kept of a call. */
interface Kept {
  readonly timeMs: number;
  /** 0 is the server. */
  readonly caller: number;
  readonly bytes: Uint8Array;
}

const DEFAULT_MAX_CALLS = 65_536;
const DEFAULT_MAX_BYTES = 16_777_216;
/** Header and end; and what a record has beside its call: length, kind, time, caller, CRC. */
const FILE_BYTES = 32;
const RECORD_BYTES = 3 + 1 + 8 + 8 + 4;
const NO_OPTIONS: RpcReplayPlayOptions = {};

/**
 * Records calls with their times, and gives them out again: all at once, or at the pace
 * at which they were made. What is recorded is what a call is then; what becomes of the
 * call later makes no difference.
 *
 * @example Twice as fast
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { clientId, RpcCall, rpcId, RpcReplay } from "@tickwire/net/rpc";
 *
 * const replay = new RpcReplay();
 * replay.startRecording();
 * replay.record(new RpcCall({ id: rpcId(100), caller: clientId(7) }));
 * replay.tick(2);
 * replay.record(new RpcCall({ id: rpcId(101) }));
 * replay.stopRecording();
 *
 * const other = new RpcReplay();
 * other.import(replay.export());
 * assertEquals(other.replayAll().map(({ timeMs }) => timeMs), [0, 2_000]);
 *
 * const run = other.play({ speed: 2 });
 * assertEquals(run.tick(0.5)[0]!.call.caller, clientId(7));
 * assertEquals(run.tick(0.5)[0]!.call.id, rpcId(101));
 * assert(run.isDone);
 * ```
 */
export class RpcReplay {
  readonly #maxCalls: number;
  readonly #maxBytes: number;
  #kept: Kept[] = [];
  #bytes = 0;
  #seconds = 0;
  #isRecording = false;
  #droppedCount = 0;

  /**
   * Creates an empty one.
   *
   * @param options Its bounds.
   * @throws {RangeError} If one is outside its range.
   */
  constructor(options: RpcReplayOptions = {}) {
    const { maxCalls = DEFAULT_MAX_CALLS, maxBytes = DEFAULT_MAX_BYTES } =
      options;
    this.#maxCalls = checkInteger("maxCalls", maxCalls, 1, 2 ** 24);
    this.#maxBytes = checkInteger("maxBytes", maxBytes, 1, 2 ** 29);
  }

  /** Whether calls are recorded. */
  get isRecording(): boolean {
    return this.#isRecording;
  }

  /** How many calls are kept. */
  get count(): number {
    return this.#kept.length;
  }

  /** When the last of them was made, in milliseconds. */
  get durationMs(): number {
    return this.#kept.at(-1)?.timeMs ?? 0;
  }

  /** How many calls were not recorded since `startRecording()`, as there was no room. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Begins a recording; the one before is forgotten. */
  startRecording(): void {
    this.#kept = [];
    this.#bytes = 0;
    this.#seconds = 0;
    this.#droppedCount = 0;
    this.#isRecording = true;
  }

  /** Ends the recording, which stays. */
  stopRecording(): void {
    this.#isRecording = false;
  }

  /**
   * Moves the time of the recording on.
   *
   * @param dt The time in seconds: finite, 0 or more.
   * @throws {RangeError} If it is not.
   */
  tick(dt: number): void {
    checkDt(dt);
    if (this.#isRecording) this.#seconds += dt;
  }

  /**
   * Records a call, at the time that it is.
   *
   * @param call The call.
   * @returns Whether it was recorded: not before `startRecording()` or after
   * `stopRecording()`, and not when there is no room.
   * @throws {RpcError} `tooLarge` if the call cannot be serialised.
   * @throws {RangeError} If a parameter was not made by its maker, and is outside its
   * range.
   */
  record(call: RpcCall): boolean {
    if (!this.#isRecording) return false;
    const bytes = call.serialize();
    if (
      this.#kept.length >= this.#maxCalls ||
      this.#bytes + bytes.length > this.#maxBytes
    ) {
      this.#droppedCount++;
      return false;
    }
    this.#bytes += bytes.length;
    const us = Math.min(
      Math.round(this.#seconds * 1e6),
      Number.MAX_SAFE_INTEGER,
    );
    this.#kept.push({ timeMs: us / 1_000, caller: call.caller ?? 0, bytes });
    return true;
  }

  /**
   * Gives out the calls at once.
   *
   * @returns All of them with their times, in their order.
   */
  replayAll(): ReplayedCall[] {
    return this.#kept.map(replayed);
  }

  /**
   * Gives out some of the calls at once.
   *
   * @param filter Which.
   * @returns Those with their times, in their order.
   */
  replayFiltered(filter: ReplayFilter): ReplayedCall[] {
    return this.replayAll().filter(({ call, timeMs }) => filter(call, timeMs));
  }

  /**
   * Begins to give out the calls at the pace at which they were made. What is recorded or
   * imported later does not change it.
   *
   * @param options How fast, and which calls.
   * @returns The replay, to be ticked.
   * @throws {RangeError} If `speed` is not above 0 and finite.
   */
  play(options: RpcReplayPlayOptions = NO_OPTIONS): RpcReplayRun {
    const { speed = 1, filter } = options;
    if (!(speed > 0 && speed < Infinity)) {
      throw new RangeError(
        `Cannot play calls as speed must be above 0 and finite: current value is ${speed}`,
      );
    }
    return new Run(this.#kept.slice(), speed, filter);
  }

  /**
   * Encodes the recording, as `REPLAY.md` has it.
   *
   * @returns Bytes that belong to the caller.
   */
  export(): Uint8Array<ArrayBuffer> {
    const maxBytes = FILE_BYTES + this.#bytes +
      this.#kept.length * RECORD_BYTES;
    const bytes = new ByteWriter({ maxBytes });
    const writer = new RecordingWriter(
      { subject: "calls", hashLow: 0, hashHigh: 0 },
      (part) => bytes.raw(part),
    );
    for (const call of this.#kept) {
      writer.advanceTo(call.timeMs);
      writer.call(call.caller, call.bytes);
    }
    writer.stop();
    return bytes.toBytes();
  }

  /**
   * Takes in what `export()` made. Everything is checked first: if anything is wrong,
   * everything stays as it is. Of a recording that was cut off, what is whole is taken.
   * A recording that is under way is ended.
   *
   * @param bytes The recording, which may come from anybody.
   * @returns How it ends: `stopped`, `full` or `truncated`.
   * @throws {RpcError} `deserializeError` if it is no recording of calls, or damaged;
   * `tooLarge` if it has more calls or bytes than are kept here.
   */
  import(bytes: Uint8Array): RecordingEnding {
    const recording = loadRecording(bytes);
    if (recording.header.subject !== "calls") {
      throw refused(`it is a ${recording.header.subject}'s`);
    }
    if (recording.ending === "corrupt") throw refused(recording.fault!);
    const kept: Kept[] = [];
    let byteCount = 0;
    for (const record of recording) {
      if (record.type !== "call") throw refused("it has more than calls");
      const { timeMs, peer, bytes } = record;
      byteCount += bytes.length;
      if (kept.length >= this.#maxCalls || byteCount > this.#maxBytes) {
        throw new RpcError(
          "tooLarge",
          `Cannot import a recording as it must have at most ${this.#maxCalls} calls and ${this.#maxBytes} bytes of them`,
        );
      }
      const call = RpcCall.tryDeserialize(bytes, undefined);
      if (!(call instanceof RpcCall)) throw refused("a call of it is none");
      kept.push({ timeMs, caller: peer, bytes });
    }
    this.#kept = kept;
    this.#bytes = byteCount;
    this.#isRecording = false;
    this.#droppedCount = 0;
    return recording.ending;
  }
}

class Run implements RpcReplayRun {
  readonly #kept: readonly Kept[];
  readonly #speed: number;
  readonly #filter: ReplayFilter | undefined;
  #next = 0;
  #seconds = 0;

  constructor(
    kept: readonly Kept[],
    speed: number,
    filter: ReplayFilter | undefined,
  ) {
    this.#kept = kept;
    this.#speed = speed;
    this.#filter = filter;
  }

  get timeMs(): number {
    // In the steps that calls have, so that none is a rounding too late.
    return Math.round(this.#seconds * this.#speed * 1e6) / 1_000;
  }

  get isDone(): boolean {
    return this.#next === this.#kept.length;
  }

  tick(dt: number): ReplayedCall[] {
    checkDt(dt);
    this.#seconds += dt;
    const { timeMs } = this;
    const due: ReplayedCall[] = [];
    for (; this.#next < this.#kept.length; this.#next++) {
      const kept = this.#kept[this.#next]!;
      if (kept.timeMs > timeMs) break;
      const next = replayed(kept);
      if (this.#filter?.(next.call, next.timeMs) ?? true) due.push(next);
    }
    return due;
  }
}

function replayed({ timeMs, caller, bytes }: Kept): ReplayedCall {
  const id = caller === 0 ? undefined : caller as ClientId;
  return { timeMs, call: RpcCall.deserialize(bytes, id) };
}

function refused(why: string): RpcError {
  return new RpcError(
    "deserializeError",
    `Cannot import a recording as it must be one of calls, and whole: ${why}`,
  );
}

function checkDt(dt: number): void {
  if (dt >= 0 && dt < Infinity) return;
  throw new RangeError(
    `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
  );
}
