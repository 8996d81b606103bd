import { type AddressInfo, createServer, type Server } from "node:net";
import { RawConnection, type ReceivedRequest } from "./raw_connection.ts";

export type { ReceivedRequest } from "./raw_connection.ts";

/**
 * An HTTP/1.1 server on a loopback port that misbehaves on purpose, written on raw
 * sockets so that every byte, and every missing one, is chosen here.
 *
 * The path chooses the behaviour, the query its parameters. `gate=name` holds any
 * behaviour at its fault (the byte before which it misbehaves, or each byte of `/drip`)
 * until {@linkcode FaultServer.release} is called with that name, so that tests need no time.
 * With `close` in the query the connection ends behind the response.
 *
 * | path | behaviour |
 * |---|---|
 * | `/json` | 200 with a small JSON object |
 * | `/echo` | 200 with JSON: method, target, headers, body (text), bodyBytes, connection, arrivals |
 * | `/status/503?header=Name:value` | that status, with extra header fields (repeatable) |
 * | `/flaky/2?fault=/status/503` | misbehaves twice per request id (or `key`), then answers as `/echo` |
 * | `/reset`, `/close` | resets or ends the connection instead of a response |
 * | `/reset-mid-body`, `/close-mid-body` | does so behind half of the announced body |
 * | `/close-mid-chunked`, `/reset-mid-chunked` | does so within a chunked body |
 * | `/stall`, `/stall-mid-body` | sends nothing, or half of the body, and then nothing |
 * | `/length?value=…` | 11 bytes of body under these (repeatable) Content-Length fields, then the end |
 * | `/drip?bytes=5` | a body of so many bytes, each in a write of its own |
 * | `/drop-reused?how=reset` | answers the first request of a connection as `/echo`; any later one is received whole, and the connection ended (or reset) without a response: a pooled connection that dies |
 * | `/redirect?to=…&status=302` | a redirect |
 * | `/redirect-loop` | a redirect between two paths for ever |
 * | `/endless?bytes=…&undeclared` | a body of so many bytes (default 1 GiB) made as it is read, without Content-Length if asked |
 * | `/bomb?bytes=…` | a gzip body that expands to so many bytes (default 200 MB) |
 * | `/huge-headers?bytes=…` | so many bytes of header fields (default 1 MiB) |
 * | `/malformed/<kind>` | one of {@linkcode MALFORMED_REPLIES}, then the end |
 *
 * Anything else is 404. Bodies are `hello world` where nothing else is said.
 */
export class FaultServer implements AsyncDisposable {
  /** Every request that arrived, oldest first. */
  readonly requests: ReceivedRequest[] = [];
  /** Connections accepted so far. */
  acceptedConnections = 0;
  /** Bytes that the kernel took for sending. */
  bytesSent = 0;
  /** Requests that are being answered, stalls included: what a client gave up is none of them. */
  busy = 0;
  #server: Server;
  #port = 0;
  #open = new Map<RawConnection, Promise<void>>();
  #gates = new Map<string, Gate>();
  #acceptGate = new Gate(Infinity);
  #failures = new Map<string, number>();
  #bombs = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();

