// The official messages (opentelemetry-proto), compiled by protobufjs: versions of this package from 0.218 on have code of
// their own instead.
import root from "@opentelemetry/otlp-transformer/build/src/generated/root.js";

/** What protobufjs makes of a message. */
interface MessageType {
  fromObject(object: unknown): unknown;
  verify(message: unknown): string | null;
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  toObject(message: unknown, options: unknown): Record<string, unknown>;
}

// deno-lint-ignore no-explicit-any
const collector = (root as any).opentelemetry.proto.collector;

export const LOGS_REQUEST: MessageType =
  collector.logs.v1.ExportLogsServiceRequest;
export const METRICS_REQUEST: MessageType =
  collector.metrics.v1.ExportMetricsServiceRequest;

/**
 * Reads JSON as a message, writes that as protobuf, and reads it again.
 *
 * @returns What came back, integers of 64 bits in decimal. What the message does not have has not survived.
 */
export function throughProtobuf(
  type: MessageType,
  json: string,
): Record<string, unknown> {
  const message = type.fromObject(JSON.parse(json));
  const problem = type.verify(message);
  if (problem !== null) throw new Error(problem);
  const bytes = type.encode(message).finish();
  return type.toObject(type.decode(bytes), { longs: String });
}

/** The same without empty lists, which protobuf does not have. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => !Array.isArray(part) || part.length > 0)
      .map(([key, part]) => [key, withoutEmpty(part)]),
  );
}
