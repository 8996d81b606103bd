/**
 * Finds out who may come in, and knows the sockets of who is in: for the `serve` entries that players connect to.
 *
 * @module
 */

import { type Identity, isPlayerId, SystemClock } from "../core/mod.ts";
import {
  ConnectionToken,
  importTokenKey,
  MAX_TOKEN_BYTES,
  ProtocolError,
  TokenGuard,
} from "../protocol/mod.ts";
import { type Upgraded, upgradeWebSocket } from "./deno.ts";

/** Answers who asks; `undefined` for nobody. */
export type Authenticate = (request: Request) => Promise<Identity | undefined>;

/** How it is found out who asks. */
export interface AccessOptions {
  /** Whether names are taken as they come, from `?name=`. */
  readonly hasInsecureNames: boolean;
  /** The key of tokens, 32 to 64 bytes in hex; `undefined` if there is none. */
  readonly tokenKey: string | undefined;
  /** The protocolId of tokens. */
  readonly protocolId: number;
  /** This server's address in tokens that name servers. */
  readonly serverAddress: string | undefined;
}

/**
 * Makes what lets people in: by a token of theirs, each once, or by their word.
 *
 * @param options How.
 * @returns A promise of it. It rejects with a `SyntaxError`, which does not show the key, if that is none, or if both ways
 * are asked for, or neither.
 */
export async function chooseAuthentication(
  options: AccessOptions,
): Promise<Authenticate> {
  const { hasInsecureNames, tokenKey } = options;
  if (hasInsecureNames === (tokenKey !== undefined)) {
    throw new SyntaxError(
      "Cannot serve as either TICKWIRE_TOKEN_KEY must be set or --insecure-names be given: see --help",
    );
  }
  return tokenKey === undefined
    ? authenticateByName
    : authenticateByToken(await readKey(tokenKey), options);
}

/** Reads the key from its hex; what is wrong with it is said without showing it. */
async function readKey(hex: string): Promise<CryptoKey> {
  if (!/^([0-9a-f]{2}){32,64}$/i.test(hex)) {
    throw new SyntaxError(
      "Cannot serve as TICKWIRE_TOKEN_KEY must be 32 to 64 bytes in hex",
    );
  }
  return await importTokenKey(Uint8Array.fromHex(hex));
}

/** Lets in who has a token that was not used before. */
function authenticateByToken(
  key: CryptoKey,
  { protocolId, serverAddress }: AccessOptions,
): Authenticate {
  const clock = new SystemClock();
  const guard = new TokenGuard();
  return async (request) => {
    const bytes = decodeToken(new URL(request.url).searchParams.get("token"));
    if (bytes === undefined) return undefined;
    try {
      const { clientId, userData } = await ConnectionToken.verify(bytes, {
        keys: key,
        protocolId,
        nowMs: clock.epochMs(),
        guard,
        ...(serverAddress !== undefined && { serverAddress }),
      });
      return { playerId: clientId, data: userData };
    } catch (error) {
      const isRefused = error instanceof ProtocolError &&
        error.code !== "tokenGuardFull";
      if (isRefused) return undefined;
      // The hub answers that it cannot tell, which is no fault of the client.
      throw error;
    }
  };
}

function decodeToken(text: string | null): Uint8Array | undefined {
  if (text === null || text.length > Math.ceil(MAX_TOKEN_BYTES / 3) * 4) {
    return undefined;
  }
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}

function authenticateByName(request: Request): Promise<Identity | undefined> {
  const name = new URL(request.url).searchParams.get("name");
  return Promise.resolve(isPlayerId(name) ? { playerId: name } : undefined);
}

/** Upgrades requests, and knows when all the sockets made of them have ended. */
export class ServedSockets {
  readonly #ends = new Set<Promise<void>>();

  /**
   * Upgrades a request.
   *
   * @param request The request.
   * @returns Its socket, and what it is answered with.
   */
  upgrade(request: Request): Upgraded {
    const upgraded = upgradeWebSocket(request);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ends.add(promise);
    upgraded.socket.addEventListener("close", () => {
      this.#ends.delete(promise);
      resolve();
    });
    return upgraded;
  }

  /** Resolves when those that there are have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#ends);
  }
}
