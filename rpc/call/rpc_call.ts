// This module is browser compatible.
import { ByteWriter } from "../../protocol/mod.ts";
import { RpcError } from "../rpc_error.ts";
import type { ClientId } from "../target/client_id.ts";
import { RpcTarget } from "../target/rpc_target.ts";
import { CallDecoder, type RpcDecodeFault } from "./_call_decoder.ts";
import { writeCallBody } from "./_call_encoder.ts";
import {
  badParam,
  bodyBytes,
  MAX_CALL_BYTES,
  MAX_CALL_PARAMS,
  varintBytes,
} from "./_call_format.ts";
import { isRpcId, type RpcId } from "./rpc_id.ts";
import type { RpcParam } from "./rpc_param.ts";

export type { RpcDecodeFault } from "./_call_decoder.ts";
export {
  MAX_BATCH_CALLS,
  MAX_CALL_BYTES,
  MAX_CALL_PARAMS,
} from "./_call_format.ts";

/** What a {@linkcode RpcCall} is made of. */
export interface RpcCallInit {
  /** Which call. */
  readonly id: RpcId;
  /**
   * Whom it is for.
   *
   * @default {RpcTarget.all()}
   */
  readonly target?: RpcTarget;
  /**
   * What it carries: at most {@linkcode MAX_CALL_PARAMS}. The array is copied.
   *
   * @default {[]}
   */
  readonly params?: readonly RpcParam[];
  /**
   * Its number among the calls of its sender, 0 to 2^53 - 1: `RpcQueue` gives it.
   *
   * @default {0}
   */
  readonly sequence?: number;
  /**
   * Whom it came from, as the connection says: a client, or `undefined` for the server.
   *
   * @default {undefined}
   */
  readonly caller?: ClientId | undefined;
}

const NO_PARAMS: readonly RpcParam[] = Object.freeze([]);

/**
 * A call that says itself what it carries: an id, a target and parameters with types,
 * which needs no contract at the other end.
 *
 * Who made it does not go over the wire. Whoever receives it says so, from the
 * connection that it came by: nobody can call in another's name.
 *
 * @example There and back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientId, RpcCall, rpcId, RpcParam, RpcTarget } from "@tickwire/net/rpc";
 *
 * const OPEN_DOOR = rpcId(100);
 * const call = new RpcCall({
 *   id: OPEN_DOOR,
 *   target: RpcTarget.server(),
 *   params: [RpcParam.int(7), RpcParam.vec3({ x: 1, y: 0, z: -2.5 })],
 * });
 * const bytes = call.serialize();
 * assertEquals(bytes.length, call.byteLength);
 *
 * const received = RpcCall.deserialize(bytes, clientId(3));
 * assertEquals([received.id, received.caller], [OPEN_DOOR, 3]);
 * assertEquals(received.params, call.params);
 * ```
 */
export class RpcCall {
  // What encodes and decodes one call after another: a writer of its own would cost each
  // of them as much again. Nothing of a call is left in them.
  static readonly #writer = new ByteWriter({ maxBytes: MAX_CALL_BYTES });
  static readonly #decoder = new CallDecoder();
  /** Which call. */
  readonly id: RpcId;
  /** Whom it is for. */
  readonly target: RpcTarget;
  /** What it carries. */
  readonly params: readonly RpcParam[];
  /** Its number among the calls of its sender: 0 to 2^53 - 1. */
  readonly sequence: number;
  /** Whom it came from, as the connection says; `undefined` is the server. */
  readonly caller: ClientId | undefined;

  /**
   * Creates a call.
   *
   * @param init What it is made of.
   * @throws {RangeError} If a number is outside its range, or there are too many
   * parameters.
   * @throws {TypeError} If the target is of a kind that does not exist.
   */
  constructor(init: RpcCallInit) {
    const { id, target = RpcTarget.all(), params = [], sequence = 0 } = init;
    if (!isRpcId(id)) {
      throw new RangeError(
        `Cannot create a call as id must be an integer from 1 to 65535: current value is ${id}`,
      );
    }
    if (params.length > MAX_CALL_PARAMS) {
      throw new RangeError(
        `Cannot create a call as it must have at most ${MAX_CALL_PARAMS} parameters: current value is ${params.length}`,
      );
    }
    checkSequence(sequence);
    checkTarget(target);
    this.id = id;
    this.target = target;
    this.params = params.length === 0 ? NO_PARAMS : params.slice();
    this.sequence = sequence;
    this.caller = init.caller;
  }

