/**
 * A shooter to play in the browser: a hub, bots, and a page on which what you do counts at once, others move smoothly and
 * shots hit what you aimed at, however slow the line is. Open two tabs.
 *
 *     deno run -A examples/sync_arena_server.ts [--port 8000] [--hostname 127.0.0.1] [--bots 3]
 *
 * The page's modules are the TypeScript of this repository, of which the server erases the types: nothing is built.
 *
 * @module
 */

import {
  isPlayerId,
  PollLoop,
  SeededRandom,
  SystemClock,
} from "../core/mod.ts";
import { MemoryLinkPair } from "../protocol/mod.ts";
import { upgradeWebSocket } from "../websocket/deno.ts";
import { type ClientId, type HandlerInfo, WsHub } from "../websocket/mod.ts";
import { pageFile } from "./page_file.ts";
import { ArenaBot } from "./sync_arena/arena_bot.ts";
import {
  FEED_CHANNEL,
  type FeedMessage,
  OWN_CHANNEL,
  type OwnMessage,
  WORLD_LINK,
} from "./sync_arena/arena_message.ts";
import { ArenaServer, type Hit, type Seat } from "./sync_arena/arena_server.ts";
import { MAX_NAME_BYTES, TICK_RATE } from "./sync_arena/arena_world.ts";

/** The files that a page may have: no dots and no percent signs lead out of them. */
const SERVED =
  /^\/(core|protocol|sync|websocket|examples\/sync_arena)(\/\w+)+\.(ts|css)$/;
const BOT_NAMES = ["Ampere", "Bohr", "Curie", "Dirac", "Euler", "Fermi"];
/** Bots for people: they think before they shoot, and miss. */
const BOT_SKILL = { everyTicks: 50, sway: 0.25 };

/** The server of the game, without a socket of its own. */
export class ArenaHost {
  readonly #hub = new WsHub({
    upgrade: upgradeWebSocket,
    // Everybody is who they say: a game asks its own server here.
    authenticate: (request) => {
      const name = new URL(request.url).searchParams.get("name");
      return isPlayerId(name) ? { playerId: name } : undefined;
    },
    canSubscribe: (_identity, channel) => channel === FEED_CHANNEL,
    canPublish: () => false,
    // Who is gone for longer has lost the place; a tab that is closed says so at once.
    resumeWindowMs: 5_000,
    keepaliveMs: 5_000,
  });
  readonly #arena: ArenaServer;
  readonly #seats = new Map<ClientId, Seat>();
  readonly #bots: readonly ArenaBot[];

  /**
   * Creates a server.
   *
   * @param bots How many bots play: 0 to 6.
   */
  constructor(bots = 3) {
    const clock = new SystemClock();
    const seed = clock.epochMs() & 0xffff;
    this.#arena = new ArenaServer(clock, seed);
    this.#arena.onHit = (hit) => this.#tellHit(hit);
    // A bot is a client like any other, on a link that takes no time.
    this.#bots = BOT_NAMES.slice(0, bots).map((name, i) => {
      const links = new MemoryLinkPair();
      this.#arena.join(links.a, name);
      const random = new SeededRandom(seed + 1 + i);
      return new ArenaBot(links.b, clock, random, BOT_SKILL);
    });
  }

  /** How many play, bots included. */
  get playerCount(): number {
    return this.#arena.seats.length;
  }

  /**
   * Answers requests for the page, its modules and its WebSocket.
   *
   * @param request The request.
   * @param info Where it comes from.
   * @returns The answer.
   */
  async handler(request: Request, info?: HandlerInfo): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/arena") return await this.#hub.handler(request, info);
    if (pathname === "/") {
      return await pageFile("/examples/sync_arena/index.html", "text/html");
    }
    const extension = SERVED.exec(pathname)?.[3];
    if (extension === "css") return await pageFile(pathname, "text/css");
    if (extension === "ts") return await pageFile(pathname, "text/javascript");
    return new Response("Not found\n", { status: 404 });
  }

  /**
   * Plays a tick: takes in what has come, moves the world on, and sends.
   *
   * @param dt The time in seconds.
   */
  tick(dt: number): void {
    this.#hub.tick(dt);
    for (const event of this.#hub.drainEvents()) {
      // Who comes back within the window has the link and the place still.
      if (event.type === "clientConnected" && !event.isResumed) {
        this.#join(event.client, event.identity.playerId);
      }
      if (event.type === "clientLeft") this.#seats.delete(event.client);
    }
    this.#arena.tick(dt);
    for (const { client } of this.#bots) client.frame(dt);
    this.#hub.flush();
  }

  /** Ends it. */
  close(): void {
    this.#hub.close();
  }

  #join(client: ClientId, name: string): void {
    const link = this.#hub.link(client, WORLD_LINK);
    if (link === undefined) return;
    const seat = this.#arena.join(link, fitName(name));
    if (seat === undefined) {
      this.#hub.remove(client, "The arena is full");
      return;
    }
    this.#seats.set(client, seat);
  }

  #tellHit({ tick, shooter, target, isKill }: Hit): void {
    for (const [client, { id }] of this.#seats) {
      if (id === shooter) this.#tell(client, { type: "hit", tick, target });
    }
    const by = this.#arena.seats.find(({ id }) => id === shooter);
    const of = this.#arena.seats.find(({ id }) => id === target);
    if (!isKill || by === undefined || of === undefined) return;
    const message: FeedMessage = {
      by: { id: by.id, name: by.name },
      of: { id: of.id, name: of.name },
    };
    this.#hub.publish(FEED_CHANNEL, JSON.stringify(message));
  }

  #tell(client: ClientId, message: OwnMessage): void {
    this.#hub.sendTo(client, OWN_CHANNEL, JSON.stringify(message));
  }
}

/** Cuts a name to what the world has room for. */
function fitName(name: string): string {
  const bytes = new Uint8Array(MAX_NAME_BYTES);
  const { written } = new TextEncoder().encodeInto(name, bytes);
  return new TextDecoder().decode(bytes.subarray(0, written));
}

function option(name: string, otherwise: string): string {
  const at = Deno.args.indexOf(name);
  return at < 0 ? otherwise : Deno.args[at + 1] ?? "";
}

function integerOption(name: string, otherwise: number, max: number): number {
  const value = Number(option(name, `${otherwise}`));
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  console.error(
    `Cannot serve as ${name} must be an integer from 0 to ${max}`,
  );
  Deno.exit(2);
}

if (import.meta.main) {
  const port = integerOption("--port", 8_000, 65_535);
  const hostname = option("--hostname", "127.0.0.1");
  const host = new ArenaHost(integerOption("--bots", 3, BOT_NAMES.length));
  const server = Deno.serve(
    { port, hostname, onListen() {} },
    (request, info) => host.handler(request, info),
  );
  console.log(`Arena: http://${hostname}:${server.addr.port}/`);
  const loop = new PollLoop();
  loop.add(host);
  await loop.run({ hz: TICK_RATE });
}
