// This module is browser compatible.
import { encodeBase64 } from "../../core/mod.ts";
import { IP_WORDS, isIpv4, parseIp } from "../socket/ip_address.ts";

/** Options for {@linkcode createSelfSignedCertificate}. */
export interface SelfSignedCertificateOptions {
  /**
   * The names and IP addresses that it is for. Who knows a certificate by its hash does
   * not ask for them.
   *
   * @default {["localhost", "127.0.0.1", "::1"]}
   */
  readonly hosts?: readonly string[];
}

/** A certificate that its own key has signed. */
export interface SelfSignedCertificate {
  /** The certificate, in PEM. */
  readonly cert: string;
  /** Its private key, in PEM. */
  readonly key: string;
  /** Its SHA-256 hash, 32 bytes, by which clients know it. */
  readonly hash: Uint8Array<ArrayBuffer>;
}

const DAY_MS = 86_400_000;
/** Browsers take no certificate by its hash that is valid for longer than 14 days. */
const VALID_DAYS = 13;
/** A bit of the past, for clocks that differ. */
const PAST_DAYS = 1;
const DEFAULT_HOSTS = ["localhost", "127.0.0.1", "::1"];
const OID_ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const OID_COMMON_NAME = [0x55, 0x04, 0x03];
const OID_ALT_NAME = [0x55, 0x1d, 0x11];
const MAX_NAME_BYTES = 253;

/**
 * Makes a certificate for WebTransport without an authority, for development, a LAN, or
 * servers that come and go: clients are told its hash, as `certificateHashes` of
 * {@linkcode WebTransportDatagramSocket.connect}, over a way that they trust.
 *
 * It is valid for the next 12 days, as browsers take none by its hash that is valid for
 * more than 14: a server that runs for longer makes another one and listens anew. X.509
 * version 3 (RFC 5280), ECDSA on P-256 with SHA-256.
 *
 * @param options What it is for.
 * @returns The certificate, its key, and its hash.
 * @throws {TypeError} If a host is neither a name in ASCII nor an IP address.
 *
 * @example A server without an authority
 * ```ts
 * import { WebTransportDatagramListener } from "@tickwire/net/transport";
 * import {
 *   createSelfSignedCertificate,
 *   listenForWebTransport,
 *   type WebTransportServer,
 * } from "@tickwire/net/transport/deno";
 *
 * const { cert, key, hash } = await createSelfSignedCertificate();
 * console.assert(hash.length === 32); // for the page
 *
 * function serve(listener: WebTransportDatagramListener): WebTransportServer {
 *   return listenForWebTransport(listener, { cert, key, port: 4433 });
 * }
 * ```
 */
export async function createSelfSignedCertificate(
  options: SelfSignedCertificateOptions = {},
): Promise<SelfSignedCertificate> {
  const { hosts = DEFAULT_HOSTS } = options;
  const altNames = sequence(...hosts.map(altName));
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const pkcs8 = new Uint8Array(
    await crypto.subtle.exportKey("pkcs8", privateKey),
  );
  const algorithm = sequence(tlv(0x06, OID_ECDSA_WITH_SHA256));
  const name = sequence(
    tlv(
      0x31,
      sequence(tlv(0x06, OID_COMMON_NAME), tlv(0x0c, ascii("localhost"))),
    ),
  );
  const startMs = Date.now() - PAST_DAYS * DAY_MS;
  const body = sequence(
    tlv(0xa0, tlv(0x02, [2])),
    integer(crypto.getRandomValues(new Uint8Array(8))),
    algorithm,
    name,
    sequence(utcTime(startMs), utcTime(startMs + VALID_DAYS * DAY_MS)),
    name,
    [...spki],
    tlv(
      0xa3,
      sequence(sequence(tlv(0x06, OID_ALT_NAME), tlv(0x04, altNames))),
    ),
  );
  const signature = new Uint8Array(
    await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      privateKey,
      Uint8Array.from(body),
    ),
  );
  const points = sequence(
    integer(signature.subarray(0, 32)),
    integer(signature.subarray(32)),
  );
  const der = Uint8Array.from(
    sequence(body, algorithm, tlv(0x03, [0, ...points])),
  );
  return {
    cert: pem("CERTIFICATE", der),
    key: pem("PRIVATE KEY", pkcs8),
    hash: new Uint8Array(await crypto.subtle.digest("SHA-256", der)),
  };
}

/** A GeneralName of RFC 5280, section 4.2.1.6: iPAddress or dNSName. */
function altName(host: string): number[] {
  const words = new Int32Array(IP_WORDS);
  if (parseIp(host, words)) return tlv(0x87, ipBytes(words));
  if (!/^[\w*-]+(\.[\w-]+)*$/.test(host) || host.length > MAX_NAME_BYTES) {
    throw new TypeError(
      `Cannot create a certificate as each host must be a name or an IP address: current value is "${host}"`,
    );
  }
  return tlv(0x82, ascii(host));
}

/** The 4 or 16 bytes of an address, in the order of the network. */
function ipBytes(words: Int32Array): number[] {
  const bytes: number[] = [];
  for (const word of isIpv4(words) ? [words[3]!] : words.subarray(0, 4)) {
    for (let shift = 0; shift < 32; shift += 8) {
      bytes.push(word >>> shift & 255);
    }
  }
  return bytes;
}

function tlv(tag: number, value: readonly number[]): number[] {
  const { length } = value;
  if (length < 0x80) return [tag, length, ...value];
  if (length < 0x100) return [tag, 0x81, length, ...value];
  return [tag, 0x82, length >> 8, length & 0xff, ...value];
}

function sequence(...parts: readonly (readonly number[])[]): number[] {
  return tlv(0x30, parts.flat());
}

/** An INTEGER of 0 or more, as short as it may be. */
function integer(bytes: Uint8Array): number[] {
  const digits = [...bytes];
  while (digits.length > 1 && digits[0] === 0) digits.shift();
  if (digits[0]! >= 0x80) digits.unshift(0);
  return tlv(0x02, digits);
}

function utcTime(ms: number): number[] {
  const text = new Date(ms).toISOString().replace(/^..|[-:T]|\.\d+/g, "");
  return tlv(0x17, ascii(text));
}

function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

function pem(label: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
