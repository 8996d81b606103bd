// Both ends over real sockets, the server in a process of its own: lines that lose, double, hold back and damage what is sent,
// lines that are cut, and servers that are killed.
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { MessageLink } from "../protocol/mod.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import { TcpProxy } from "../tools/tcp_proxy.ts";
import { UdpRelay } from "../tools/udp_relay.ts";
import { NonBlockingSocket } from "../transport/deno.ts";
import {
  ConnectionManager,
  InsecureLink,
  type NetworkConditions,
} from "../transport/mod.ts";
import { WsClient } from "../websocket/mod.ts";
import { metricOf } from "./_testing/ends_world.ts";
import {
  WORLD_CONNECTION,
  WORLD_LINK,
  WORLD_PROTOCOL,
  WorldMatch,
} from "./_testing/world_match.ts";
import { SyncClient } from "./client/sync_client.ts";
import { MATCH } from "./recording/_testing/match_game.ts";
import { SYNC_FAULTS } from "./wire/packet_kind.ts";
import { viewChecksum } from "./wire/view_checksum.ts";
import { EntityStore } from "./world/entity_store.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SNAPSHOTS = IS_SOAK ? 300 : 60;
const KILLS = IS_SOAK ? 10 : 1;
const DEADLINE_MS = 60_000 + SNAPSHOTS * 100;
const FRAME_MS = 8;
const NEAR_TICKS = 1_200;
const BAD: NetworkConditions = {
  latencyMs: 10,
  jitterMs: 20,
  jitterReorders: true,
  loss: 0.2,
  duplication: 0.1,
};
/** Neither UDP's checksum nor a secret protects what is sent. */
const DAMAGING: NetworkConditions = {
  ...BAD,
  corruption: 0.15,
  truncation: 0.05,
};
const SERVER = new URL("_testing/world_server.ts", import.meta.url);

function startServer(
  udpPort: number,
  webPort: number,
  name: string,
): Promise<ServerProcess> {
  return ServerProcess.start(SERVER, {
    args: [`${udpPort}`, `${webPort}`, name],
    flags: ["--no-check"],
  });
}

/** A client, what it was told, and what it is to have. */
class Watcher {
  readonly client: SyncClient<typeof MATCH.schemas>;
  readonly events: string[] = [];
  reason: string | undefined;
  readonly #name: string;
  readonly #truth = new EntityStore(MATCH);
  readonly #match: WorldMatch;
  /** What the checksum of each tick is. */
  readonly #ticks: number[] = [];
  #tick = 0;
  /** Whether what comes may be damaged. */
  isDamaged = false;
  #decoded = 0;

  constructor(link: MessageLink, name: string) {
    this.#name = name;
    this.#match = new WorldMatch(this.#truth, name);
    this.client = new SyncClient(MATCH, link, {
      onSnapshot: ({ tick, tables, isPartial }) => {
        this.#decoded++;
        const found = this.#find(viewChecksum(tables));
        // Each is what the server had, to the bit; and at that tick, if that was not damaged.
        assert(found >= 0, `${this}`);
        if (!this.isDamaged) assertEquals([found, isPartial], [tick, false]);
      },
    });
  }

  /** Snapshots that have come. */
  get decoded(): number {
    return this.#decoded;
  }

  tick(): void {
    this.client.tick(FRAME_MS / 1_000);
    for (const event of this.client.drainEvents()) {
      this.events.push(event.type);
      if (event.type === "ended") this.reason = event.reason;
    }
  }

  get hasEnded(): boolean {
    return this.reason !== undefined;
  }

  /** Snapshots that were refused. */
  get faults(): number {
    return [...SYNC_FAULTS, "desync"].map((fault) =>
      metricOf(this.client, "client_snapshots_dropped", fault)
    ).reduce((sum, count) => sum + count);
  }

