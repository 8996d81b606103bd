// This module is browser compatible.
import { BitWriter, ByteWriter } from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import { RpcPacketKind } from "./packet_kind.ts";

/** Kind, and the longest varint of a sequence. */
const MAX_HEADER_BYTES = 1 + 8;
/** Id, count and length of a run. */
const MAX_RUN_HEADER_BYTES = 2 + 3 + 3;

/**
 * Puts calls into packets, one after another, into one buffer. Nothing of it is
 * allocated per call.
 */
export class CallWriter {
  readonly #packet: ByteWriter;
  readonly #body: ByteWriter;
  readonly #bits: BitWriter;
  readonly #limitBytes: number;
  #kind: number = RpcPacketKind.ClientCalls;
  #run: Rpc | undefined;
  #runCount = 0;
  #count = 0;
  #error: "full" | "range" | undefined;

  /**
   * Creates a writer.
   *
   * @param limitBytes The most bytes of a packet: an integer, 64 or more.
   */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#packet = new ByteWriter({ maxBytes: limitBytes });
    this.#body = new ByteWriter({ maxBytes: limitBytes });
    this.#bits = new BitWriter(this.#body);
  }

  /** How many calls the packet has. */
  get count(): number {
    return this.#count;
  }

  /** Why the last `add()` was refused: the packet is full, or a value is not allowed. */
  get error(): "full" | "range" | undefined {
    return this.#error;
  }

  /**
   * Begins a packet.
   *
   * @param kind `ClientCalls` or `ServerCalls`.
   * @param sequence The sequence of its first call: 0 to 2^53 - 1.
   */
  begin(kind: RpcPacketKind, sequence: number): void {
    this.#kind = kind;
    this.#count = 0;
    this.#run = undefined;
    this.#packet.reset();
    this.#body.reset();
    this.#packet.u8(kind);
    this.#packet.varint(sequence);
  }

  /**
   * Adds a call.
   *
   * @param rpc Which.
   * @param tag A client's call: the tag of its target. A server's: 0.
   * @param id A client's call: the client or team of its target. A server's: the caller, 0 for the server.
   * @param ticket Of a call that is answered, 1 to 2^53 - 1; else 0.
   * @param params What it carries.
   * @returns `false` if it was not added, and the packet is as before: see `error`.
   */
  add(
    rpc: Rpc,
    tag: number,
    id: number,
    ticket: number,
    params: Readonly<Record<string, unknown>>,
  ): boolean {
    this.#error = undefined;
    if (this.#run !== rpc) this.#closeRun();
    const before = this.#body.length;
    if (this.#kind === RpcPacketKind.ClientCalls) {
      this.#body.varint(id * 8 + tag);
    } else this.#body.varint(id);
    if (ticket !== 0) this.#body.varint(ticket);
    rpc.params.write(this.#bits, params);
    this.#bits.align();
    const { error } = this.#bits;
    const end = this.#packet.length + this.#body.length + MAX_RUN_HEADER_BYTES;
    if (error !== undefined || end > this.#limitBytes) {
      this.#body.rewind(before);
      this.#error = error ?? "full";
      return false;
    }
    this.#run = rpc;
    this.#runCount++;
    this.#count++;
    return true;
  }

  /**
   * Ends the packet.
   *
   * @returns Its bytes, the writer's own until the next `begin()`.
   */
  end(): Uint8Array {
    this.#closeRun();
    return this.#packet.view();
  }

  #closeRun(): void {
    if (this.#run === undefined) return;
    const isMany = this.#runCount > 1 ? 1 : 0;
    this.#packet.varint(this.#run.id * 2 + isMany);
    if (isMany === 1) this.#packet.varint(this.#runCount - 2);
    this.#packet.bytes(this.#body.view());
    this.#body.reset();
    this.#run = undefined;
    this.#runCount = 0;
  }

  /** The fewest bytes that a limit makes sense with. */
  static readonly minLimitBytes: number = MAX_HEADER_BYTES +
    MAX_RUN_HEADER_BYTES + 47;
}
