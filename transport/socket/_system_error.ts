// This module is browser compatible.
import { TransportError, type TransportErrorCode } from "../transport_error.ts";
import type { BackendSettings } from "./_socket_backend.ts";

/** What a runtime's error comes from. */
export type SystemErrorKind =
  | TransportErrorCode
  | "tooLarge"
  | "full"
  | "nobodyListens";

const KIND_BY_CODE: Readonly<Record<string, SystemErrorKind>> = {
  EADDRINUSE: "addressInUse",
  AddrInUse: "addressInUse",
  EADDRNOTAVAIL: "addressNotAvailable",
  AddrNotAvailable: "addressNotAvailable",
  EACCES: "notAllowed",
  PermissionDenied: "notAllowed",
  NotCapable: "notAllowed",
  ERR_ACCESS_DENIED: "notAllowed",
  EMSGSIZE: "tooLarge",
  EAGAIN: "full",
  WouldBlock: "full",
  ENOBUFS: "full",
  ECONNREFUSED: "nobodyListens",
  ConnectionRefused: "nobodyListens",
  ECONNRESET: "nobodyListens",
  ConnectionReset: "nobodyListens",
};

/** Where Deno has no class of its own, and no code: by system, Linux, macOS, Windows. */
const KIND_BY_NUMBER: Readonly<Record<string, SystemErrorKind>> = {
  90: "tooLarge",
  40: "tooLarge",
  10_040: "tooLarge",
  105: "full",
  55: "full",
  10_055: "full",
};

/**
 * Tells what an error of Deno or Node comes from.
 *
 * @param error What was thrown.
 * @returns The kind.
 */
export function systemErrorKind(error: unknown): SystemErrorKind {
  if (!(error instanceof Error)) return "failed";
  const { name, message } = error;
  const code = "code" in error ? String(error.code) : "";
  const number = /\(os error (\d+)\)/.exec(message)?.[1] ?? "";
  return KIND_BY_CODE[code] ?? KIND_BY_CODE[name] ?? KIND_BY_NUMBER[number] ??
    "failed";
}

/**
 * Makes an error of what a runtime threw at binding.
 *
 * @param cause What was thrown.
 * @param settings Where it should be bound to.
 * @returns The error.
 */
export function bindError(
  cause: unknown,
  { hostname, port }: BackendSettings,
): TransportError {
  const kind = systemErrorKind(cause);
  const wanted = {
    addressInUse: "the port must be free",
    addressNotAvailable: "the address must be of this machine",
    notAllowed: "it must be permitted",
  }[kind as string];
  return new TransportError(
    wanted === undefined ? "failed" : kind as TransportErrorCode,
    `Cannot bind a socket as ${
      wanted ?? "the system must be able to"
    }: current value is ${hostname} port ${port}`,
    { cause },
  );
}