  private constructor() {
    this.#server = createServer((socket) => {
      const connection = new RawConnection(
        socket,
        ++this.acceptedConnections,
        (bytes) => this.bytesSent += bytes,
      );
      this.#open.set(connection, this.#serve(connection));
    });
  }

  /**
   * Starts a server on a free port of 127.0.0.1.
   *
   * @returns The server, to be held with `await using`.
   */
  static async start(): Promise<FaultServer> {
    const server = new FaultServer();
    await server.restart();
    return server;
  }

  /** The port, the same over {@linkcode FaultServer.restart}. */
  get port(): number {
    return this.#port;
  }

  /** Origin of the server's URLs, without a slash at the end. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#open.size;
  }

  /**
   * Counts the requests that arrived for a path.
   *
   * @param pathname The path without its query.
   * @returns How many there were.
   */
  hits(pathname: string): number {
    return this.requests.filter((request) => request.url.pathname === pathname)
      .length;
  }

  /**
   * Counts the requests that arrived under an id.
   *
   * @param id Value of the `X-Request-Id` or else `Idempotency-Key` field.
   * @returns How many there were.
   */
  arrivals(id: string): number {
    return this.requests.filter((request) => requestId(request) === id).length;
  }

  /**
   * Lets behaviours pass the gate of this name.
   *
   * @param gate The name.
   * @param times How often something may pass; for ever by default.
   */
  release(gate: string, times = Infinity): void {
    this.#gate(gate).release(times);
  }

  /** Lets new connections wait unserved, as an overloaded host does that accepts late. */
  pauseAccepting(): void {
    this.#acceptGate = new Gate(0);
  }

  /** Serves the connections that have waited since {@linkcode FaultServer.pauseAccepting}. */
  resumeAccepting(): void {
    this.#acceptGate.release(Infinity);
  }

  /** Closes the listener and all connections, as a process that dies does. */
  async die(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) =>
      this.#server.once("close", resolve)
    );
    this.#server.close();
    for (const connection of this.#open.keys()) connection.destroy();
    await Promise.all(this.#open.values());
    await closed;
  }

  /** Listens on the same port again, behind {@linkcode FaultServer.die}. */
  async restart(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops the server and waits until nothing of it runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.die();
    // A bomb that is still being made holds resources of the runtime.
    await Promise.all(this.#bombs.values());
  }

  async #serve(connection: RawConnection): Promise<void> {
    let keepsAlive = await this.#acceptGate.pass(connection.closed);
    while (keepsAlive) {
      const request = await connection.receive();
      if (request === undefined) break;
      this.requests.push(request);
      this.busy++;
      keepsAlive = await this.#answer(connection, request) &&
        !request.url.searchParams.has("close");
      this.busy--;
    }
    await connection.close();
    this.#open.delete(connection);
  }

  /** Answers a request; `false` if the connection is to be closed. */
  async #answer(
    connection: RawConnection,
    request: ReceivedRequest,
  ): Promise<boolean> {
    const { pathname, searchParams } = request.url;
    const [, name, argument = ""] = pathname.split("/");
    const number = (key: string, otherwise: number) =>
      Number(searchParams.get(key) ?? otherwise);
    const reply = (
      status: number,
      fields: readonly string[],
      body: Uint8Array | string,
    ) => connection.write(response(status, fields, body, request.method));

    switch (name) {
      case "json":
        return await this.#hold(connection, request) &&
          await reply(200, ["Content-Type: application/json"], '{"ok":true}');
      case "echo":
        return await this.#hold(connection, request) &&
          await this.#echo(connection, request);
      case "status": {
        const fields = searchParams.getAll("header");
        return await this.#hold(connection, request) &&
          await reply(Number(argument), fields, BODY);
      }
      case "flaky": {
        const key = searchParams.get("key") ?? requestId(request) ?? "";
        const failures = this.#failures.get(key) ?? 0;
        if (failures >= Number(argument)) {
          return await this.#echo(connection, request);
        }
        this.#failures.set(key, failures + 1);
        const fault = searchParams.get("fault") ?? "/status/503";
        const url = new URL(fault, request.url);
        return await this.#answer(connection, { ...request, url });
      }
      case "reset":
      case "close":
        await this.#hold(connection, request);
        if (name === "reset") await connection.reset();
        return false;
      case "reset-mid-body":
      case "close-mid-body":
        await connection.write(HALF_BODY);
        await this.#hold(connection, request);
        if (name === "reset-mid-body") await connection.reset();
        return false;
      case "reset-mid-chunked":
      case "close-mid-chunked":
        await connection.write(HALF_CHUNKED_BODY);
        await this.#hold(connection, request);
        if (name === "reset-mid-chunked") await connection.reset();
        return false;
      case "stall":
        return await this.#stall(connection, request) &&
          await reply(200, [], BODY);
      case "stall-mid-body":
        await connection.write(HALF_BODY);
        return await this.#stall(connection, request) &&
          await connection.write("world");
      case "length": {
        const fields = searchParams.getAll("value")
          .map((value) => `Content-Length: ${value}\r\n`);
        await connection.write(
          `HTTP/1.1 200 OK\r\n${fields.join("")}\r\n${BODY}`,
        );
        await this.#hold(connection, request);
        return false;
      }
      case "drip": {
        const bytes = number("bytes", 5);
        await connection.write(
          `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`,
        );
        for (let sent = 0; sent < bytes; sent++) {
          if (!await this.#hold(connection, request)) return false;
          if (!await connection.write("x")) return false;
        }
        return true;
      }
      case "drop-reused":
        if (request.earlier === 0) return await this.#echo(connection, request);
        if (searchParams.get("how") === "reset") await connection.reset();
        return false;
      case "redirect":
        return await reply(number("status", 302), [
          `Location: ${searchParams.get("to") ?? "/echo"}`,
        ], "");
      case "redirect-loop":
        return await reply(302, [
          `Location: /redirect-loop/${argument === "a" ? "b" : "a"}`,
        ], "");
      case "endless": {
        let rest = number("bytes", 2 ** 30);
        const length = searchParams.has("undeclared")
          ? ""
          : `Content-Length: ${rest}\r\n`;
        await connection.write(`HTTP/1.1 200 OK\r\n${length}\r\n`);
        const block = new Uint8Array(65536).fill(120);
        while (rest > 0) {
          const count = Math.min(rest, block.length);
          if (!await connection.write(block.subarray(0, count))) return false;
          rest -= count;
        }
        return !searchParams.has("undeclared");
      }
      case "bomb": {
        const body = await this.#bomb(number("bytes", 200_000_000));
        return await reply(200, ["Content-Encoding: gzip"], body);
      }
      case "huge-headers": {
        const fields = [];
        for (let rest = number("bytes", 2 ** 20); rest > 0; rest -= 1024) {
          fields.push(`X-Filler-${rest}: ${"x".repeat(1000)}`);
        }
        return await reply(200, fields, BODY);
      }
      case "malformed":
        await connection.write(MALFORMED_REPLIES[argument] ?? "");
        return false;
      default:
        return await reply(404, [], "");
    }
  }

  #echo(
    connection: RawConnection,
    request: ReceivedRequest,
  ): Promise<boolean> {
    const id = requestId(request);
    const echo = JSON.stringify({
      method: request.method,
      target: request.target,
      headers: Object.fromEntries(request.headers),
      body: new TextDecoder().decode(request.body),
      bodyBytes: request.body.length,
      connection: request.connection,
      arrivals: id === undefined ? 0 : this.arrivals(id),
    });
    const fields = ["Content-Type: application/json"];
    return connection.write(response(200, fields, echo, request.method));
  }

  /** Waits for the gate that the request names, if it names one; `false` if the client went away. */
  async #hold(
    connection: RawConnection,
    request: ReceivedRequest,
  ): Promise<boolean> {
    if (!request.url.searchParams.has("gate")) return true;
    return await this.#stall(connection, request);
  }

  async #stall(
    connection: RawConnection,
    request: ReceivedRequest,
  ): Promise<boolean> {
    const gate = this.#gate(request.url.searchParams.get("gate") ?? "never");
    return await gate.pass(connection.closed);
  }

  #gate(name: string): Gate {
    let gate = this.#gates.get(name);
    if (gate === undefined) this.#gates.set(name, gate = new Gate(0));
    return gate;
  }

  #bomb(bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    let bomb = this.#bombs.get(bytes);
    if (bomb === undefined) this.#bombs.set(bytes, bomb = gzipZeros(bytes));
    return bomb;
  }
}

