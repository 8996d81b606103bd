// Packets as `WIRE.md` describes them, written slowly, with the fields' own `write`:
// nothing of it is shared with what is tested.
import { BitWriter, ByteWriter, type Field } from "../../../protocol/mod.ts";
import type { Rpc } from "../../contract/define_rpc.ts";

/** A call as the writer takes it. */
export interface TestCall {
  readonly rpc: Rpc;
  readonly tag: number;
  readonly id: number;
  readonly ticket: number;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A result as the writer takes it. */
export interface TestResult {
  readonly rpc: Rpc;
  readonly ticket: number;
  readonly status: number;
  readonly code: number;
  readonly text: string;
  readonly value: unknown;
}

/** LEB128, of any length: the number may have more bits than are exact. */
export function varintOf(value: bigint | number): number[] {
  const result: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) result.push(Number(rest & 127n) | 128);
  return [...result, Number(rest)];
}

/** What a field writes, to the end of the last byte; `undefined` if it refuses. */
export function bytesOf(
  field: Field<unknown>,
  value: unknown,
): number[] | undefined {
  const bytes = new ByteWriter({ maxBytes: 2 ** 24 });
  const writer = new BitWriter(bytes);
  field.write(writer, value);
  writer.align();
  return bytes.ok ? [...bytes.view()] : undefined;
}

/** A packet of calls whose values are allowed. */
export function callPacketOf(
  kind: number,
  sequence: number,
  calls: readonly TestCall[],
): Uint8Array {
  const packet = [kind, ...varintOf(sequence)];
  for (let i = 0; i < calls.length;) {
    const { id } = calls[i]!.rpc;
    const body: number[] = [];
    const first = i;
    for (; i < calls.length && calls[i]!.rpc.id === id; i++) {
      const call = calls[i]!;
      body.push(
        ...varintOf(
          kind === 1 ? BigInt(call.id) * 8n + BigInt(call.tag) : call.id,
        ),
      );
      if (call.ticket > 0) body.push(...varintOf(call.ticket));
      for (const byte of bytesOf(call.rpc.params, call.params)!) {
        body.push(byte);
      }
    }
    const count = i - first;
    packet.push(...varintOf(id * 2 + (count > 1 ? 1 : 0)));
    if (count > 1) packet.push(...varintOf(count - 2));
    packet.push(...varintOf(body.length));
    for (const byte of body) packet.push(byte);
  }
  return Uint8Array.from(packet);
}

/** A packet of results that are allowed. */
export function resultPacketOf(results: readonly TestResult[]): Uint8Array {
  const packet = [3];
  for (const { rpc, ticket, status, code, text, value } of results) {
    const body = status === 0
      ? bytesOf(rpc.definition.reply!, value)!
      : status === 1
      ? [1, ...varintOf(code), ...new TextEncoder().encode(text)]
      : [status];
    packet.push(...varintOf(ticket));
    packet.push(...varintOf(body.length * 2 + (status === 0 ? 0 : 1)));
    for (const byte of body) packet.push(byte);
  }
  return Uint8Array.from(packet);
}
