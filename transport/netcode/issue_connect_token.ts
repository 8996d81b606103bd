import {
  checkInteger,
  type Clock,
  type Random,
  SecureRandom,
  SystemClock,
} from "../../core/mod.ts";
import { checkCipher } from "./_aead.ts";
import { checkBytes, checkKey } from "./_check_bytes.ts";
import { checkU64, MAX_U64 } from "./_check_u64.ts";
import { canonicalEndpoint } from "./_endpoint.ts";
import { sealPrivateToken } from "./_private_token.ts";
import {
  KEY_BYTES,
  MAX_SERVER_ADDRESSES,
  TOKEN_NONCE_BYTES,
  USER_DATA_BYTES,
} from "./_sizes.ts";
import { encodeConnectToken } from "./connect_token.ts";

const DEFAULT_EXPIRE_SECONDS = 30;
const DEFAULT_TIMEOUT_SECONDS = 5;
const MAX_I32 = 0x7fff_ffff;

/** Options for {@linkcode issueConnectToken}. */
export interface IssueConnectTokenOptions {
  /** Which game this is, and which version of it: 0 to 2^64 - 1, the same as its servers'. */
  readonly protocolId: bigint;
  /** The key that its servers and this end share: 32 bytes. Of several, the newest. */
  readonly privateKey: Uint8Array;
  /** Who the client is, as this end knows it: 0 to 2^64 - 1. At a server it is connected once at a time. */
  readonly clientId: bigint;
  /** Where the client is to connect, in this order: 1 to 32 of `"203.0.113.7:40000"` and `"[2001:db8::7]:40000"`. */
  readonly addresses: readonly string[];
  /**
   * The same servers by the addresses that they know of themselves, as many and in the same
   * order: for servers of other implementations behind a translation of addresses, which
   * look for their inner address in a token. The client does not see them.
   *
   * @default {addresses}
   */
  readonly internalAddresses?: readonly string[];
  /**
   * For how long the token lets its client in, in seconds: an integer from 1 to 2^31 - 1, or
   * `Infinity`. It must last for the way from here to the last server of the list, not for the game.
   *
   * @default {30}
   */
  readonly expireSeconds?: number;
  /**
   * After how many seconds of silence an end gives the other up: an integer from -2^31 to
   * 2^31 - 1. 0 or less is never, which is for development; not 0 where the servers are the
   * C reference's, which then lets nobody in.
   *
   * @default {5}
   */
  readonly timeoutSeconds?: number;
  /**
   * What the server is to know of the client, 0 to 256 bytes, and zeros up to 256. The
   * client cannot read or change it.
   *
   * @default {new Uint8Array(0)}
   */
  readonly userData?: Uint8Array;
  /**
   * The time of day.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /**
   * Where keys and nonces come from. Whoever can guess it can be any client: only tests
   * give another one.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}

/**
 * Makes a connect token for a client that has logged in: what it answers goes to the
 * client over HTTPS, as bytes or base64, and nowhere else. Each token has keys of its own.
 *
 * @param options Who may connect, where, and until when.
 * @returns 2,048 bytes, the caller's own.
 * @throws {RangeError} If a number is outside its range, the key is not 32 bytes long, the user data is longer than 256
 * bytes, the addresses are none or more than 32, or the internal ones are not as many.
 * @throws {TypeError} If an id is no bigint, an address is not an IP address with a port above 0, or has a zone, or the
 * key or the user data is no `Uint8Array`.
 * @throws {TransportError} `"unsupported"`, if the runtime has no ChaCha20-Poly1305, as Bun.
 *
 * @example A login server's answer
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeBase64 } from "@tickwire/net/core";
 * import { issueConnectToken } from "@tickwire/net/transport/netcode";
 *
 * const privateKey = crypto.getRandomValues(new Uint8Array(32)); // the servers have it too
 * const token = issueConnectToken({
 *   protocolId: 0x1122334455667788n,
 *   privateKey,
 *   clientId: 7n,
 *   addresses: ["203.0.113.7:40000"],
 *   userData: new TextEncoder().encode("Ada"),
 * });
 * assertEquals(token.length, 2_048);
 * const answer = JSON.stringify({ connectToken: encodeBase64(token) });
 * assertEquals(answer.length, 2_751);
 * ```
 */
export function issueConnectToken(
  options: IssueConnectTokenOptions,
): Uint8Array<ArrayBuffer> {
  checkCipher();
  const { protocolId, privateKey, clientId } = options;
  const {
    expireSeconds = DEFAULT_EXPIRE_SECONDS,
    timeoutSeconds = DEFAULT_TIMEOUT_SECONDS,
    userData = new Uint8Array(0),
    clock = new SystemClock(),
    random = new SecureRandom(),
  } = options;
  checkU64("issue a token", "protocolId", protocolId);
  checkU64("issue a token", "clientId", clientId);
  checkKey("issue a token", "privateKey", privateKey);
  checkBytes("issue a token", "userData", userData);
  if (expireSeconds !== Infinity) {
    checkInteger("expireSeconds", expireSeconds, 1, MAX_I32);
  }
  checkInteger("timeoutSeconds", timeoutSeconds, -MAX_I32 - 1, MAX_I32);
  if (userData.length > USER_DATA_BYTES) {
    throw new RangeError(
      `Cannot issue a token as userData must be at most ${USER_DATA_BYTES} bytes long: current value is ${userData.length}`,
    );
  }
  const addresses = checkAddresses("addresses", options.addresses);
  const internalAddresses = checkAddresses(
    "internalAddresses",
    options.internalAddresses ?? addresses,
  );
  if (internalAddresses.length !== addresses.length) {
    throw new RangeError(
      `Cannot issue a token as internalAddresses must be as many as addresses, ${addresses.length}: current value is ${internalAddresses.length}`,
    );
  }
  const createSeconds = BigInt(Math.floor(clock.epochMs() / 1_000));
  const expires = expireSeconds === Infinity
    ? MAX_U64
    : createSeconds + BigInt(expireSeconds);
  const nonce = randomBytes(random, TOKEN_NONCE_BYTES);
  const clientToServerKey = randomBytes(random, KEY_BYTES);
  const serverToClientKey = randomBytes(random, KEY_BYTES);
  const allUserData = new Uint8Array(USER_DATA_BYTES);
  allUserData.set(userData);
  const privateData = sealPrivateToken(
    {
      clientId,
      timeoutSeconds,
      addresses: internalAddresses,
      clientToServerKey,
      serverToClientKey,
      userData: allUserData,
    },
    nonce,
    protocolId,
    expires,
    privateKey,
  );
  return encodeConnectToken({
    protocolId,
    createSeconds,
    expireSeconds: expires,
    nonce,
    privateData,
    timeoutSeconds,
    addresses,
    clientToServerKey,
    serverToClientKey,
  });
}

function checkAddresses(
  name: string,
  addresses: readonly string[],
): readonly string[] {
  if (addresses.length < 1 || addresses.length > MAX_SERVER_ADDRESSES) {
    throw new RangeError(
      `Cannot issue a token as ${name} must be 1 to ${MAX_SERVER_ADDRESSES}: current value is ${addresses.length}`,
    );
  }
  return addresses.map((address) => {
    const text = canonicalEndpoint(address);
    if (text === undefined || text.endsWith(":0")) {
      throw new TypeError(
        `Cannot issue a token as ${name} must be IP addresses with ports above 0: current value is "${address}"`,
      );
    }
    return text;
  });
}

function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}
