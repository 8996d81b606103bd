import { parseArgs } from "node:util";
import {
  readApiKeys,
  readInteger,
  readJsonFile,
} from "../http/server/serve_options_deno.ts";
import type { ApiKey, ApiRole, BoardOptions } from "./mod.ts";

/** What `--help` prints. */
export const USAGE =
  `A server of leaderboards, with a page that shows them live.

Usage: deno run -A jsr:@tickwire/net/leaderboard/serve [options]

  --port N            where to listen, 0 for any free port (default 8080)
  --hostname NAME     the address to listen at (default 127.0.0.1)
  --database FILE     where boards and entries are kept (default
                      leaderboard.db); replays are in FILE-replays
  --boards FILE       boards in JSON, {"speedrun":{"order":"ascending"}}, by
                      "title/board" where there are several titles; without
                      it and without keys there is a board "main"
  --keys FILE         API keys, title:role:key, one a line; # begins a comment
  --origin ORIGIN     let pages of this origin read answers, may be repeated;
                      "*" for all
  --trusted-proxy A   the address of a proxy whose X-Forwarded-For counts, may
                      be repeated
  --protocol-id N     the protocolId of tokens (default 0)
  --insecure-players  take players as they come: the bearer text is the id
  --quiet             log no requests
  --help              print this

TICKWIRE_TOKEN_KEY    the key of players' tokens: 32 to 64 bytes in hex
TICKWIRE_API_KEYS     API keys, title:role:key, separated by commas`;

const ROLES: readonly ApiRole[] = ["game", "server", "admin"];

/** What the command line and the environment say. */
export interface ServeOptions {
  readonly port: number;
  readonly hostname: string;
  readonly database: string;
  readonly boards: Readonly<Record<string, BoardOptions>>;
  readonly apiKeys: readonly ApiKey[] | undefined;
  readonly origins: readonly string[] | undefined;
  readonly trustedProxies: readonly string[];
  readonly protocolId: number;
  /** The bytes of the key of tokens; `undefined` to take players as they come. */
  readonly tokenKey: Uint8Array<ArrayBuffer> | undefined;
  readonly isQuiet: boolean;
}

/**
 * Reads the command line, and the files that it names.
 *
 * @param args The arguments.
 * @param env Gives a variable of the environment.
 * @returns The options; `undefined` if only the usage is asked for.
 * @throws {SyntaxError} If something is wrong. No message has a key in it.
 */
export async function readServeOptions(
  args: readonly string[],
  env: (name: string) => string | undefined,
): Promise<ServeOptions | undefined> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "port": { type: "string" },
      "hostname": { type: "string" },
      "database": { type: "string" },
      "boards": { type: "string" },
      "keys": { type: "string" },
      "origin": { type: "string", multiple: true },
      "trusted-proxy": { type: "string", multiple: true },
      "protocol-id": { type: "string" },
      "insecure-players": { type: "boolean" },
      "quiet": { type: "boolean" },
      "help": { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const hex = env("TICKWIRE_TOKEN_KEY");
  if ((values["insecure-players"] ?? false) === (hex !== undefined)) {
    throw new SyntaxError(
      "Cannot serve as either TICKWIRE_TOKEN_KEY must be set or --insecure-players be given: see --help",
    );
  }
  const apiKeys = await readApiKeys({
    variable: env("TICKWIRE_API_KEYS"),
    file: values.keys,
    roles: ROLES,
  });
  return {
    port: readInteger("port", values.port ?? "8080", 0, 65_535),
    hostname: values.hostname ?? "127.0.0.1",
    database: values.database ?? "leaderboard.db",
    boards: values.boards !== undefined
      ? await readBoards(values.boards)
      : apiKeys === undefined
      ? { main: {} }
      : {},
    apiKeys,
    origins: values.origin,
    trustedProxies: values["trusted-proxy"] ?? [],
    protocolId: readInteger(
      "protocol-id",
      values["protocol-id"] ?? "0",
      0,
      Number.MAX_SAFE_INTEGER,
    ),
    tokenKey: hex === undefined ? undefined : tokenKeyOf(hex),
    isQuiet: values.quiet ?? false,
  };
}

function tokenKeyOf(hex: string): Uint8Array<ArrayBuffer> {
  if (!/^([0-9a-f]{2}){32,64}$/i.test(hex)) {
    throw new SyntaxError(
      "Cannot serve as TICKWIRE_TOKEN_KEY must be 32 to 64 bytes in hex",
    );
  }
  return Uint8Array.fromHex(hex);
}

async function readBoards(
  file: string,
): Promise<Readonly<Record<string, BoardOptions>>> {
  const boards = await readJsonFile("boards", file);
  if (
    typeof boards === "object" && boards !== null && !Array.isArray(boards)
  ) {
    // What is in it is checked by the server.
    return boards as Record<string, BoardOptions>;
  }
  throw new SyntaxError(
    "Cannot serve as the file of --boards must be an object with boards by their names",
  );
}