  /** That what was there when it ended is there still. */
  assertStays(): void {
    const { client } = this;
    const names = [...client.ids("player")].map((id) =>
      client.get(id, "player")!.name
    );
    assert(names.includes(this.#name), `${names}`);
  }

  /** Which tick has a checksum: not long before or after the one that was found last. */
  #find(checksum: number): number {
    const end = this.#tick + NEAR_TICKS;
    for (let at = Math.max(0, this.#tick - NEAR_TICKS); at < end; at++) {
      if (at === this.#ticks.length) {
        this.#match.step(at);
        this.#ticks.push(viewChecksum(this.#truth.tables));
      }
      if (this.#ticks[at] === checksum) return this.#tick = at;
    }
    return -1;
  }

  /** What a deadline that has passed is to tell. */
  toString(): string {
    return JSON.stringify([
      this.#name,
      this.#decoded,
      this.reason,
      this.events.slice(-5),
      [...this.client.metrics()].filter(({ value }) => value > 0).map((
        { name, labels, value },
      ) => [name.slice(23), ...Object.values(labels ?? {}), value]),
    ]);
  }
}

/** Lets frames pass until something is so. */
async function until(
  frame: () => void,
  isSo: () => boolean,
  ...what: unknown[]
): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
    frame();
    assert(performance.now() < endMs, `It takes too long: ${what.join()}`);
  }
}

Deno.test("SyncClient gets the world over bad lines, ends with a server that is killed, and gets the next one's", async () => {
  let server = await startServer(0, 0, "life 0");
  const { port: udpPort } = server;
  const webPort = Number(await server.nextLine());
  const socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
  await using proxy = await TcpProxy.listen({ targetPort: webPort });
  const webSocket = new WsClient({
    url: `ws://127.0.0.1:${proxy.port}`,
    mux: true,
    firstRetryMaxMs: 50,
    maxBackoffMs: 200,
  });
  let connections = 0;
  try {
    await using relay = await UdpRelay.start({ targetPort: udpPort });
    const manager = new ConnectionManager({
      link: new InsecureLink({ protocol: WORLD_PROTOCOL }),
      connection: WORLD_CONNECTION,
    });
    manager.bind(socket);
    webSocket.connect();
    for (let life = 0; life <= KILLS; life++) {
      const name = `life ${life}`;
      await relay.setConditions({ toServer: BAD, toClient: BAD });
      const peer = manager.connect(socket.address("127.0.0.1", relay.port));
      const overUdp = new Watcher(manager.link(peer)!, name);
      const overWeb = new Watcher(webSocket.link(WORLD_LINK), name);
      const both = [overUdp, overWeb];
      const frame = (): void => {
        manager.poll();
        for (const _ of manager.drainEvents());
        webSocket.tick(FRAME_MS / 1_000);
        for (const { type } of webSocket.drainEvents()) {
          if (type === "connected") connections++;
        }
        for (const it of both) it.tick();
      };
      /** Until so many more snapshots have come to some. */
      const watch = (those: Watcher[], count: number): Promise<void> => {
        const wanted = those.map(({ decoded }) => decoded + count);
        return until(
          frame,
          () => those.every((it, i) => it.hasEnded || it.decoded >= wanted[i]!),
          ...both,
        );
      };
      for (const cut of ["rst", "fin"] as const) {
        await watch(both, SNAPSHOTS / 3);
        const before = connections;
        proxy.cut(cut);
        await until(frame, () => connections > before, ...both);
      }
      await watch(both, SNAPSHOTS / 3);
      for (const it of both) {
        assertEquals([it.events[0], it.reason], ["connected", undefined]);
        assertEquals(it.faults, 0, `${it}`);
      }
      if (life === KILLS) break;
      // A link without a secret promises nothing then; but nothing wrong is taken for right.
      overUdp.isDamaged = true;
      await relay.setConditions({ toServer: DAMAGING, toClient: DAMAGING });
      await watch([overUdp], SNAPSHOTS);
      await server.kill();
      await server[Symbol.asyncDispose]();
      server = await startServer(udpPort, webPort, `life ${life + 1}`);
      await until(frame, () => both.every((it) => it.hasEnded), ...both);
      for (const it of both) {
        assertEquals(it.events.at(-1), "ended");
        assertGreater(it.reason!.length, 0);
        it.assertStays();
      }
    }
    const { toServer, toClient } = await relay.report();
    let damaged = 0;
    for (const counters of [toServer, toClient]) {
      const { lost, duplicated, corrupted, truncated } = counters;
      assert(lost > 0 && duplicated > 0, JSON.stringify(counters));
      damaged += corrupted + truncated;
    }
    assertGreater(damaged, 0);
  } finally {
    webSocket.close();
    await until(
      () => webSocket.tick(FRAME_MS / 1_000),
      () => webSocket.state === "closed",
      "the socket does not close",
    );
    await server[Symbol.asyncDispose]();
    socket.close();
  }
});
