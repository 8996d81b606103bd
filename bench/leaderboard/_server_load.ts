// A load on an HTTP server over connections that are kept: raw bytes, no client in between, as a client would be the
// slower half. One request at a time over each connection.

export const GAME_KEY = "bench-game-key";

const UTF8 = new TextEncoder();
const ASCII = new TextDecoder();
const MAX_RESPONSE_BYTES = 65_536;

/** Names of one length, so that requests are too. */
export function playerName(index: number): string {
  return `player-${`${index}`.padStart(6, "0")}`;
}

/** A request as it is sent. */
export function requestBytes(
  method: string,
  path: string,
  playerId: string,
  headers = "",
  body = "",
): Uint8Array<ArrayBuffer> {
  return UTF8.encode(
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: ${GAME_KEY}\r\nAuthorization: Bearer ${playerId}\r\n` +
      `${headers}${
        body === "" ? "" : `Content-Length: ${UTF8.encode(body).length}\r\n`
      }\r\n${body}`,
  );
}

/** What a load has measured. */
export interface Load {
  readonly perSecond: number;
  /** Of each request, in milliseconds. */
  readonly latenciesMs: readonly number[];
}

/**
 * Sends requests over so many connections at a time, each the next when the last one is answered.
 *
 * @throws {Error} If an answer is not of the status that is wanted.
 */
export async function runLoad(
  port: number,
  connections: number,
  count: number,
  request: (i: number) => Uint8Array<ArrayBuffer>,
): Promise<Load> {
  const latenciesMs: number[] = [];
  const open = await Promise.all(
    Array.from(
      { length: connections },
      () => Deno.connect({ hostname: "127.0.0.1", port }),
    ),
  );
  let next = 0;
  const startMs = performance.now();
  await Promise.all(open.map(async (connection) => {
    connection.setNoDelay(true);
    const buffer = new Uint8Array(MAX_RESPONSE_BYTES);
    while (next < count) {
      const sentMs = performance.now();
      await writeAll(connection, request(next++));
      await readResponse(connection, buffer);
      latenciesMs.push(performance.now() - sentMs);
    }
  }));
  const seconds = (performance.now() - startMs) / 1_000;
  for (const connection of open) connection.close();
  return { perSecond: count / seconds, latenciesMs };
}

async function writeAll(
  connection: Deno.Conn,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await connection.write(bytes.subarray(at));
  }
}

async function readResponse(
  connection: Deno.Conn,
  buffer: Uint8Array<ArrayBuffer>,
): Promise<void> {
  let length = 0;
  let wanted = Infinity;
  while (length < wanted) {
    const read = await connection.read(buffer.subarray(length));
    if (read === null || length + read >= buffer.length) {
      throw new Error(
        `The answer ended, or was too long, after ${length} bytes`,
      );
    }
    length += read;
    if (wanted !== Infinity) continue;
    const text = ASCII.decode(buffer.subarray(0, length));
    const headEnd = text.indexOf("\r\n\r\n");
    if (headEnd < 0) continue;
    if (!text.startsWith("HTTP/1.1 200 ")) throw new Error(text);
    const bodyLength = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1];
    if (bodyLength === undefined) throw new Error(text);
    wanted = headEnd + 4 + Number(bodyLength);
  }
}
