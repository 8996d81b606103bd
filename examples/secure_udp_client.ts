/**
 * A client of secure UDP: logs in at `examples/login_server.ts`, connects with its token to `examples/secure_udp_server.ts`,
 * sends messages at a fixed rate, and tells how long they take there and back.
 *
 *     SECURE_UDP_PASSWORD=… deno run -A examples/secure_udp_client.ts --name ada [--register]
 *         [--login https://127.0.0.1:8443] [--certificate .cache/secure_udp/certificate.pem]
 *         [--seconds 10] [--rate 60] [--hz 1000] [--json]
 *
 * @module
 */

import { parseArgs } from "node:util";
import { decodeBase64, PollLoop } from "../core/mod.ts";
import { NonBlockingSocket } from "../transport/deno.ts";
import {
  Channel,
  ConnectionManager,
  type ManagerEvent,
  parseConnectToken,
  type PeerId,
} from "../transport/mod.ts";
import { NetcodeClient } from "../transport/netcode.ts";
import {
  abortedBySignals,
  integerOption,
  runMain,
} from "./secure_udp/command_line.ts";
import {
  CERTIFICATE_FILE,
  CHANNELS,
  DATA_FOLDER,
  decodeState,
  type GameState,
  STATE_CHANNEL,
} from "./secure_udp/game_protocol.ts";
import { RoundTrips } from "./transport_echo/round_trips.ts";

const DEFAULT_CERTIFICATE = `${DATA_FOLDER}/${CERTIFICATE_FILE}`;
const USAGE = `A client of secure UDP: logs in, connects, and measures an echo

usage: deno run -A examples/secure_udp_client.ts --name NAME [options]

  --name NAME         the account
  --register          make it first
  --password-file F   a file with the password, instead of the variable below
  --login URL         the login server (default https://127.0.0.1:8443)
  --certificate FILE  its certificate (default ${DEFAULT_CERTIFICATE})
  --seconds N         how long to send (default 10)
  --rate N            messages per second (default 60)
  --hz N              polls per second, up to 1000 (default 1000)
  --json              print one line of JSON
  --help              print this

SECURE_UDP_PASSWORD   the password, as command lines are seen by others`;

/** Its number, its time, and something to fill it up. */
const MESSAGE_BYTES = 100;
/** So much lateness is made up for. */
const MAX_LATE_MS = 250;
/** How long the last messages may take to come back. */
const DRAIN_MS = 10_000;
/** How long saying goodbye may take. */
const CLOSE_MS = 5_000;

/** Where to log in, and as whom. */
export interface LoginOptions {
  /** The login server. */
  readonly url: string;
  /** Its certificate in PEM, if no authority has signed it. */
  readonly certificate?: string;
  /** The account. */
  readonly name: string;
  /** Its password. */
  readonly password: string;
}

/** What a login server refuses with, as its answer says. */
export class LoginError extends Error {
  /** Such as `"wrongNameOrPassword"`. */
  readonly code: string;

  /**
   * Creates an error.
   *
   * @param code What the server said.
   */
  constructor(code: string) {
    super(`The login server says "${code}"`);
    this.name = "LoginError";
    this.code = code;
  }
}

/**
 * Makes an account.
 *
 * @param options Where, and whose.
 * @throws {LoginError} If the server does not want it.
 * @throws {TypeError} If the server is not at https, where others would read the password.
 * @throws {Error} If there is none, or one with another certificate.
 */
export async function register(options: LoginOptions): Promise<void> {
  await post("register", options);
}

/**
 * Logs in.
 *
 * @param options Where, and as whom.
 * @returns A connect token, 2,048 bytes.
 * @throws {LoginError} If the server does not let this account in.
 * @throws {TypeError} If the server is not at https, where others would read password and token.
 * @throws {Error} If there is none, or one with another certificate.
 */
export async function login(options: LoginOptions): Promise<Uint8Array> {
  const { connectToken } = await post("login", options);
  const token = decodeBase64(`${connectToken}`);
  if (token === undefined) throw new LoginError("noToken");
  return token;
}

async function post(
  path: string,
  { url, certificate, name, password }: LoginOptions,
): Promise<Record<string, unknown>> {
  const to = new URL(path, url);
  if (to.protocol !== "https:") {
    throw new TypeError(
      `Cannot log in as the server must be at https: current value is "${to.protocol}"`,
    );
  }
  using client = Deno.createHttpClient(
    certificate === undefined ? {} : { caCerts: [certificate] },
  );
  let response: Response;
  try {
    response = await fetch(to, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, password }),
      client,
    });
  } catch (cause) {
    throw new Error(
      `Nobody answers at ${url} with the certificate: is login_server.ts running?`,
      { cause },
    );
  }
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer;
  throw new LoginError(`${answer?.error ?? response.status}`);
}

