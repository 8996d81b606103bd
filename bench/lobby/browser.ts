import { ManualClock, playerId, SeededRandom } from "../../core/mod.ts";
import {
  type LobbyId,
  lobbyListing,
  LobbyServer,
  MemoryLobbyStore,
} from "../../lobby/mod.ts";
import { atLeast, atMost, quantile, type Section } from "../_report.ts";
import { FrameBatch, type PackedFrames, unpackFrames } from "./_frame_batch.ts";
import { MemorySocket } from "./_memory_socket.ts";
import type { ReaderStep } from "./_reader_clients.ts";

const TICK_SECONDS = 0.05;
const MODES = [
  "deathmatch",
  "teamDeathmatch",
  "captureTheFlag",
  "kingOfTheHill",
  "battleRoyale",
  "cooperative",
  "race",
  "custom",
];
/** Of the lobbies, so many change in a second. */
const CHURN = 0.01;

interface Size {
  readonly lobbies: number;
  readonly readers: number;
  readonly seconds: number;
}

/** What it costs to show many players many lobbies, of which some change. */
export async function measureBrowser(isSmoke: boolean): Promise<Section[]> {
  const size = isSmoke
    ? { lobbies: 500, readers: 20, seconds: 2 }
    : { lobbies: 10_000, readers: 1_000, seconds: 20 };
  return [
    await measure(
      size,
      "filtered: 24 filters, by mode and free seats",
      (i) => ({
        mode: MODES[i % MODES.length]!,
        ...(i % 3 === 1 && { hideFull: true }),
        ...(i % 3 === 2 && { hidePrivate: true }),
      }),
    ),
    await measure(
      size,
      "unfiltered: all see everything",
      () => ({}),
    ),
  ];
}

async function measure(
  { lobbies, readers, seconds }: Size,
  title: string,
  filterOf: (reader: number) => object,
): Promise<Section> {
  const random = new SeededRandom(1);
  const clock = new ManualClock();
  const batch = new FrameBatch();
  const sockets: MemorySocket[] = [];
  let sentBytes = 0;
  const server = new LobbyServer({
    upgrade: () => {
      const i = sockets.length;
      const socket = new MemorySocket((frame) => {
        sentBytes += frame.length;
        batch.add(i, frame);
      });
      sockets.push(socket);
      socket.open();
      return { socket, response: new Response(null) };
    },
    authenticate: (request) => ({
      playerId: playerId(new URL(request.url).pathname.slice(1)),
    }),
    store: new MemoryLobbyStore(),
    hub: { clock, maxSocketsPerAddress: readers },
    list: { maxListed: lobbies },
  });
  await server.ready;
  const ids: LobbyId[] = [];
  for (let i = 0; i < lobbies; i++) {
    const made = server.manager.createLobby(playerId(`host ${i}`), {
      name: `${MODES[i % MODES.length]} with host ${i}`,
      mode: MODES[i % MODES.length]!,
      map: `map ${i % 10}`,
      maxPlayers: 8,
    }, i % 10 === 0 ? { passwordVerifier: "none" } : {});
    if (!made.isOk) throw new Error(made.error.message);
    ids.push(made.value.id);
    // Events are taken by ticks.
    if (i % 1_000 === 999) await tick();
  }
  async function tick(): Promise<number> {
    clock.advance(TICK_SECONDS * 1_000);
    const beganMs = performance.now();
    server.tick(TICK_SECONDS);
    let tookMs = performance.now() - beganMs;
    // The store answers, and what waited for it is sent.
    const answeredMs = performance.now();
    await Promise.resolve();
    await Promise.resolve();
    tookMs += performance.now() - answeredMs;
    for (const _ of server.drainEvents());
    return tookMs;
  }
  const clients = new Worker(
    new URL("./_reader_clients.ts", import.meta.url),
    { type: "module" },
  );
  /** Has the readers take what was sent to them, and brings what they send. */
  async function carry(filters?: readonly object[]): Promise<void> {
    const frames = batch.take();
    const step: ReaderStep = {
      ...filters && { filters },
      dt: TICK_SECONDS,
      frames,
    };
    const answer = Promise.withResolvers<PackedFrames>();
    clients.onmessage = ({ data }) => answer.resolve(data);
    clients.onerror = ({ message }) => answer.reject(new Error(message));
    clients.postMessage(step, [frames.index.buffer, frames.bytes.buffer]);
    unpackFrames(
      await answer.promise,
      (i, frame) => sockets[i]!.receive(frame),
    );
  }
  for (let i = 0; i < readers; i++) {
    await server.handler(
      new Request(`http://bench.test/reader-${i}`, {
        headers: { upgrade: "websocket" },
      }),
    );
  }
  await carry(Array.from({ length: readers }, (_, i) => filterOf(i)));
  // The lists, as wholes.
  const filling: number[] = [];
  let before = -1;
  while (sentBytes !== before || before === 0) {
    before = sentBytes;
    for (let i = 0; i < 10; i++) {
      filling.push(await tick());
      await carry();
    }
  }
  const listBytes = before / readers;
  // What the connections cost without anything to tell.
  const idle: number[] = [];
  for (let i = 0; i < 40; i++) {
    idle.push(await tick());
    await carry();
  }
  const costs: number[] = [];
  const ticks = Math.round(seconds / TICK_SECONDS);
  let changes = 0;
  let joined = 0;
  let due = 0;
  for (let i = 0; i < ticks; i++) {
    due += lobbies * CHURN * TICK_SECONDS;
    for (; due >= 1; due--) {
      changes++;
      const id = ids[random.nextU32() % ids.length]!;
      const lobby = server.manager.lobby(id)!;
      const guest = lobby.players[1];
      if (guest !== undefined && random.nextU32() % 2 === 0) {
        server.manager.leave(guest.id);
      } else if (lobby.players.length < 8 && !lobby.hasPassword) {
        server.manager.join(playerId(`guest ${joined++}`), id);
      } else {
        server.manager.configure(lobby.host, { map: `map ${changes % 10}` });
      }
    }
    costs.push(await tick());
    await carry();
  }
  const diffBytes = (sentBytes - before) / readers / seconds;
  clients.terminate();
  await server.close(0);
  // What a reader would be sent that asks for the list once a second.
  const ratio = listBytes / diffBytes;
  const one = server.manager.lobby(ids[0]!)!;
  return {
    title: `Lobby browser, ${title}`,
    notes: [
      `${lobbies} lobbies (${
        JSON.stringify(lobbyListing(one)).length
      } bytes each as JSON), ${readers} readers over sockets in memory, ${
        changes / seconds
      } changes a second, ticks of ${TICK_SECONDS * 1_000} ms, ${seconds} s.`,
      "A tick has all that the server does, its store in memory and its frames included; not the runtime's sockets. What the readers do with it they do in a thread of their own, between the ticks.",
      "Filling ticks are those in which the readers are sent whole lists, as much as a tick may send; in the first ones all of them connect at once, which takes longer.",
    ],
    rows: [{
      name: "per reader",
      "list KB": listBytes / 1_000,
      "diffs KB/s": diffBytes / 1_000,
      "list/diffs": ratio,
      "filling tick p50 ms": quantile(filling, 0.5),
      "idle tick p50 ms": quantile(idle, 0.5),
      "tick p50 ms": quantile(costs, 0.5),
      "tick p99 ms": quantile(costs, 0.99),
      "tick max ms": Math.max(...costs),
    }],
    bars: [
      atLeast("a list each second, beside its changes", 20, ratio, "times"),
      atMost("a tick, p99", 5, quantile(costs, 0.99), "ms"),
    ],
  };
}
