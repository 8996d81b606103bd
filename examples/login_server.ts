/**
 * The login server of a game: accounts with passwords in SQLite, and connect tokens for who has logged in, over HTTPS.
 *
 *     deno run -A examples/login_server.ts [--port 8443] [--hostname 127.0.0.1] [--game 127.0.0.1:40000]
 *         [--token-seconds 30] [--data .cache/secure_udp] [--cert cert.pem --key key.pem]
 *
 * `examples/secure_udp_server.ts` is a server of the game, `examples/secure_udp_client.ts` a client of both.
 *
 *     POST /register  {"name": "ada", "password": "…"}  →  201 {"clientId": "1"}
 *     POST /login     {"name": "ada", "password": "…"}  →  200 {"clientId": "1", "connectToken": "TkVUQ09ERS…"}
 *
 * What is refused has a status of 400 or more and an `error`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import {
  type Clock,
  encodeBase64,
  networkOf,
  normalizeAddress,
  SystemClock,
} from "../core/mod.ts";
import { createSelfSignedCertificate } from "../transport/deno.ts";
import { issueConnectToken } from "../transport/netcode.ts";
import { Accounts, type PasswordCost } from "./secure_udp/accounts.ts";
import { AttemptLimit } from "./secure_udp/attempt_limit.ts";
import {
  abortedBySignals,
  integerOption,
  runMain,
} from "./secure_udp/command_line.ts";
import {
  CERTIFICATE_FILE,
  DATA_FOLDER,
  encodeName,
  KEYS_FILE,
  PROTOCOL_ID,
} from "./secure_udp/game_protocol.ts";
import { readPrivateKeys } from "./secure_udp/key_file.ts";

const USAGE =
  `The login server of a game: accounts, and connect tokens over HTTPS

usage: deno run -A examples/login_server.ts [options]

  --port N            the port to listen at, 0 for any (default 8443)
  --hostname IP       the address to listen at (default 127.0.0.1)
  --game IP:PORT      where clients reach the game, once for each server (default 127.0.0.1:40000)
  --token-seconds N   how long a token lets its client in (default 30)
  --data FOLDER       where accounts, keys and the certificate are (default ${DATA_FOLDER})
  --cert FILE         a certificate in PEM; without it one is made
  --key FILE          its key
  --help              print this

NETCODE_PRIVATE_KEYS  the private keys, in base64, the newest first; without it those of the data folder`;

const ACCOUNTS_FILE = "accounts.db";
const NAME = /^[a-z0-9_]{1,24}$/;
const MIN_PASSWORD_LENGTH = 8;
const MAX_PASSWORD_LENGTH = 128;
const MAX_BODY_BYTES = 1_024;
/** How long a body may take, or whoever sends none holds a connection, and the end of the server, for ever. */
const BODY_MS = 10_000;
/** A household of players logs in at once; who guesses has few guesses. */
const PER_ADDRESS = { capacity: 20, perSecond: 1 / 3 };
/**
 * A password is guessed from many addresses too. Whoever does so keeps the account's owner out meanwhile: a game of many
 * lets known devices in all the same.
 */
const PER_ACCOUNT = { capacity: 10, perSecond: 1 / 30 };

/** Options for {@linkcode LoginServer.start}. */
export interface LoginServerOptions {
  /** The keys that the game's servers have too: the first one seals. */
  readonly privateKeys: readonly Uint8Array[];
  /** Where clients reach the game, in the order in which to try. */
  readonly gameAddresses: readonly string[];
  /** The file of the accounts, or `":memory:"`. @default {":memory:"} */
  readonly database?: string;
  /** The IP address to listen at. @default {"127.0.0.1"} */
  readonly hostname?: string;
  /** The port; 0 for any. @default {0} */
  readonly port?: number;
  /** A certificate and its key, in PEM; one is made if it is left out. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** How long a token lets its client in. @default {30} */
  readonly tokenSeconds?: number;
  /** How long the body of a request may take. @default {10_000} */
  readonly bodyMs?: number;
  /** The time, of limits and tokens. */
  readonly clock?: Clock;
  /** What a password's hash costs: for tests. */
  readonly passwordCost?: PasswordCost;
}

/** The login server. */
export class LoginServer implements AsyncDisposable {
  /** Where it is. */
  readonly url: string;
  /** The certificate that clients are to trust, in PEM. */
  readonly certificate: string;
  readonly #http: Deno.HttpServer<Deno.NetAddr>;
  readonly #accounts: Accounts;