/** Options for {@linkcode run}. */
export interface RunOptions {
  /** A connect token, 2,048 bytes. */
  readonly token: Uint8Array;
  /** How long to send. @default {10} */
  readonly seconds?: number;
  /** Messages per second. @default {60} */
  readonly rate?: number;
  /** Polls per second. @default {1000} */
  readonly hz?: number;
  /** Told once the server has let it in: after how many milliseconds. */
  readonly onConnected?: (address: string, afterMs: number) => void;
  /** Told of what everybody sees. */
  readonly onState?: (state: GameState) => void;
  /** Ends it early: what was sent still comes back. */
  readonly signal?: AbortSignal;
}

/** What became of a run. */
export interface RunSummary {
  /** Which server let it in. */
  readonly server?: string;
  /** How long connecting took, in milliseconds. */
  readonly connectMs?: number;
  /** Messages that were sent. */
  readonly sent: number;
  /** Messages that came back. */
  readonly back: number;
  /** How long they took there and back, in milliseconds. */
  readonly rttMs: {
    readonly p50: number;
    readonly p99: number;
    readonly worst: number;
  };
  /** Who was here at last, and how many echoes each has had. */
  readonly players: GameState["players"];
  /** Why it ended early, if it did: a reason of the link or of the connection. */
  readonly ending?: string;
}

/**
 * Connects with a token, sends messages and takes them back.
 *
 * @param options The token, and how many messages.
 * @returns What became of them.
 * @throws {SyntaxError} If the token is none.
 * @throws {TransportError} If no socket can be opened.
 */
export async function run(options: RunOptions): Promise<RunSummary> {
  const { seconds = 10, hz = 1_000 } = options;
  const { addresses } = parseConnectToken(options.token);
  const [, host, port] = /^\[?([^\]]+)\]?:(\d+)$/.exec(addresses[0]!)!;
  const socket = await NonBlockingSocket.bind({
    hostname: host!.includes(":") ? "::" : "0.0.0.0",
  });
  using session = new Session(socket, host!, Number(port), options);
  const stop = new AbortController();
  const steps = follow(session, seconds, options.signal);
  const loop = new PollLoop();
  loop.add({
    tick(dt) {
      session.tick();
      if (steps.next(dt).done) stop.abort();
    },
  });
  await loop.run({ hz, signal: stop.signal });
  return session.summary;
}

/** What a run goes through; it is given the seconds that have passed. */
function* follow(
  session: Session,
  seconds: number,
  signal: AbortSignal | undefined,
): Generator<void, void, number> {
  const isEnough = (): boolean => session.isOver || signal?.aborted === true;
  while (!session.isConnected && !isEnough()) yield;
  for (let passed = 0; passed < seconds && !isEnough();) passed += yield;
  session.pause();
  const isOver = (): boolean => session.isAllBack || session.isOver;
  for (let left = DRAIN_MS; left > 0 && !isOver();) {
    left -= 1_000 * (yield);
  }
  session.close();
  for (let left = CLOSE_MS; left > 0 && !session.isClosed;) {
    left -= 1_000 * (yield);
  }
}

/** One connection, from its token to its end. */
class Session implements Disposable {
  readonly #options: RunOptions;
  readonly #manager: ConnectionManager;
  readonly #peer: PeerId;
  readonly #roundTrips = new RoundTrips(65_536);
  readonly #message = new DataView(new ArrayBuffer(MESSAGE_BYTES));
  readonly #periodMs: number;
  readonly #startedMs = performance.now();
  #server: string | undefined;
  #connectMs: number | undefined;
  #nextMs = Infinity;
  #sent = 0;
  #back = 0;
  #players: GameState["players"] = [];
  #ending: string | undefined;
  #isOurEnd = false;

