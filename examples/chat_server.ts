/**
 * A chat: a hub, and a page that talks to it with the client of this package. What is said while a connection is cut
 * arrives when it is back.
 *
 *     deno run -A examples/chat_server.ts [--port 8000] [--hostname 127.0.0.1]
 *
 * The page's modules are the TypeScript of this repository, of which the server erases the types: nothing is built.
 *
 * @module
 */

import { isPlayerId, PollLoop } from "../core/mod.ts";
import { upgradeWebSocket } from "../websocket/deno.ts";
import { type HandlerInfo, WsHub } from "../websocket/mod.ts";
import { pageFile } from "./page_file.ts";
import { CHANNELS, HISTORY_LINES, type Line, parseSaid } from "./chat/line.ts";

const HZ = 60;
/** The files that a page may have: no dots and no percent signs lead out of them. */
const SERVED = /^\/(core|protocol|websocket|examples\/chat)(\/\w+)+\.(ts|css)$/;

/** The server's half of the chat, without a socket of its own. */
export class Chat {
  readonly #hub = new WsHub({
    upgrade: upgradeWebSocket,
    // Everybody is who they say: a game asks its own server here.
    authenticate: (request) => {
      const name = new URL(request.url).searchParams.get("name");
      return isPlayerId(name) ? { playerId: name } : undefined;
    },
    canSubscribe: (_identity, channel) => CHANNELS.includes(channel),
    canPublish: (_identity, channel) => CHANNELS.includes(channel),
    channel: () => ({ historyMessages: HISTORY_LINES }),
    maxMessageBytes: 4_096,
    rate: { perSecond: 5, burst: 50 },
    // A tab may be hidden for a while, and then goes on.
    resumeWindowMs: 600_000,
  });

  /**
   * Answers requests for the page, its modules and its WebSocket.
   *
   * @param request The request.
   * @param info Where it comes from.
   * @returns The answer.
   */
  async handler(request: Request, info?: HandlerInfo): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/chat") return await this.#hub.handler(request, info);
    if (pathname === "/") {
      return await pageFile("/examples/chat/index.html", "text/html");
    }
    const extension = SERVED.exec(pathname)?.[3];
    if (extension === "css") return await pageFile(pathname, "text/css");
    if (extension === "ts") return await pageFile(pathname, "text/javascript");
    return new Response("Not found\n", { status: 404 });
  }

  /**
   * Moves everything on.
   *
   * @param dt The time in seconds.
   */
  tick(dt: number): void {
    this.#hub.tick(dt);
    for (const event of this.#hub.drainEvents()) {
      if (event.type !== "message" || !event.isText) continue;
      const said = parseSaid(new TextDecoder().decode(event.bytes));
      if (said === undefined) continue;
      const from = event.identity.playerId;
      const line: Line = { ...said, from, at: Date.now() };
      this.#hub.publish(event.channel, JSON.stringify(line));
    }
  }

  /** Ends it. */
  close(): void {
    this.#hub.close();
  }
}

function option(name: string, otherwise: string): string {
  const at = Deno.args.indexOf(name);
  return at < 0 ? otherwise : Deno.args[at + 1] ?? "";
}

if (import.meta.main) {
  const port = Number(option("--port", "8000"));
  const hostname = option("--hostname", "127.0.0.1");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error("Cannot serve as --port must be an integer from 0 to 65535");
    Deno.exit(2);
  }
  const chat = new Chat();
  const server = Deno.serve(
    { port, hostname, onListen() {} },
    (request, info) => chat.handler(request, info),
  );
  console.log(`Chat: http://${hostname}:${server.addr.port}/`);
  const loop = new PollLoop();
  loop.add(chat);
  await loop.run({ hz: HZ });
}