  private constructor(
    http: Deno.HttpServer<Deno.NetAddr>,
    accounts: Accounts,
    url: string,
    certificate: string,
  ) {
    this.#http = http;
    this.#accounts = accounts;
    this.url = url;
    this.certificate = certificate;
  }

  /**
   * Opens accounts and listens.
   *
   * @param options Keys, and where everything is.
   * @returns The server.
   * @throws {TypeError} If an address of the game is none.
   */
  static async start(options: LoginServerOptions): Promise<LoginServer> {
    const { hostname = "127.0.0.1", port = 0, database = ":memory:" } = options;
    const { cert, key } = options.certificate ??
      await createSelfSignedCertificate({ hosts: ["localhost", hostname] });
    const issue = issuer(options);
    // An address that is none is told now, not at the first login.
    issue(0n, "");
    using opened = new DisposableStack();
    const { passwordCost: cost } = options;
    const accounts = opened.use(
      new Accounts({ path: database, ...(cost !== undefined && { cost }) }),
    );
    const { bodyMs = BODY_MS, clock } = options;
    const handler = new LoginHandler(accounts, issue, bodyMs, clock);
    const http = Deno.serve(
      { hostname, port, cert, key, onListen() {} },
      (request, { remoteAddr }) =>
        handler.respond(request, remoteAddr.hostname),
    );
    opened.move();
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const url = `https://${host}:${http.addr.port}/`;
    return new LoginServer(http, accounts, url, cert);
  }

  /** Answers what is under way, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.shutdown();
    this.#accounts[Symbol.dispose]();
  }
}

type Issue = (clientId: bigint, name: string) => Uint8Array;

function issuer(options: LoginServerOptions): Issue {
  const { privateKeys, gameAddresses, tokenSeconds, clock } = options;
  return (clientId, name) =>
    issueConnectToken({
      protocolId: PROTOCOL_ID,
      privateKey: privateKeys[0]!,
      clientId,
      addresses: gameAddresses,
      userData: encodeName(name),
      ...(tokenSeconds !== undefined && { expireSeconds: tokenSeconds }),
      ...(clock !== undefined && { clock }),
    });
}

/** What somebody says of himself. */
interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** Answers requests; it knows nothing of sockets. */
class LoginHandler {
  readonly #accounts: Accounts;
  readonly #issue: Issue;
  readonly #bodyMs: number;
  readonly #clock: Clock;
  readonly #byAddress = new AttemptLimit(PER_ADDRESS);
  readonly #byAccount = new AttemptLimit(PER_ACCOUNT);

  constructor(
    accounts: Accounts,
    issue: Issue,
    bodyMs: number,
    clock: Clock = new SystemClock(),
  ) {
    this.#accounts = accounts;
    this.#issue = issue;
    this.#bodyMs = bodyMs;
    this.#clock = clock;
  }

  async respond(request: Request, remoteAddr: string): Promise<Response> {
    // The host is whatever the request says: nothing that it can say is a fault of this server.
    const pathname = URL.parse(request.url)?.pathname;
    if (pathname !== "/register" && pathname !== "/login") {
      return refuse(404, "notFound");
    }
    if (request.method !== "POST") return refuse(405, "notAllowed");
    const nowMs = this.#clock.nowMs();
    const address = networkOf(normalizeAddress(remoteAddr));
    const waitMs = this.#byAddress.take(address, nowMs);
    if (waitMs > 0) return tooMany(waitMs);
    const credentials = await readCredentials(request, this.#bodyMs);
    if (credentials instanceof Response) return credentials;
    return pathname === "/register"
      ? await this.#register(credentials)
      : await this.#login(credentials);
  }

  async #register({ name, password }: Credentials): Promise<Response> {
    if (!NAME.test(name)) return refuse(400, "badName");
    if (
      password.length < MIN_PASSWORD_LENGTH ||
      password.length > MAX_PASSWORD_LENGTH
    ) return refuse(400, "badPassword");
    const id = await this.#accounts.register(name, password);
    if (id === "busy") return busy();
    // That a name is taken cannot be kept from whoever wants it.
    if (typeof id === "string") return refuse(409, "nameTaken");
    return answer(201, { clientId: `${id}` });
  }

  async #login({ name, password }: Credentials): Promise<Response> {
    // Nobody can have them: it costs no hash, and tells nothing.
    if (!NAME.test(name) || password.length > MAX_PASSWORD_LENGTH) {
      return refuse(401, "wrongNameOrPassword");
    }
    // Before the hash, as guesses come at once too; and whether there is such an account or not.
    const waitMs = this.#byAccount.take(name, this.#clock.nowMs());
    if (waitMs > 0) return tooMany(waitMs);
    const id = await this.#accounts.check(name, password);
    if (id === "busy") return busy();
    if (typeof id === "string") return refuse(401, "wrongNameOrPassword");
    this.#byAccount.forget(name);
    const token = this.#issue(id, name);
    return answer(200, {
      clientId: `${id}`,
      connectToken: encodeBase64(token),
    });
  }
}