  constructor(
    socket: NonBlockingSocket,
    host: string,
    port: number,
    options: RunOptions,
  ) {
    this.#options = options;
    this.#periodMs = 1_000 / (options.rate ?? 60);
    this.#manager = new ConnectionManager({
      link: new NetcodeClient(),
      connection: { channels: CHANNELS },
    });
    this.#manager.bind(socket);
    const to = socket.address(host, port);
    this.#peer = this.#manager.connect(to, options.token);
  }

  get isConnected(): boolean {
    return this.#connectMs !== undefined;
  }

  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  get isAllBack(): boolean {
    return this.#back === this.#sent;
  }

  get isClosed(): boolean {
    return this.#manager.isClosed;
  }

  get summary(): RunSummary {
    const [p50, p99, worst] = this.#roundTrips.quantiles(0.5, 0.99, 1);
    return {
      ...(this.#server !== undefined && { server: this.#server }),
      ...(this.#connectMs !== undefined && { connectMs: this.#connectMs }),
      sent: this.#sent,
      back: this.#back,
      rttMs: { p50: p50!, p99: p99!, worst: worst! },
      players: this.#players,
      ...(this.#ending !== undefined && !this.#isOurEnd && {
        ending: this.#ending,
      }),
    };
  }

  tick(): void {
    this.#manager.poll((_peer, bytes, channel) => this.#take(bytes, channel));
    for (const event of this.#manager.drainEvents()) this.#onEvent(event);
    const nowMs = performance.now();
    // A program that was stopped for longer just goes on.
    if (nowMs > this.#nextMs + MAX_LATE_MS) this.#nextMs = nowMs;
    for (; this.#nextMs <= nowMs; this.#nextMs += this.#periodMs) {
      this.#message.setUint32(0, this.#sent);
      this.#message.setFloat64(4, performance.now());
      const bytes = new Uint8Array(this.#message.buffer);
      if (this.#manager.send(this.#peer, bytes, Channel.ReliableOrdered)) {
        this.#sent++;
      }
    }
    // Without it they would leave with the next poll.
    this.#manager.flush();
  }

  /** Sends no more; what was sent still comes back. */
  pause(): void {
    this.#nextMs = Infinity;
  }

  close(): void {
    this.pause();
    this.#isOurEnd ||= this.#ending === undefined;
    this.#manager.close();
  }

  [Symbol.dispose](): void {
    this.#manager[Symbol.dispose]();
  }

  #take(bytes: Uint8Array, channel: number): void {
    if (channel === STATE_CHANNEL) {
      const state = decodeState(bytes);
      this.#players = state.players;
      this.#options.onState?.(state);
      return;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#back++;
    this.#roundTrips.add(performance.now() - view.getFloat64(4));
  }

  #onEvent(event: ManagerEvent): void {
    switch (event.type) {
      case "peerConnected":
        this.#nextMs = performance.now();
        this.#connectMs = this.#nextMs - this.#startedMs;
        this.#server = event.address.toString();
        return this.#options.onConnected?.(this.#server, this.#connectMs);
      case "connectFailed":
      case "peerDisconnected":
        return this.#end(event.reason);
      case "peerTimedOut":
        return this.#end("timedOut");
    }
  }

  #end(reason: string): void {
    this.pause();
    this.#ending ??= reason;
  }
}

async function readPassword(path: string | undefined): Promise<string> {
  const password = path === undefined
    ? Deno.env.get("SECURE_UDP_PASSWORD")
    : (await Deno.readTextFile(path)).replace(/\r?\n$/, "");
  if (password !== undefined) return password;
  throw new SyntaxError(
    "Cannot run without SECURE_UDP_PASSWORD or --password-file",
  );
}

function show(summary: RunSummary): void {
  const { sent, back, rttMs, players } = summary;
  const ms = (value: number): string => value.toFixed(2);
  console.log(`${sent} messages sent, ${back} back`);
  console.log(
    `  round trip  p50 ${ms(rttMs.p50)}  p99 ${ms(rttMs.p99)}  worst ${
      ms(rttMs.worst)
    } ms`,
  );
  const list = players.map(({ name, echoes }) => `${name} ${echoes}`);
  console.log(`  here        ${list.join(", ")}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      "name": { type: "string" },
      "register": { type: "boolean" },
      "password-file": { type: "string" },
      "login": { type: "string" },
      "certificate": { type: "string" },
      "seconds": { type: "string" },
      "rate": { type: "string" },
      "hz": { type: "string" },
      "json": { type: "boolean" },
      "help": { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(USAGE);
  const { name, login: url = "https://127.0.0.1:8443" } = values;
  if (name === undefined) throw new SyntaxError("Cannot run without --name");
  if (!URL.canParse(url)) {
    throw new SyntaxError("Cannot run as --login must be a URL");
  }
  const seconds = integerOption("seconds", values.seconds, 10, 1, 86_400);
  const rate = integerOption("rate", values.rate, 60, 1, 10_000);
  const hz = integerOption("hz", values.hz, 1_000, 1, 1_000);
  const account: LoginOptions = {
    url,
    certificate: await Deno.readTextFile(
      values.certificate ?? DEFAULT_CERTIFICATE,
    ),
    name,
    password: await readPassword(values["password-file"]),
  };
  if (values.register) await register(account);
  const token = await login(account);
  const signal = abortedBySignals();
  const summary = await run({
    token,
    seconds,
    rate,
    hz,
    signal,
    ...(!values.json && {
      onConnected: (address, afterMs) =>
        console.log(`${name} at ${address} after ${afterMs.toFixed(2)} ms`),
    }),
  });
  if (values.json) console.log(JSON.stringify(summary));
  else if (summary.sent > 0) show(summary);
  if (summary.ending !== undefined) {
    throw new Error(`It has ended: ${summary.ending}`);
  }
}

if (import.meta.main) await runMain(main);
