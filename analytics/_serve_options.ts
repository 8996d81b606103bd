import { parseArgs } from "node:util";
import type { TitleKey } from "../http/server/mod.ts";
import {
  readApiKeys,
  readInteger,
  readJsonFile,
} from "../http/server/serve_options_deno.ts";
import type { AnalyticsRole } from "./collector/call.ts";
import { type EventDefinition, readEventDefinitions } from "./mod.ts";

/** What `--help` prints. */
export const USAGE =
  `A collector of analytics, with a dashboard of what has come.

Usage: deno run -A jsr:@tickwire/net/analytics/serve [options]

  --port N            where to listen, 0 for any free port (default 8080)
  --hostname NAME     the address to listen at (default 127.0.0.1)
  --database FILE     where everything is kept (default analytics.db)
  --events FILE       the game's own events in JSON:
                      [{"name":"potion","fields":{"kind":{"kind":"label"}}}]
  --keep-days N       how long events are kept (default 90)
  --keep-sums-days N  how long sums, sketches and sessions are kept, 31 or more
                      (default 400, or as long as events)
  --keys FILE         API keys, title:role:key, one a line; # begins a comment
  --origin ORIGIN     let pages of this origin read answers to queries, may be
                      repeated; "*" for all
  --trusted-proxy A   the address of a proxy whose X-Forwarded-For counts, may
                      be repeated
  --otlp URL          send everything on to an OpenTelemetry Collector
                      (OTLP/HTTP), such as http://127.0.0.1:4318
  --quiet             log no requests
  --help              print this

TICKWIRE_API_KEYS     API keys, title:role:key, separated by commas; the roles
                      are game, reader and admin. Without any key whoever
                      reaches the server may do everything.
TICKWIRE_OTLP_HEADERS fields of the header for --otlp, name=value, separated by
                      commas, values percent-encoded`;

const ROLES: readonly AnalyticsRole[] = ["game", "reader", "admin"];
const MAX_DAYS = 3_650;
const DAY_MS = 86_400_000;
/** As long as `AnalyticsCollector` keeps them. */
const EVENT_DAYS = 90;
const SUM_DAYS = 400;
/** The least of `AnalyticsCollector`. */
const MIN_SUM_DAYS = 31;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\x20-\x7e]*$/;

/** Where everything is sent on to. */
export interface OtlpTarget {
  /** The URL before `/v1/logs` and `/v1/metrics`. */
  readonly url: string;
  /** Fields of the header. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What the command line and the environment say. */
export interface ServeOptions {
  readonly port: number;
  readonly hostname: string;
  readonly database: string;
  readonly events: readonly EventDefinition[];
  readonly eventRetentionMs: number;
  readonly rollupRetentionMs: number;
  readonly apiKeys: readonly TitleKey<AnalyticsRole>[] | undefined;
  readonly origins: readonly string[] | undefined;
  readonly trustedProxies: readonly string[];
  readonly otlp: OtlpTarget | undefined;
  readonly isQuiet: boolean;
}

/**
 * Reads the command line, and the files that it names.
 *
 * @param args The arguments.
 * @param env Gives a variable of the environment.
 * @returns The options; `undefined` if only the usage is asked for.
 * @throws {Error} If something is wrong. No message has a key in it.
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
      "events": { type: "string" },
      "keep-days": { type: "string" },
      "keep-sums-days": { type: "string" },
      "keys": { type: "string" },
      "origin": { type: "string", multiple: true },
      "trusted-proxy": { type: "string", multiple: true },
      "otlp": { type: "string" },
      "quiet": { type: "boolean" },
      "help": { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const eventDays = readInteger(
    "keep-days",
    values["keep-days"] ?? `${EVENT_DAYS}`,
    1,
    MAX_DAYS,
  );
  const sumDays = readInteger(
    "keep-sums-days",
    values["keep-sums-days"] ?? `${Math.max(SUM_DAYS, eventDays)}`,
    Math.max(MIN_SUM_DAYS, eventDays),
    MAX_DAYS,
  );
  return {
    port: readInteger("port", values.port ?? "8080", 0, 65_535),
    hostname: values.hostname ?? "127.0.0.1",
    database: values.database ?? "analytics.db",
    events: values.events === undefined ? [] : await readEvents(values.events),
    eventRetentionMs: eventDays * DAY_MS,
    rollupRetentionMs: sumDays * DAY_MS,
    apiKeys: await readApiKeys({
      variable: env("TICKWIRE_API_KEYS"),
      file: values.keys,
      roles: ROLES,
    }),
    origins: values.origin,
    trustedProxies: values["trusted-proxy"] ?? [],
    otlp: readOtlp(values.otlp, env("TICKWIRE_OTLP_HEADERS")),
    isQuiet: values.quiet ?? false,
  };
}

async function readEvents(file: string): Promise<EventDefinition[]> {
  const events = await readJsonFile("events", file);
  try {
    return readEventDefinitions(events);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot serve as the file of --events must define events: ${
        (cause as Error).message
      }`,
      { cause },
    );
  }
}

function readOtlp(
  url: string | undefined,
  variable: string | undefined,
): OtlpTarget | undefined {
  if (url === undefined) {
    if (variable === undefined) return undefined;
    throw new SyntaxError(
      "Cannot serve as TICKWIRE_OTLP_HEADERS is for --otlp, which is not given",
    );
  }
  const { protocol } = URL.parse(url) ?? {};
  // A password in it would be told with each failure.
  if (protocol !== "http:" && protocol !== "https:" || /[?#@]/.test(url)) {
    throw new SyntaxError(
      "Cannot serve as --otlp must be a URL of http or https, without a user, query or hash",
    );
  }
  const headers: Record<string, string> = {};
  for (const [i, text] of (variable ?? "").split(",").entries()) {
    const pair = text.trim();
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(0, equals)).trim();
    const value = decode(pair.slice(equals + 1).trim());
    if (
      !HEADER_NAME.test(name) || value === undefined ||
      !HEADER_VALUE.test(value)
    ) {
      throw new SyntaxError(
        `Cannot serve as field ${
          i + 1
        } of TICKWIRE_OTLP_HEADERS must be name=value, percent-encoded`,
      );
    }
    headers[name] = value;
  }
  return { url, headers };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
