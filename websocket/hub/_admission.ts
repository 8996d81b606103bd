// This module is browser compatible.
import {
  clientAddress,
  type Identity,
  isPlayerId,
  networkOf,
  normalizeAddress,
} from "../../core/mod.ts";
import { ByteWriter } from "../../protocol/mod.ts";
import {
  CloseCode,
  type Hello,
  MIN_FRAME_BYTES,
  MUX_VERSION,
} from "../mux/record.ts";
import { RecordWriter } from "../mux/record_writer.ts";
import type { HubCounters, Refusal } from "./_hub_counters.ts";
import type { HubSettings } from "./_hub_settings.ts";
import { HubSocket } from "./_hub_socket.ts";
import { readHello } from "./_read_hello.ts";
import type { HandlerInfo } from "./hub_options.ts";

/** How each refusal of a request is answered. */
const ANSWERS = {
  notWebSocket: [426, "This is a WebSocket"],
  origin: [403, "The origin is not allowed"],
  closing: [503, "There is no room"],
  sockets: [503, "There is no room"],
  address: [429, "Too many connections"],
  unauthorized: [401, "Unauthorized"],
  authenticate: [503, "The player could not be found out"],
  upgrade: [400, "The upgrade failed"],
} as const satisfies Partial<Record<Refusal, readonly [number, string]>>;

/**
 * How long a socket that was closed here counts against those to come, unless it ends
 * before: a peer that reads nothing does not answer the close, and the runtime holds it.
 */
const LINGER_SECONDS = 30;
/**
 * The same where the runtime held bytes for it: as long as TCP takes to give a silent peer
 * up, after which the runtime tells. One that lives and reads nothing it holds for ever.
 */
const FULL_LINGER_SECONDS = 900;
/**
 * So many times the sockets that are allowed may linger: after a break of the network all
 * of them do, while their clients come back.
 */
const LINGER_SHARE = 2;

/**
 * Lets clients in: from the request to the hello, which is handed on with its socket.
 * It counts the sockets until they are released; and those that have not ended then,
 * apart: who comes back while an old socket hangs has a place.
 */
export class Admission {
  readonly #settings: HubSettings;
  readonly #counters: HubCounters;
  readonly #allowedOrigins: ReadonlySet<string> | undefined;
  readonly #trustedProxies: ReadonlySet<string>;
  /** Sockets that have not said hello yet, and who is behind them. */
  readonly #greeting = new Map<HubSocket, Identity>();
  readonly #counts = new AddressCounts();
  /** Sockets that were released and have not ended, and for how many more seconds. */
  readonly #lingering = new Map<HubSocket, number>();
  readonly #lingerCounts = new AddressCounts();
  #isClosed = false;

