// This module is browser compatible.
import type { ByteWriter } from "../../protocol/mod.ts";
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

/** Writes a call without its sequence. What cannot be written sets the writer's error. */
export function writeCallBody(
  writer: ByteWriter,
  id: number,
  target: RpcTarget,
  params: readonly RpcParam[],
): void {
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
  writeTags(writer, params);
  for (let i = 0; i < count; i++) writeValue(writer, params[i]!);
}

function writeTags(writer: ByteWriter, params: readonly RpcParam[]): void {
  let pending = 0;
  let width = 0;
  for (let i = 0; i < params.length; i++) {
    pending |= tagOf(params[i]!) << width;
    width += TAG_BITS;
    if (width < 8) continue;
    writer.u8(pending & 0xff);
    pending >>>= 8;
    width -= 8;
  }
  if (width > 0) writer.u8(pending);
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
      // No type at all: its value sets the writer's error.
      return 0;
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
      break;
    default:
      writer.fail("range");
  }
}

function writeFloat(writer: ByteWriter, value: number | undefined): void {
  if (isFloat(value)) writer.f32(value);
  else writer.fail("range");
}
