// This module is browser compatible.
import { ByteWriter } from "../../protocol/mod.ts";
import { RpcError } from "../rpc_error.ts";
import type { ClientId } from "../target/client_id.ts";
import { CallDecoder, type RpcDecodeFault } from "./_call_decoder.ts";
import { writeCallBody } from "./_call_encoder.ts";
import {
  excessOf,
  MAX_BATCH_CALLS,
  MAX_CALL_BYTES,
  MAX_EXCESS,
  varintBytes,
} from "./_call_format.ts";
import { RpcCall } from "./rpc_call.ts";

/** Sequence, id and head: no call is shorter in a batch. */
const MIN_CALL_BYTES = 3;

/**
 * Puts calls into packets, as many as fit, and takes them out again.
 *
 * @example Three calls, two packets
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { clientId, RpcBatcher, RpcQueue, rpcChat } from "@tickwire/net/rpc";
 *
 * const queue = new RpcQueue();
 * for (const text of ["hello", "anybody here?", "bye"]) queue.enqueue(rpcChat({ text }));
 *
 * const batcher = new RpcBatcher();
 * const packets = batcher.batch([...queue.drain()], 32);
 * assertEquals(packets.length, 2);
 * assert(packets.every((packet) => packet.length <= 32));
 *
 * const calls = packets.flatMap((packet) => batcher.unbatch(packet, clientId(4)));
 * assertEquals(calls.map(({ sequence, caller }) => [sequence, caller]), [[0, 4], [1, 4], [2, 4]]);
 * ```
 */
export class RpcBatcher {
  readonly #writer = new ByteWriter({ maxBytes: MAX_CALL_BYTES });
  readonly #decoder = new CallDecoder();

  /**
   * Encodes calls in their order.
   *
   * @param calls Any number of them; their callers are left out.
   * @param limitBytes The most bytes of a packet: an integer from 1 to
   * {@linkcode MAX_CALL_BYTES}.
   * @returns The packets, each with an array of its own, none without a call, none above
   * the limit, at most {@linkcode MAX_BATCH_CALLS} calls in each, and fewer of calls that
   * take much more memory than bytes: see `WIRE.md`.
   * @throws {RpcError} `tooLarge` if a call alone does not fit; then there is no packet at
   * all. `RpcQueue` takes none that is larger than its `maxCallBytes`.
   * @throws {RangeError} If `limitBytes` is no such integer, or a parameter was not made
   * by its maker and is outside its range.
   */
  batch(
    calls: readonly RpcCall[],
    limitBytes: number,
  ): Uint8Array<ArrayBuffer>[] {
    if (
      !Number.isInteger(limitBytes) || limitBytes < 1 ||
      limitBytes > MAX_CALL_BYTES
    ) {
      throw new RangeError(
        `Cannot batch calls as limitBytes must be an integer from 1 to ${MAX_CALL_BYTES}: current value is ${limitBytes}`,
      );
    }
    const writer = this.#writer;
    const packets: Uint8Array<ArrayBuffer>[] = [];
    writer.reset();
    let count = 0;
    let excess = 0;
    let before = 0;
    for (let i = 0; i < calls.length;) {
      const call = calls[i]!;
      const start = writer.length;
      if (count === 0) writer.varint(call.sequence);
      else writer.zigzag(call.sequence - before);
      writeCallBody(writer, call.id, call.target, call.params);
      excess += excessOf(call.target, call.params, writer.length - start);
      const fits = writer.ok && count < MAX_BATCH_CALLS &&
        (count === 0 || excess <= MAX_EXCESS) &&
        varintBytes(count + 1) + writer.length <= limitBytes;
      if (fits) {
        count += 1;
        before = call.sequence;
        i += 1;
        continue;
      }
      // The getter throws if it is the call that is wrong, not its length.
      const { byteLength } = call;
      if (count === 0) throw tooLarge(i, byteLength, limitBytes);
      writer.rewind(start);
      packets.push(seal(count, writer));
      writer.reset();
      count = 0;
      excess = 0;
    }
    if (count > 0) packets.push(seal(count, writer));
    return packets;
  }

  /**
   * Decodes a packet.
   *
   * @param bytes All of it. They may come from anybody.
   * @param caller Whom the connection that it came by belongs to; `undefined` is the
   * server.
   * @returns Its calls in their order, which keep nothing of `bytes`.
   * @throws {RpcError} `deserializeError` if they are not what `batch()` writes.
   */
  unbatch(bytes: Uint8Array, caller: ClientId | undefined): RpcCall[] {
    const calls: RpcCall[] = [];
    const fault = this.tryUnbatch(bytes, caller, calls);
    if (fault === undefined) return calls;
    throw new RpcError(
      "deserializeError",
      `Cannot unbatch calls as their bytes must be those of a batch: current fault is "${fault}"`,
    );
  }

  /**
   * Decodes a packet, or says what is wrong with it.
   *
   * @param bytes All of it. They may come from anybody.
   * @param caller Whom the connection that it came by belongs to; `undefined` is the
   * server.
   * @param into What takes the calls, behind those it has; none if something is wrong.
   * @returns What is wrong; `undefined` if nothing is.
   */
  tryUnbatch(
    bytes: Uint8Array,
    caller: ClientId | undefined,
    into: RpcCall[],
  ): RpcDecodeFault | undefined {
    const decoder = this.#decoder;
    const { reader } = decoder;
    const before = into.length;
    decoder.begin(bytes);
    const count = reader.varint();
    if (count === 0 || count > MAX_BATCH_CALLS) reader.fail("range");
    // Told before anything is made, so that a false number costs nothing.
    if (count * MIN_CALL_BYTES > reader.remaining) reader.fail("truncated");
    let sequence = 0;
    let excess = 0;
    for (let i = 0; i < count && reader.ok; i++) {
      const start = reader.position;
      sequence = i === 0 ? reader.varint() : sequence + reader.zigzag();
      if (!Number.isSafeInteger(sequence) || sequence < 0) reader.fail("range");
      if (!decoder.readBody()) break;
      const { id, target, params } = decoder;
      excess += excessOf(target, params, reader.position - start);
      // One alone is bounded by the number of its parameters.
      if (count > 1 && excess > MAX_EXCESS) decoder.refuse("memory");
      into.push(new RpcCall({ id, target, params, sequence, caller }));
    }
    if (decoder.endsHere()) return undefined;
    into.length = before;
    return decoder.fault;
  }
}

/** A packet of its own: the number of calls, and what was written. */
function seal(count: number, writer: ByteWriter): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(varintBytes(count) + writer.length);
  const packet = ByteWriter.over(bytes);
  packet.varint(count);
  packet.raw(writer.view());
  return bytes;
}

function tooLarge(
  index: number,
  byteLength: number,
  limitBytes: number,
): RpcError {
  return new RpcError(
    "tooLarge",
    `Cannot batch calls as call ${index} must take at most ${
      limitBytes - 1
    } bytes: current value is ${byteLength}`,
  );
}
