// A lobby server in a process of its own is killed (SIGKILL) while its players do things, and started again on the same
// file: what anybody was told is so, and everybody sits where they sat. TICKWIRE_SOAK=1 kills 40 times, an ordinary run
// twice.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import { LobbyClient } from "./client/lobby_client.ts";
import type { LobbyId } from "./lobby_id.ts";

const KILLS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 40 : 2;
const LOBBIES = 3;
const SEATS = 4;
const SEED = 12;
const PROGRAM = new URL("_testing/lobby_server_process.ts", import.meta.url);
const DEADLINE_MS = 120_000;

interface Seat {
  readonly name: string;
  readonly client: LobbyClient;
  lobby: LobbyId | undefined;
  /** How often the server has told where it sits. */
  syncs: number;
  /** What was told to be done: the last value of the player's own metadata. */
  done: number;
  /** What was asked for, by request. */
  readonly asked: Map<number, number>;
}

let lastMs = performance.now();

/** Lets time go by until something is so. */
async function until(
  seats: readonly Seat[],
  isSo: () => boolean,
  what: string,
): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    assert(performance.now() < endMs, `seed ${SEED}: ${what} does not come`);
    const nowMs = performance.now();
    const dt = (nowMs - lastMs) / 1_000;
    lastMs = nowMs;
    for (const seat of seats) {
      seat.client.tick(dt);
      for (const event of seat.client.drainEvents()) {
        if (event.type === "synced") seat.syncs++;
        if (event.type === "done" && event.do === "setPlayerMetadata") {
          seat.done = Math.max(seat.done, seat.asked.get(event.request)!);
        }
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function numberOf({ client, name }: Seat): number {
  const player = client.lobby?.players.find(({ id }) => id === name);
  return Number(player?.metadata.n ?? 0);
}

Deno.test({
  name:
    "LobbyServer seats everybody again after it was killed, and has all that it has told",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/lobbies.db`;
    const random = new SeededRandom(SEED);
    let server = await ServerProcess.start(PROGRAM, {
      args: [path],
      flags: ["--no-check"],
    });
    const { port } = server;
    const seats: Seat[] = Array.from({ length: LOBBIES * SEATS }, (_, i) => {
      const name = `player-${i}`;
      const client = new LobbyClient({
        url: `ws://127.0.0.1:${port}/${name}`,
        firstRetryMaxMs: 100,
        maxBackoffMs: 500,
        requestTimeoutMs: DEADLINE_MS,
      });
      client.connect();
      return {
        name,
        client,
        lobby: undefined,
        syncs: 0,
        done: 0,
        asked: new Map(),
      };
    });
    const waiting: Seat = {
      ...seats[0]!,
      name: "waiting",
      client: new LobbyClient({
        url: `ws://127.0.0.1:${port}/waiting`,
        firstRetryMaxMs: 100,
        maxBackoffMs: 500,
      }),
      asked: new Map(),
    };
    waiting.client.connect();
    waiting.client.enqueue("duels");
    const all = [...seats, waiting];
    try {
      for (let i = 0; i < LOBBIES; i++) {
        const [host, ...guests] = seats.slice(i * SEATS, (i + 1) * SEATS);
        host!.client.create({
          config: { name: `lobby ${i}`, maxPlayers: SEATS },
          ...(i === 0 && { password: "sesame" }),
        });
        await until(all, () => host!.client.lobby !== undefined, "a lobby");
        for (const { client } of guests) {
          client.join(host!.client.lobby!.id, { password: "sesame" });
        }
      }
      await until(
        all,
        () =>
          seats.every(({ client }) => client.lobby?.players.length === SEATS) &&
          waiting.client.ticket !== undefined,
        "everybody",
      );
      for (const seat of seats) seat.lobby = seat.client.lobby!.id;
      let n = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        // Things are done, and some of them are under way when it dies.
        const last = n + 100;
        await until(all, () => {
          for (let i = 0; i < 3; i++) {
            const seat = seats[random.nextU32() % seats.length]!;
            const request = seat.client.setPlayerMetadata({ n: ++n });
            if (request !== undefined) seat.asked.set(request, n);
          }
          return n >= last;
        }, "time");
        const syncs = all.map((seat) => seat.syncs);
        const told = seats.map((seat) => Math.max(seat.done, numberOf(seat)));
        await server[Symbol.asyncDispose]();
        server = await ServerProcess.start(PROGRAM, {
          args: [path, String(port)],
          flags: ["--no-check"],
        });
        await until(
          all,
          () => all.every((seat, i) => seat.syncs > syncs[i]!),
          "everybody's return",
        );
        for (const [i, seat] of seats.entries()) {
          const where = `seed ${SEED}, kill ${kill}, ${seat.name}`;
          assertEquals(seat.client.lobby?.id, seat.lobby, where);
          assertEquals(seat.client.lobby?.players.length, SEATS, where);
          assert(numberOf(seat) >= told[i]!, where);
          assertEquals(seat.client.unreadableMessages, 0, where);
        }
        await until(
          all,
          () =>
            seats.every(({ client }) =>
              client.lobby!.players.every(({ isConnected }) => isConnected)
            ),
          "everybody's connection",
        );
        // Those of a lobby agree.
        await until(all, () =>
          seats.every(({ client }, i) => {
            const host = seats[i - i % SEATS]!;
            return client.lobby!.version === host.client.lobby!.version;
          }), "agreement");
        for (const [i, { client }] of seats.entries()) {
          assertEquals(client.lobby, seats[i - i % SEATS]!.client.lobby);
        }
        assert(waiting.client.ticket !== undefined);
      }
    } finally {
      for (const { client } of all) client.close();
      await server[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