async function readCredentials(
  request: Request,
  bodyMs: number,
): Promise<Credentials | Response> {
  // A form of another page cannot send this type.
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\b/.test(type)) return refuse(415, "notJson");
  const text = await readText(request, bodyMs);
  if (text === "tooLong") return refuse(413, text);
  if (text === "tooSlow") return refuse(408, text);
  if (text === "cutOff") return refuse(400, text);
  let value: unknown;
  try {
    value = JSON.parse(text.text);
  } catch {
    return refuse(400, "notJson");
  }
  const { name, password } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== "string" || typeof password !== "string") {
    return refuse(400, "notCredentials");
  }
  return { name: name.toLowerCase(), password };
}

/** Reads a body that is short and comes soon; of another one no more is read. */
async function readText(
  request: Request,
  bodyMs: number,
): Promise<{ readonly text: string } | "tooLong" | "tooSlow" | "cutOff"> {
  const reader = request.body?.getReader();
  if (reader === undefined) return { text: "" };
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    // What was waited for is over then.
    reader.cancel().catch(() => {});
  }, bodyMs);
  try {
    const decoder = new TextDecoder();
    let text = "";
    let length = 0;
    while (true) {
      const { done, value } = await reader.read();
      if (isLate) return "tooSlow";
      if (done) return { text: text + decoder.decode() };
      length += value.length;
      if (length > MAX_BODY_BYTES) {
        await reader.cancel();
        return "tooLong";
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return "cutOff";
  } finally {
    clearTimeout(timer);
  }
}

function answer(
  status: number,
  body: unknown,
  headers: HeadersInit = {},
): Response {
  return Response.json(body, {
    status,
    // A token is its client's alone.
    headers: { "cache-control": "no-store", ...headers },
  });
}

function refuse(status: number, error: string): Response {
  return answer(status, { error });
}

function tooMany(waitMs: number): Response {
  const seconds = `${Math.ceil(waitMs / 1_000)}`;
  return answer(429, { error: "tooManyAttempts" }, { "retry-after": seconds });
}

function busy(): Response {
  return answer(503, { error: "busy" }, { "retry-after": "1" });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      "port": { type: "string" },
      "hostname": { type: "string" },
      "game": { type: "string", multiple: true },
      "token-seconds": { type: "string" },
      "data": { type: "string" },
      "cert": { type: "string" },
      "key": { type: "string" },
      "help": { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(USAGE);
  if ((values.cert === undefined) !== (values.key === undefined)) {
    throw new SyntaxError("Cannot run as --cert and --key go together");
  }
  const port = integerOption("port", values.port, 8_443, 0, 65_535);
  const tokenSeconds = integerOption(
    "token-seconds",
    values["token-seconds"],
    30,
    1,
    86_400,
  );
  const data = values.data ?? DATA_FOLDER;
  await Deno.mkdir(data, { recursive: true, mode: 0o700 });
  const database = `${data}/${ACCOUNTS_FILE}`;
  // SQLite would let others read it, and gives its further files the mode of the first.
  const made = await Deno.open(database, {
    create: true,
    write: true,
    mode: 0o600,
  });
  made.close();
  const gameAddresses = values.game ?? ["127.0.0.1:40000"];
  const privateKeys = await readPrivateKeys(`${data}/${KEYS_FILE}`);
  await using server = await LoginServer.start({
    privateKeys,
    gameAddresses,
    tokenSeconds,
    database,
    port,
    ...(values.hostname !== undefined && { hostname: values.hostname }),
    ...(values.cert !== undefined && {
      certificate: {
        cert: await Deno.readTextFile(values.cert),
        key: await Deno.readTextFile(values.key!),
      },
    }),
  });
  const certificatePath = `${data}/${CERTIFICATE_FILE}`;
  await Deno.writeTextFile(certificatePath, server.certificate);
  const stop = abortedBySignals();
  console.log(`Login: ${server.url}, for the game at ${gameAddresses}`);
  console.log(`  accounts     ${database}`);
  console.log(`  private keys ${privateKeys.length}, the first one seals`);
  console.log(`  certificate  ${certificatePath}`);
  await new Promise((resolve) => stop.addEventListener("abort", resolve));
}

if (import.meta.main) await runMain(main);
