// This module is browser compatible.
import { BitWriter, type ByteWriter } from "../../protocol/mod.ts";
import type { RpcTarget } from "../target/rpc_target.ts";
import {
  CallTargetTag,
  isFloat,
  MANY_PARAMS,
  ParamTag,
  TAG_BITS,
  TARGET_BITS,
} from "./_call_format.ts";
import type { RpcParam } from "./rpc_param.ts";

/** Writes calls, one behind the other. What cannot be written sets the writer's error. */
export class CallEncoder {
  /** Where they go. */
  readonly writer: ByteWriter;
  readonly #bits: BitWriter;

  /** Creates an encoder that writes into `writer`. */
  constructor(writer: ByteWriter) {
    this.writer = writer;
    this.#bits = new BitWriter(writer);
  }

  /** Writes a call without its sequence. */
  body(id: number, target: RpcTarget, params: readonly RpcParam[]): void {
    const { writer } = this;
    const count = params.length;
    const isMany = count >= MANY_PARAMS;
    writer.varint(id);
    writer.u8(
      CallTargetTag[target.type] |
        (isMany ? MANY_PARAMS : count) << TARGET_BITS,
    );
    if (isMany) writer.varint(count - MANY_PARAMS);
    switch (target.type) {
      case "client":
      case "allExcept":
        writer.varint(target.id);
        break;
      case "team":
        writer.varint(target.team);
    }
    for (let i = 0; i < count; i++) {
      this.#bits.bits(tagOf(params[i]!), TAG_BITS);
    }
    this.#bits.align();
    for (let i = 0; i < count; i++) writeValue(writer, params[i]!);
  }
}

function tagOf({ type, value }: RpcParam): number {
  switch (type) {
    case "bool":
      return value ? ParamTag.True : ParamTag.False;
    case "int":
      return ParamTag.Int;
    case "float":
      return ParamTag.Float;
    case "string":
      return ParamTag.String;
    case "vec3":
      return ParamTag.Vec3;
    case "bytes":
      return ParamTag.Bytes;
    default:
      // It sets the writer's error, as it needs more bits.
      return Infinity;
  }
}

function writeValue(writer: ByteWriter, { type, value }: RpcParam): void {
  switch (type) {
    case "bool":
      if (typeof value !== "boolean") writer.fail("range");
      break;
    case "int":
      writer.zigzag(value);
      break;
    case "float":
      writeFloat(writer, value);
      break;
    case "string":
      if (typeof value === "string") writer.string(value);
      else writer.fail("range");
      break;
    case "vec3":
      writeFloat(writer, value?.x);
      writeFloat(writer, value?.y);
      writeFloat(writer, value?.z);
      break;
    case "bytes":
      if (value instanceof Uint8Array) writer.bytes(value);
      else writer.fail("range");
  }
}

function writeFloat(writer: ByteWriter, value: number | undefined): void {
  if (isFloat(value)) writer.f32(value);
  else writer.fail("range");
}
