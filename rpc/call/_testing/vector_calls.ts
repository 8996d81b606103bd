// The calls of vectors/call.json, and random ones.
import { decodeHex } from "@std/encoding/hex";
import type { Random } from "../../../core/mod.ts";
import { clientId } from "../../target/client_id.ts";
import { RpcTarget } from "../../target/rpc_target.ts";
import { MAX_CALL_PARAMS, RpcCall } from "../rpc_call.ts";
import { rpcId } from "../rpc_id.ts";
import { RpcParam } from "../rpc_param.ts";

/** A call as it stands in the vectors. */
export interface VectorCall {
  readonly id: number;
  readonly target: {
    readonly type: string;
    readonly id?: number;
    readonly team?: number;
  };
  readonly sequence: number;
  readonly params: readonly {
    readonly type: string;
    readonly value: unknown;
  }[];
}

/** Makes the call of a vector. */
export function callOf({ id, target, sequence, params }: VectorCall): RpcCall {
  return new RpcCall({
    id: rpcId(id),
    target: target as RpcTarget,
    sequence,
    params: params.map(({ type, value }) => paramOf(type, value)),
  });
}

function paramOf(type: string, value: unknown): RpcParam {
  switch (type) {
    case "bool":
      return RpcParam.bool(value as boolean);
    case "int":
      return RpcParam.int(value as number);
    case "float":
      return RpcParam.float(Number(value));
    case "string":
      return RpcParam.string(value as string);
    case "vec3": {
      const [x, y, z] = (value as string[]).map(Number);
      return RpcParam.vec3({ x: x!, y: y!, z: z! });
    }
    case "bytes":
      return RpcParam.bytes(decodeHex(value as string));
  }
  throw new TypeError(`Cannot make a parameter of type "${type}"`);
}

/** A number from 0 to 2^53 - 1, small ones as likely as large ones. */
export function anyInteger(random: Random): number {
  return Math.floor(random.nextFloat() * 2 ** (random.nextU32() % 54));
}

/** Any call that can be written, of any size up to about 70 KB. */
export function randomCall(random: Random): RpcCall {
  const count = random.nextU32() % 40 === 0
    ? random.nextU32() % (MAX_CALL_PARAMS + 1)
    : random.nextU32() % 9;
  return new RpcCall({
    id: rpcId(1 + anyInteger(random) % 65_535),
    target: randomTarget(random),
    sequence: anyInteger(random),
    params: Array.from({ length: count }, () => randomParam(random)),
  });
}

function randomTarget(random: Random): RpcTarget {
  const id = clientId(Math.max(1, anyInteger(random)));
  switch (random.nextU32() % 5) {
    case 0:
      return RpcTarget.all();
    case 1:
      return RpcTarget.server();
    case 2:
      return RpcTarget.client(id);
    case 3:
      return RpcTarget.team(id % 65_536);
    default:
      return RpcTarget.allExcept(id);
  }
}

const CHARACTERS = ["a", "Z", " ", "\0", "é", "€", "😀", "\ud800", "\udc00"];

function randomParam(random: Random): RpcParam {
  switch (random.nextU32() % 6) {
    case 0:
      return RpcParam.bool(random.nextU32() % 2 === 0);
    case 1: {
      const value = anyInteger(random);
      return RpcParam.int(random.nextU32() % 2 === 0 ? value : -value);
    }
    case 2:
      return RpcParam.float(randomFloat(random));
    case 3:
      return RpcParam.string(
        Array.from(
          { length: random.nextU32() % 70 },
          () => CHARACTERS[random.nextU32() % CHARACTERS.length],
        ).join(""),
      );
    case 4:
      return RpcParam.vec3({
        x: randomFloat(random),
        y: randomFloat(random),
        z: randomFloat(random),
      });
    default: {
      const bytes = new Uint8Array(random.nextU32() % 200);
      random.fill(bytes);
      return RpcParam.bytes(bytes);
    }
  }
}

function randomFloat(random: Random): number {
  const exponent = random.nextU32() % 250 - 125;
  return (random.nextFloat() - 0.5) * 2 ** exponent;
}
