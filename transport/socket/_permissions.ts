import { layoutHere } from "./_libc.ts";

/**
 * Tells whether native sockets are there and allowed, and go no further than everything
 * else may: with all of the network allowed. Nobody is asked.
 */
export function mayUseNative(): boolean {
  return layoutHere() !== undefined && mayUseFfi() &&
    isGranted({ name: "net" });
}

/** Tells whether libraries may be called. Nobody is asked. */
export function mayUseFfi(): boolean {
  return isGranted({ name: "ffi" });
}

/** Tells whether `Deno.listenDatagram` is there: not without `--unstable-net`. */
export function hasListenDatagram(): boolean {
  return typeof Deno.listenDatagram === "function";
}

/**
 * Tells whether the network may be used at an address. Nobody is asked.
 *
 * @param host The address, IPv6 in brackets.
 * @param port The port.
 */
export function mayUseNet(host: string, port: number): boolean {
  return isGranted({ name: "net", host: `${host}:${port}` });
}

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}