  /**
   * How many bytes it takes alone, or as the first of a batch. Behind another one it has
   * the distance between their sequences instead of its own: one byte, if they are in turn.
   *
   * @throws {RangeError} If a parameter was not made by its maker, and is outside its
   * range.
   */
  get byteLength(): number {
    const body = bodyBytes(this.id, this.target, this.params);
    if (Number.isNaN(body)) this.#throwBadParam();
    return varintBytes(this.sequence) + body;
  }

  /**
   * The same call with another sequence.
   *
   * @param sequence 0 to 2^53 - 1.
   * @returns The call.
   * @throws {RangeError} If it is not.
   */
  withSequence(sequence: number): RpcCall {
    const { id, target, params, caller } = this;
    return new RpcCall({ id, target, params, sequence, caller });
  }

  /**
   * Encodes the call; its caller is left out.
   *
   * @returns Bytes that belong to the receiver of this.
   * @throws {RpcError} `tooLarge` if it would be more than {@linkcode MAX_CALL_BYTES}.
   * @throws {RangeError} If a parameter was not made by its maker, and is outside its
   * range.
   */
  serialize(): Uint8Array<ArrayBuffer> {
    const writer = RpcCall.#writer;
    writer.reset();
    writer.varint(this.sequence);
    writeCallBody(writer, this.id, this.target, this.params);
    if (writer.ok) return writer.toBytes();
    // The getter throws if it is a parameter that is wrong.
    const { byteLength } = this;
    throw new RpcError(
      "tooLarge",
      `Cannot serialize a call as it must take at most ${MAX_CALL_BYTES} bytes: current value is ${byteLength}`,
    );
  }

  /**
   * Decodes a call.
   *
   * @param bytes All of it, and nothing else. They may come from anybody.
   * @param caller Whom the connection that it came by belongs to; `undefined` is the
   * server.
   * @returns The call, which keeps nothing of `bytes`.
   * @throws {RpcError} `deserializeError` if they are not what `serialize()` writes.
   */
  static deserialize(
    bytes: Uint8Array,
    caller: ClientId | undefined,
  ): RpcCall {
    const call = RpcCall.tryDeserialize(bytes, caller);
    if (call instanceof RpcCall) return call;
    throw new RpcError(
      "deserializeError",
      `Cannot deserialize a call as its bytes must be those of one: current fault is "${call}"`,
    );
  }

  /**
   * Decodes a call, or says what is wrong with it.
   *
   * @param bytes All of it, and nothing else. They may come from anybody.
   * @param caller Whom the connection that it came by belongs to; `undefined` is the
   * server.
   * @returns The call, which keeps nothing of `bytes`; or why there is none.
   */
  static tryDeserialize(
    bytes: Uint8Array,
    caller: ClientId | undefined,
  ): RpcCall | RpcDecodeFault {
    const decoder = RpcCall.#decoder;
    decoder.begin(bytes);
    const sequence = decoder.reader.varint();
    const isWhole = decoder.readBody() && decoder.endsHere();
    const { id, target, params, fault } = decoder;
    decoder.release();
    return isWhole
      ? new RpcCall({ id, target, params, sequence, caller })
      : fault!;
  }

  #throwBadParam(): never {
    const index = badParam(this.params);
    throw new RangeError(
      `Cannot serialize a call as parameter ${index} must have a value of its type: current type is "${
        this.params[index]?.type
      }"`,
    );
  }
}

function checkSequence(sequence: number): void {
  if (Number.isSafeInteger(sequence) && sequence >= 0) return;
  throw new RangeError(
    `Cannot create a call as sequence must be an integer from 0 to 2^53 - 1: current value is ${sequence}`,
  );
}

function checkTarget(target: RpcTarget): void {
  const { type } = target;
  switch (type) {
    case "all":
    case "server":
      return;
    case "client":
    case "allExcept":
      if (Number.isSafeInteger(target.id) && target.id >= 1) return;
      throw new RangeError(
        `Cannot create a call as target.id must be an integer from 1 to 2^53 - 1: current value is ${target.id}`,
      );
    case "team":
      if (
        Number.isInteger(target.team) && target.team >= 0 &&
        target.team <= 0xffff
      ) return;
      throw new RangeError(
        `Cannot create a call as target.team must be an integer from 0 to 65535: current value is ${target.team}`,
      );
    default:
      throw new TypeError(
        `Cannot create a call as target.type must be one of RpcTarget's: current value is "${type}"`,
      );
  }
}
