import { assert, assertEquals } from "@std/assert";
import { isPlayerId, SeededRandom } from "../../core/mod.ts";
import { TcpProxy } from "../../tools/tcp_proxy.ts";
import { LeaderboardClient } from "../client/client.ts";
import type { LeaderboardCallId, LeaderboardEvent } from "../client/event.ts";
import { LeaderboardFilter } from "../client/filter.ts";
import { ScoreSubmission } from "../client/score_submission.ts";
import { LeaderboardServer } from "../server/server.ts";
import type { LeaderboardServerOptions } from "../server/server_options.ts";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import {
  assertBytes,
  randomBytes,
  recordedBytes,
} from "./_testing/replay_bytes.ts";
import { MemoryReplayStore } from "./memory_replay_store.ts";
import type { ReplayStore } from "./replay_store.ts";
import { SqliteReplayStore } from "../sqlite/sqlite_replay_store.ts";

/** The client's time runs faster, so that it waits less between attempts. */
const HASTE = 5;

const STORES: readonly [
  string,
  (run: (open: () => ReplayStore) => Promise<void>) => Promise<void>,
][] = [
  ["MemoryReplayStore", async (run) => {
    const store = new MemoryReplayStore();
    await run(() => store);
    await store.close();
  }],
  ["SqliteReplayStore", async (run) => {
    const folder = await Deno.makeTempDir();
    let store: SqliteReplayStore | undefined;
    await run(() => {
      void store?.close();
      return store = new SqliteReplayStore({ path: `${folder}/replays.db` });
    });
    await store?.close();
    await Deno.remove(folder, { recursive: true });
  }],
];

for (const [name, withStore] of STORES) {
  Deno.test(`Replays come through cuts and restarts of the server, both ways (${name})`, () =>
    withStore(async (open) => {
      await using world = await World.listen(open);
      const random = new SeededRandom(5);
      const bytes = randomBytes(3 * 2 ** 20);
      world.proxy.setConditions({ bytesPerSecond: 8_000_000 });
      using client = world.client("ada");
      /** Cuts the line or restarts the server whenever so much has come through. */
      async function transfer(
        id: LeaderboardCallId,
      ): Promise<LeaderboardEvent> {
        const transferred = () => {
          const { bytesToServer, bytesToClient } = world.proxy.stats();
          return bytesToServer + bytesToClient;
        };
        let next = transferred() + 300_000;
        let cuts = 0;
        const ended = await world.ended(client, id, () => {
          if (transferred() < next || cuts >= 6) return;
          next = transferred() + 200_000 + random.nextU32() % 500_000;
          cuts++;
          world.proxy.cut(cuts % 2 === 0 ? "fin" : "rst");
          if (cuts % 3 === 0) world.restart();
        });
        assert(cuts >= 3, `${cuts}`);
        return ended;
      }
      const uploaded = await transfer(client.uploadReplay(bytes));
      assert(uploaded.type === "replayUploaded", JSON.stringify(uploaded));
      const downloaded = await transfer(
        client.downloadReplay(uploaded.sha256),
      );
      assert(
        downloaded.type === "replayDownloaded",
        JSON.stringify(downloaded),
      );
      assertBytes(downloaded.bytes, bytes);
    }));

  Deno.test(`Replays are linked by a submission, verified, listed and fetched (${name})`, () =>
    withStore(async (open) => {
      const verified: Uint8Array[] = [];
      await using world = await World.listen(open, {
        verify: async (_, replay) => {
          verified.push(await replay!.read());
          return "accept" as const;
        },
      });
      const bytes = recordedBytes(1_500_000);
      using ada = world.client("ada");
      using bob = world.client("bob");
      // Both send the same at the same time, and each ends with all of it there.
      const ids = [ada.uploadReplay(bytes), bob.uploadReplay(bytes)];
      const [first, second] = await Promise.all([
        world.ended(ada, ids[0]!),
        world.ended(bob, ids[1]!),
      ]);
      assert(first.type === "replayUploaded", JSON.stringify(first));
      assert(second.type === "replayUploaded", JSON.stringify(second));
      const { sha256 } = first;
      const submitted = await world.ended(
        ada,
        ada.submit(new ScoreSubmission("ada", "Ada", 7).withReplay(sha256)),
      );
      assertEquals(submitted.type, "scoreSubmitted", JSON.stringify(submitted));
      const without = await world.ended(
        bob,
        bob.submit(new ScoreSubmission("bob", "Bob", 9)),
      );
      assertEquals(without.type, "scoreRejected", JSON.stringify(without));
      assertBytes(verified[0], bytes);
      const listed = await world.ended(
        bob,
        bob.fetchReplays(LeaderboardFilter.allTime().pageSize(10)),
      );
      assert(listed.type === "replaysFetched", JSON.stringify(listed));
      assertEquals(
        listed.replays.map(({ sha256, entry }) => [sha256, entry.playerId]),
        [[sha256, "ada"]],
      );
      const url = listed.replays[0]!.entry.replayUrl!;
      const downloaded = await world.ended(bob, bob.downloadReplay(sha256));
      assert(
        downloaded.type === "replayDownloaded",
        JSON.stringify(downloaded),
      );
      assertBytes(downloaded.bytes, bytes);
      // Whatever has HTTP reads it by its address.
      const answer = await fetch(url);
      assertEquals(answer.headers.get("content-encoding"), "gzip");
      assertBytes(new Uint8Array(await answer.arrayBuffer()), bytes);
      const head = await fetch(url, { method: "HEAD" });
      assertEquals([head.status, head.body], [200, null]);
      const known = await fetch(url, {
        headers: { "if-none-match": head.headers.get("etag")! },
      });
      assertEquals([known.status, await known.text()], [304, ""]);
      const { isLinked } = (await world.replays.replay(sha256))!;
      assertEquals(isLinked, true);
    }));
}