/** Whole replies that are not HTTP, or not quite, by the name that `/malformed/<name>` asks for. */
export const MALFORMED_REPLIES: Readonly<Record<string, string>> = {
  "empty-line": "\r\n",
  "garbage": "\x00\xff\x16\x03 this is no HTTP\r\n\r\n",
  "status-text": "HTTP/1.1 two hundred\r\n\r\n",
  "status-range": "HTTP/1.1 99999 Too Much\r\nContent-Length: 0\r\n\r\n",
  "version": "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
  "header-name": "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
  "header-colon": "HTTP/1.1 200 OK\r\nnocolon\r\nContent-Length: 0\r\n\r\n",
  "header-cut": "HTTP/1.1 200 OK\r\nContent-Le",
  "header-control": "HTTP/1.1 200 OK\r\nX: a\x01\r\nContent-Length: 0\r\n\r\n",
  "switching":
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
  "chunk-extension": `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;${
    "x".repeat(100_000)
  }\r\nhello\r\n0\r\n\r\n`,
  "chunk-huge":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nhello",
  "chunk-size":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
  "chunk-end":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
  "gzip-cut":
    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
  "gzip":
    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 11\r\n\r\nhello world",
};

const BODY = "hello world";
const HALF_BODY = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello ";
const HALF_CHUNKED_BODY =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nwo";

/** Lets as many pass as it was given passes for; the rest wait. */
class Gate {
  #passes: number;
  #waiting: (() => void)[] = [];

  constructor(passes: number) {
    this.#passes = passes;
  }

  release(times: number): void {
    this.#passes += times;
    while (this.#passes > 0 && this.#waiting.length > 0) {
      this.#passes--;
      this.#waiting.shift()!();
    }
  }

  /** Waits for a pass; `false`, and none is used up, if `left` comes first. */
  async pass(left: Promise<void>): Promise<boolean> {
    if (this.#passes > 0) {
      this.#passes--;
      return true;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    const passed = await Promise.race([
      turn.promise.then(() => true),
      left.then(() => false),
    ]);
    if (!passed) {
      this.#waiting = this.#waiting.filter((resolve) =>
        resolve !== turn.resolve
      );
    }
    return passed;
  }
}

function requestId(request: ReceivedRequest): string | undefined {
  return request.headers.get("x-request-id") ??
    request.headers.get("idempotency-key") ?? undefined;
}

function response(
  status: number,
  fields: readonly string[],
  body: Uint8Array | string,
  method: string,
): Uint8Array {
  const bytes = typeof body === "string"
    ? new TextEncoder().encode(body)
    : body;
  const bodiless = status === 204 || status === 304;
  const head = [
    `HTTP/1.1 ${status} Status`,
    ...fields,
    ...(bodiless ? [] : [`Content-Length: ${bytes.length}`]),
  ];
  const text = new TextEncoder().encode(head.join("\r\n") + "\r\n\r\n");
  if (bodiless || method === "HEAD") return text;
  const whole = new Uint8Array(text.length + bytes.length);
  whole.set(text);
  whole.set(bytes, text.length);
  return whole;
}

async function gzipZeros(bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const block = new Uint8Array(1 << 20);
  let rest = bytes;
  const zeros = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller): void {
      const count = Math.min(rest, block.length);
      if (count > 0) controller.enqueue(block.slice(0, count));
      rest -= count;
      if (rest === 0) controller.close();
    },
  });
  const gzip = new CompressionStream("gzip");
  return new Uint8Array(
    await new Response(zeros.pipeThrough(gzip)).arrayBuffer(),
  );
}
