// Two lobby servers in processes of their own share a real Redis. The one where the lobbies are is killed (SIGKILL) while its
// players do things: all of them sit at the other one then, and what anybody was told is so. TICKWIRE_SOAK=1 kills 20 times,
// an ordinary run once.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import { RedisServer, whyNoRedis } from "../tools/redis_server.ts";
import { LobbyClient } from "./client/lobby_client.ts";
import type { LobbyId } from "./lobby_id.ts";

const missing = await whyNoRedis();
const KILLS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 20 : 1;
const LOBBIES = 3;
const SEATS = 4;
const SEED = 31;
/** Long, as a busy machine must not lose it; the tests wait for it. */
const LEASE_MS = 4_000;
const PROGRAM = new URL("_testing/cluster_server_process.ts", import.meta.url);
const DEADLINE_MS = 120_000;

interface Seat {
  readonly name: string;
  readonly client: LobbyClient;
  lobby: LobbyId | undefined;
  /** What was told to be done: the last value of the player's own metadata. */
  done: number;
  /** What was asked for, by request. */
  readonly asked: Map<number, number>;
}

Deno.test({
  name:
    `LobbyServers seat everybody again when one of them is killed, and have all that it has told${missing}`,
  ignore: missing !== "" || Deno.build.os === "windows",
  async fn() {
    await using redis = await RedisServer.start();
    const random = new SeededRandom(SEED);
    const start = () =>
      ServerProcess.start(PROGRAM, {
        args: [redis.socket, String(LEASE_MS)],
        flags: ["--no-check"],
      });
    const servers = await Promise.all([start(), start()]);
    let tries = 0;
    const seats: Seat[] = Array.from({ length: LOBBIES * SEATS }, (_, i) => {
      const name = `player-${i}`;
      const client = new LobbyClient({
        // As a balancer in front of them would.
        url: () =>
          `ws://127.0.0.1:${servers[tries++ % servers.length]!.port}/${name}`,
        firstRetryMaxMs: 100,
        maxBackoffMs: 500,
        requestTimeoutMs: DEADLINE_MS,
      });
      client.connect();
      return { name, client, lobby: undefined, done: 0, asked: new Map() };
    });
    let lastMs = performance.now();
    const until = async (isSo: () => boolean, what: string): Promise<void> => {
      const endMs = performance.now() + DEADLINE_MS;
      while (!isSo()) {
        assert(performance.now() < endMs, `seed ${SEED}: no ${what}`);
        const nowMs = performance.now();
        for (const seat of seats) {
          seat.client.tick((nowMs - lastMs) / 1_000);
          for (const event of seat.client.drainEvents()) {
            if (event.type === "done" && event.do === "setPlayerMetadata") {
              seat.done = Math.max(seat.done, seat.asked.get(event.request)!);
            }
            assert(event.type !== "left", `seed ${SEED}: ${seat.name} left`);
          }
        }
        lastMs = nowMs;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    try {
      for (let i = 0; i < LOBBIES; i++) {
        const [host, ...guests] = seats.slice(i * SEATS, (i + 1) * SEATS);
        host!.client.create({ config: { maxPlayers: SEATS } });
        await until(() => host!.client.lobby !== undefined, "lobby");
        // Half of them are at the other server, and are sent here.
        for (const { client } of guests) client.join(host!.client.lobby!.id);
      }
      await until(
        () =>
          seats.every(({ client }) => client.lobby?.players.length === SEATS),
        "everybody",
      );
      for (const seat of seats) seat.lobby = seat.client.lobby!.id;
      let n = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const last = n + 100;
        await until(() => {
          for (let i = 0; i < 3; i++) {
            const seat = seats[random.nextU32() % seats.length]!;
            const request = seat.client.setPlayerMetadata({ n: ++n });
            if (request !== undefined) seat.asked.set(request, n);
          }
          return n >= last;
        }, "time");
        const told = seats.map((seat) => Math.max(seat.done, numberOf(seat)));
        const victim = kill % 2;
        await servers[victim]![Symbol.asyncDispose]();
        // What each has is looked at once it has come back.
        await until(
          () => seats.some(({ client }) => !client.isSynced),
          "loss",
        );
        await until(
          () =>
            seats.every(({ client }) =>
              client.isSynced &&
              client.lobby?.players.every(({ isConnected }) => isConnected)
            ),
          "everybody's return",
        );
        for (const [i, seat] of seats.entries()) {
          const where = `seed ${SEED}, kill ${kill}, ${seat.name}`;
          assertEquals(seat.client.lobby?.id, seat.lobby, where);
          assertEquals(seat.client.lobby?.players.length, SEATS, where);
          assert(numberOf(seat) >= told[i]!, where);
          assertEquals(seat.client.unreadableMessages, 0, where);
        }
        await until(() =>
          seats.every(({ client }, i) => {
            const host = seats[i - i % SEATS]!;
            return client.lobby!.version === host.client.lobby!.version;
          }), "agreement");
        for (const [i, { client }] of seats.entries()) {
          assertEquals(client.lobby, seats[i - i % SEATS]!.client.lobby);
        }
        if (kill + 1 < KILLS) servers[victim] = await start();
      }
    } finally {
      for (const { client } of seats) client.close();
      for (const server of servers) await server[Symbol.asyncDispose]();
    }
  },
});

function numberOf({ client, name }: Seat): number {
  const player = client.lobby?.players.find(({ id }) => id === name);
  return Number(player?.metadata.n ?? 0);
}