Deno.test("Replays of any size come there and back over loopback", async () => {
  const store = new MemoryReplayStore();
  {
    await using world = await World.listen(() => store);
    using client = world.client("ada");
    for (const length of [0, 1, 262_143, 262_144, 262_145]) {
      for (const bytes of [randomBytes(length), recordedBytes(length)]) {
        const uploaded = await world.ended(client, client.uploadReplay(bytes));
        assert(uploaded.type === "replayUploaded", JSON.stringify(uploaded));
        const downloaded = await world.ended(
          client,
          client.downloadReplay(uploaded.sha256),
        );
        assert(
          downloaded.type === "replayDownloaded",
          JSON.stringify(downloaded),
        );
        assertBytes(downloaded.bytes, bytes);
      }
    }
  }
  await store.close();
});

/** A server on loopback behind a proxy. */
class World {
  readonly proxy: TcpProxy;
  readonly #http: Deno.HttpServer;
  readonly #open: () => ReplayStore;
  readonly #options: Partial<LeaderboardServerOptions>;
  readonly #store = new MemoryLeaderboardStore();
  readonly #seen = new Map<LeaderboardClient, LeaderboardEvent[]>();
  #retired: Promise<void>[] = [];
  #server!: LeaderboardServer;
  replays!: ReplayStore;

  private constructor(
    open: () => ReplayStore,
    options: Partial<LeaderboardServerOptions>,
    proxy: TcpProxy,
    http: Deno.HttpServer,
  ) {
    this.#open = open;
    this.#options = options;
    this.proxy = proxy;
    this.#http = http;
    this.restart();
  }

  static async listen(
    open: () => ReplayStore,
    options: Partial<LeaderboardServerOptions> = {},
  ): Promise<World> {
    let world: World | undefined;
    const http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request, info) => world!.#server.handler(request, info),
    );
    const proxy = await TcpProxy.listen({ targetPort: http.addr.port });
    return world = new World(open, options, proxy, http);
  }

  /** Another server takes over, on what is stored. */
  restart(): void {
    if (this.#server !== undefined) this.#retired.push(this.#server.close());
    this.replays = this.#open();
    this.#server = new LeaderboardServer({
      store: this.#store,
      replays: this.replays,
      authenticate: (request) => {
        const id = request.headers.get("authorization")?.slice(7);
        return isPlayerId(id) ? { playerId: id } : undefined;
      },
      boards: { main: { requiresReplay: true } },
      ...this.#options,
    });
  }

  client(player: string): LeaderboardClient {
    return new LeaderboardClient(`http://127.0.0.1:${this.proxy.port}`, {
      playerToken: player,
      http: { circuitBreaker: false },
    });
  }

  /** Ticks a client until a call ends. */
  async ended(
    client: LeaderboardClient,
    id: LeaderboardCallId,
    onTick: () => void = () => {},
  ): Promise<LeaderboardEvent> {
    const deadline = performance.now() + 60_000;
    let last = performance.now();
    const seen = this.#seen.get(client) ?? [];
    this.#seen.set(client, seen);
    while (true) {
      const now = performance.now();
      assert(now < deadline, "deadline");
      client.tick((now - last) / 1_000 * HASTE);
      last = now;
      onTick();
      for (const event of client.drainEvents()) {
        if (event.type !== "replayProgress") seen.push(event);
      }
      const ended = seen.find((event) => event.id === id);
      if (ended !== undefined) return ended;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.#http.shutdown();
    await this.#server.close();
    await Promise.all(this.#retired);
    await this.#store.close();
  }
}
