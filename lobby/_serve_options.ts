import { parseArgs } from "node:util";
import {
  readInteger,
  readJsonFile,
} from "../http/server/serve_options_deno.ts";
import { checkMatchLobbies } from "./_check_match_lobbies.ts";
import { isObject } from "./_is_object.ts";
import type { LobbyMatchSettings, LobbyQueueOptions } from "./mod.ts";

/** What `--help` prints. */
export const USAGE =
  `A server of lobbies and matches, and of what small games say in them.

Usage: deno run -A jsr:@tickwire/net/lobby/serve [options]

  --port N           where to listen, 0 for any free port (default 8080)
  --hostname NAME    the address to listen at (default 127.0.0.1)
  --database FILE    where lobbies and tickets are kept (default lobby.db)
  --queues FILE      queues in JSON, by their names:
                     {"duels":{"modes":{"duel":{"teams":2,"teamSize":1}}}};
                     "lobby" in one is what the lobbies of its matches are like
  --players N        players of a lobby at most, 1 to 256 (default 64)
  --region NAME      where this server is, for the list of lobbies
  --origin ORIGIN    let only pages of this origin in, may be repeated
  --trusted-proxy A  the address of a proxy whose X-Forwarded-For counts, may be
                     repeated: of each address at most 64 sockets are let in
  --protocol-id N    the protocolId of tokens (default 0)
  --address TEXT     this server's address in tokens that name servers
  --spread MS        over how long clients come back after a shutdown (default 1000)
  --insecure-names   take names as they come (?name=), without tokens
  --quiet            log no requests
  --help             print this

TICKWIRE_TOKEN_KEY   the key of tokens (?token=): 32 to 64 bytes in hex`;

/** What the command line and the environment say. */
export interface ServeOptions {
  readonly port: number;
  readonly hostname: string;
  readonly database: string;
  readonly queues: Readonly<Record<string, LobbyQueueOptions>>;
  readonly maxPlayers: number;
  readonly region: string;
  readonly origins: readonly string[] | undefined;
  readonly trustedProxies: readonly string[];
  readonly protocolId: number;
  readonly serverAddress: string | undefined;
  readonly spreadMs: number;
  readonly hasInsecureNames: boolean;
  readonly tokenKey: string | undefined;
  readonly isQuiet: boolean;
}

/**
 * Reads the command line, and the file that it names.
 *
 * @param args The arguments.
 * @param env Gives a variable of the environment.
 * @returns The options; `undefined` if only the usage is asked for.
 * @throws {SyntaxError} If something is wrong. No message has a key in it.
 * @throws {RangeError} If a queue, or the lobby of a match that it makes, cannot be.
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
      "queues": { type: "string" },
      "players": { type: "string" },
      "region": { type: "string" },
      "origin": { type: "string", multiple: true },
      "trusted-proxy": { type: "string", multiple: true },
      "protocol-id": { type: "string" },
      "address": { type: "string" },
      "spread": { type: "string" },
      "insecure-names": { type: "boolean" },
      "quiet": { type: "boolean" },
      "help": { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const integer = (
    name: "port" | "players" | "protocol-id" | "spread",
    otherwise: number,
    min: number,
    max: number,
  ): number => readInteger(name, values[name] ?? `${otherwise}`, min, max);
  const maxPlayers = integer("players", 64, 1, 256);
  return {
    port: integer("port", 8_080, 0, 65_535),
    hostname: values.hostname ?? "127.0.0.1",
    database: values.database ?? "lobby.db",
    queues: values.queues === undefined
      ? {}
      : await readQueues(values.queues, maxPlayers),
    maxPlayers,
    region: values.region ?? "",
    origins: values.origin,
    trustedProxies: values["trusted-proxy"] ?? [],
    protocolId: integer("protocol-id", 0, 0, Number.MAX_SAFE_INTEGER),
    serverAddress: values.address,
    spreadMs: integer("spread", 1_000, 0, 3_600_000),
    hasInsecureNames: values["insecure-names"] ?? false,
    tokenKey: env("TICKWIRE_TOKEN_KEY"),
    isQuiet: values.quiet ?? false,
  };
}

/** Reads queues, and checks all of them at once: at the first match it would be too late. */
async function readQueues(
  file: string,
  maxPlayers: number,
): Promise<Record<string, LobbyQueueOptions>> {
  const read = await readJsonFile("queues", file);
  const queues: Record<string, LobbyQueueOptions> = {};
  for (const [name, queue] of entriesOf(read, "an object with queues")) {
    const where = `an object with modes in "${name}"`;
    const { lobby = {}, ...options } = Object.fromEntries(
      entriesOf(queue, where),
    );
    for (const [, mode] of entriesOf(options.modes, where)) {
      entriesOf(mode, where);
    }
    const wanted =
      `"config" and "metadata", if anything, as lobby of "${name}"`;
    for (const [field, value] of entriesOf(lobby, wanted)) {
      entriesOf(value, wanted);
      if (field !== "config" && field !== "metadata") throw wrong(wanted);
    }
    const settings = lobby as LobbyMatchSettings;
    queues[name] = {
      ...options as unknown as LobbyQueueOptions,
      lobby: () => settings,
    };
    checkMatchLobbies(name, queues[name], settings, maxPlayers);
  }
  return queues;
}

function entriesOf(value: unknown, wanted: string): [string, unknown][] {
  if (isObject(value)) return Object.entries(value);
  throw wrong(wanted);
}

function wrong(wanted: string): SyntaxError {
  return new SyntaxError(
    `Cannot serve as the file of --queues must have ${wanted}`,
  );
}
