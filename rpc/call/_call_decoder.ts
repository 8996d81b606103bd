// This module is browser compatible.
import { ByteReader, type ReadError } from "../../protocol/mod.ts";
import type { ClientId } from "../target/client_id.ts";
import { RpcTarget } from "../target/rpc_target.ts";
import {
  CallTargetTag,
  MANY_PARAMS,
  MAX_CALL_BYTES,
  MAX_CALL_PARAMS,
  ParamTag,
  TAG_BITS,
  TARGET_BITS,
} from "./_call_format.ts";
import { isRpcId, type RpcId } from "./rpc_id.ts";
import { RpcParam } from "./rpc_param.ts";

/**
 * Why the bytes of a call or a batch were refused.
 *
 * - A {@linkcode ReadError}: a number, a text or a padding is none that is written;
 *   `range` also for what is no id, no finite float, or more than may be.
 * - `target`: a kind of target that does not exist.
 * - `tag`: a type of parameter that does not exist.
 * - `trailing`: bytes after the end.
 * - `memory`: a batch whose calls would take much more memory than it has bytes.
 */
export type RpcDecodeFault =
  | ReadError
  | "target"
  | "tag"
  | "trailing"
  | "memory";

const NOTHING = new Uint8Array(0);

/** Reads what `writeCallBody()` wrote, from bytes that may come from anybody. */
export class CallDecoder {
  /** The bytes that are read. */
  readonly reader: ByteReader = new ByteReader();
  /** What is wrong with them, if it is nothing of the reader's. */
  #fault: RpcDecodeFault | undefined;
  /** What the call that was read last is. */
  id: RpcId = 1;
  /** Whom it is for. */
  target: RpcTarget = RpcTarget.all();
  /** What it carries: the receiver's own. */
  params: RpcParam[] = [];

  /** Begins to read bytes. */
  begin(bytes: Uint8Array): void {
    this.reader.reset(bytes);
    this.#fault = undefined;
    // Nobody writes that many.
    if (bytes.length > MAX_CALL_BYTES) this.reader.fail("range");
  }

  /** Lets go of the bytes, and of what was made of them. */
  release(): void {
    this.reader.reset(NOTHING);
    this.params = [];
  }

  /** What is wrong, if anything is. */
  get fault(): RpcDecodeFault | undefined {
    return this.#fault ?? this.reader.error;
  }

  /** Reads a call without its sequence; `false` if something is wrong with it. */
  readBody(): boolean {
    const { reader } = this;
    const id = reader.varint();
    const head = reader.u8();
    if (reader.ok && !isRpcId(id)) reader.fail("range");
    let count = head >>> TARGET_BITS;
    if (count === MANY_PARAMS) count += reader.varint();
    if (count > MAX_CALL_PARAMS) reader.fail("range");
    this.id = id as RpcId;
    this.#readTarget(head & ((1 << TARGET_BITS) - 1));
    return reader.ok && this.#readParams(count);
  }

  /** Whether everything was read; if not, that is the fault `trailing`. */
  endsHere(): boolean {
    if (!this.reader.ok) return false;
    return this.reader.atEnd || this.refuse("trailing");
  }

  #readTarget(tag: number): void {
    const { reader } = this;
    switch (tag) {
      case CallTargetTag.all:
        this.target = RpcTarget.all();
        break;
      case CallTargetTag.server:
        this.target = RpcTarget.server();
        break;
      case CallTargetTag.client:
        this.target = { type: "client", id: readClientId(reader) };
        break;
      case CallTargetTag.team: {
        const team = reader.varint();
        if (team > 0xffff) reader.fail("range");
        this.target = { type: "team", team };
        break;
      }
      case CallTargetTag.allExcept:
        this.target = { type: "allExcept", id: readClientId(reader) };
        break;
      default:
        this.refuse("target");
    }
  }

  #readParams(count: number): boolean {
    const { reader } = this;
    const { buffer, position } = reader;
    const bits = count * TAG_BITS;
    const tagBytes = (bits + 7) >>> 3;
    reader.skip(tagBytes);
    if (!reader.ok) return false;
    const used = bits & 7;
    if (used !== 0 && buffer[position + tagBytes - 1]! >>> used !== 0) {
      reader.fail("padding");
      return false;
    }
    // As long as it will be: one that grows may have several times the room it needs.
    const params: RpcParam[] = new Array(count);
    for (let i = 0; i < count; i++) {
      const bit = i * TAG_BITS;
      const at = position + (bit >>> 3);
      const shift = bit & 7;
      let tag = buffer[at]! >>> shift;
      // The tag lies on the border of two bytes.
      if (shift > 8 - TAG_BITS) tag |= buffer[at + 1]! << (8 - shift);
      const param = this.#readParam(tag & ((1 << TAG_BITS) - 1));
      if (param === undefined) return false;
      params[i] = param;
    }
    this.params = params;
    return true;
  }

  #readParam(tag: number): RpcParam | undefined {
    const { reader } = this;
    let param: RpcParam;
    switch (tag) {
      case ParamTag.False:
        return RpcParam.bool(false);
      case ParamTag.True:
        return RpcParam.bool(true);
      case ParamTag.Int:
        param = { type: "int", value: reader.zigzag() };
        break;
      case ParamTag.Float:
        param = { type: "float", value: readFloat(reader) };
        break;
      case ParamTag.String:
        param = { type: "string", value: reader.string() };
        break;
      case ParamTag.Vec3: {
        const x = readFloat(reader);
        const y = readFloat(reader);
        param = { type: "vec3", value: { x, y, z: readFloat(reader) } };
        break;
      }
      case ParamTag.Bytes:
        // A Buffer of Node's gives views by slice().
        param = { type: "bytes", value: new Uint8Array(reader.bytes()) };
        break;
      default:
        this.refuse("tag");
        return undefined;
    }
    return reader.ok ? param : undefined;
  }

  /** A fault that the reader has no word for; an earlier one of its own stays. */
  refuse(fault: RpcDecodeFault): false {
    if (this.reader.ok) {
      this.#fault = fault;
      this.reader.fail("range");
    }
    return false;
  }
}

function readClientId(reader: ByteReader): ClientId {
  const id = reader.varint();
  if (id === 0) reader.fail("range");
  return id as ClientId;
}

function readFloat(reader: ByteReader): number {
  const value = reader.f32();
  if (!Number.isFinite(value)) reader.fail("range");
  return value;
}