  constructor(settings: HubSettings, counters: HubCounters) {
    this.#settings = settings;
    this.#counters = counters;
    this.#allowedOrigins = settings.allowedOrigins === undefined
      ? undefined
      : new Set(settings.allowedOrigins);
    this.#trustedProxies = new Set(
      settings.trustedProxies.map(normalizeAddress),
    );
  }

  /** How many there are, with requests that are being answered and what has yet to end. */
  get socketCount(): number {
    let count = this.#counts.total;
    for (const socket of this.#lingering.keys()) if (!socket.isGone) count += 1;
    return count;
  }

  async handle(request: Request, info?: HandlerInfo): Promise<Response> {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return this.#answer("notWebSocket", { upgrade: "websocket" });
    }
    const origin = request.headers.get("origin");
    if (
      origin !== null && this.#allowedOrigins !== undefined &&
      !this.#allowedOrigins.has(origin)
    ) return this.#answer("origin");
    const address = networkOf(clientAddress(
      info?.remoteAddr?.hostname ?? "",
      request.headers.get("x-forwarded-for"),
      this.#trustedProxies,
    ));
    const { maxSockets, maxSocketsPerAddress } = this.#settings;
    if (this.#isClosed) return this.#answer("closing");
    const [used, lingering] = [this.#counts, this.#lingerCounts];
    if (
      used.total >= maxSockets || lingering.total >= LINGER_SHARE * maxSockets
    ) return this.#answer("sockets");
    if (
      used.of(address) >= maxSocketsPerAddress ||
      lingering.of(address) >= LINGER_SHARE * maxSocketsPerAddress
    ) return this.#answer("address");
    // Counted before anything is awaited: others come in the meantime.
    this.#counts.add(address, 1);
    const result = await this.#upgrade(request, address);
    if (result instanceof Response) return result;
    this.#counts.add(address, -1);
    return this.#answer(result);
  }

  /** Hands on the sockets that have said hello, and ends those that did not. */
  tick(
    dt: number,
    onHello: (socket: HubSocket, identity: Identity, hello: Hello) => void,
  ): void {
    for (const [socket, seconds] of this.#lingering) {
      if (seconds > dt && !socket.isGone) {
        this.#lingering.set(socket, seconds - dt);
        continue;
      }
      this.#lingering.delete(socket);
      this.#lingerCounts.add(socket.remoteAddr, -1);
    }
    for (const [socket, identity] of this.#greeting) {
      socket.ageSeconds += dt;
      const hello = this.#greet(socket);
      if (hello !== undefined) {
        this.#greeting.delete(socket);
        onHello(socket, identity, hello);
      }
    }
  }

  /** A client that has said hello is told that it does not become one. */
  turnAway(
    socket: HubSocket,
    why: Refusal,
    code: number,
    reason: string,
  ): void {
    const frame = new ByteWriter();
    new RecordWriter(frame).refuse({ code, retryAfterMs: 0, reason });
    socket.send(frame.view());
    this.refuse(socket, why, code, reason);
  }

  /** A socket does not become a client. */
  refuse(
    socket: HubSocket,
    why: Refusal,
    code: number,
    reason: string,
  ): void {
    this.#counters.refused[why] += 1;
    this.release(socket, code, reason);
  }

  /** A socket is of no more use. */
  release(socket: HubSocket, code: number, reason: string): void {
    this.#counts.add(socket.remoteAddr, -1);
    const seconds = socket.bufferedBytes > 0
      ? FULL_LINGER_SECONDS
      : LINGER_SECONDS;
    socket.close(code, reason);
    if (socket.isGone) return;
    this.#lingering.set(socket, seconds);
    this.#lingerCounts.add(socket.remoteAddr, 1);
  }

  close(): void {
    this.#isClosed = true;
    for (const socket of this.#greeting.keys()) {
      this.refuse(socket, "closing", CloseCode.GoingAway, "shutting down");
    }
    this.#greeting.clear();
  }

  async #upgrade(
    request: Request,
    address: string,
  ): Promise<Response | keyof typeof ANSWERS> {
    let identity: Identity | undefined;
    try {
      identity = await this.#settings.authenticate(request);
    } catch {
      // What went wrong there is nobody's business here.
      return "authenticate";
    }
    if (identity === undefined) return "unauthorized";
    // One that no message could hold would cost those who are told of it their sessions.
    if (!isIdentity(identity)) return "authenticate";
    if (this.#isClosed) return "closing";
    try {
      const { socket, response } = this.#settings.upgrade(request);
      const hubSocket = new HubSocket(
        socket,
        address,
        this.#settings,
        this.#counters,
      );
      this.#greeting.set(hubSocket, identity);
      return response;
    } catch {
      return "upgrade";
    }
  }

  #greet(socket: HubSocket): Hello | undefined {
    const end = (code: number, reason: string): undefined => {
      this.#greeting.delete(socket);
      this.refuse(socket, "hello", code, reason);
    };
    if (socket.isEnded) return end(CloseCode.Normal, "");
    if (socket.fault !== undefined) {
      return end(socket.fault.code, socket.fault.reason);
    }
    const first = socket.takeFrame();
    if (first === undefined) {
      return socket.ageSeconds * 1_000 > this.#settings.helloTimeoutMs
        ? end(CloseCode.HandshakeTimeout, "no hello")
        : undefined;
    }
    const hello = readHello(first.frame);
    if (first.frame.length > MIN_FRAME_BYTES) {
      return end(CloseCode.TooLarge, "the hello is too long");
    }
    if (hello === undefined || socket.pendingFrames > 0) {
      return end(CloseCode.ProtocolError, "the first frame must be a hello");
    }
    if (hello.minVersion <= MUX_VERSION) return socket.adapt(hello);
    this.#greeting.delete(socket);
    const reason = `the version must be ${MUX_VERSION}`;
    this.turnAway(socket, "hello", CloseCode.VersionMismatch, reason);
    return undefined;
  }

  #answer(why: keyof typeof ANSWERS, headers: HeadersInit = {}): Response {
    this.#counters.refused[why] += 1;
    const [status, text] = ANSWERS[why];
    return new Response(text, { status, headers });
  }
}

/** Whether it is what the types say, which a callback in JavaScript does not know. */
function isIdentity(identity: Identity | null): boolean {
  const { playerId, displayName } = identity ?? {};
  return isPlayerId(playerId) &&
    (displayName === undefined || typeof displayName === "string");
}

/** How many sockets there are, and of them from which address. */
class AddressCounts {
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  of(address: string): number {
    return this.#byAddress.get(address) ?? 0;
  }

  add(address: string, change: number): void {
    this.#total += change;
    const count = this.of(address) + change;
    if (count > 0) this.#byAddress.set(address, count);
    else this.#byAddress.delete(address);
  }
}
