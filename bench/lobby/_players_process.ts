// Players in a process of their own, for `restart.ts`: the arguments are the port, the first lobby, and how many lobbies of
// four. It prints a line when all sit in their lobbies, and another when all sit there again after the server was gone; a
// line has the time as epoch milliseconds.
import { LobbyClient, type LobbyId } from "../../lobby/mod.ts";

/** Rarer than a game would: thousands of players share a core. */
const TICK_MS = 60;
const SEATS = 4;
const CONNECTS_PER_FRAME = 24;

interface Seat {
  readonly client: LobbyClient;
  readonly index: number;
  /** The lobby that it sits in, once it does. */
  lobby: LobbyId | undefined;
  isAsked: boolean;
  /** How often the server has told where it sits. */
  syncs: number;
}

const [port, first, count] = Deno.args.map(Number);
const seats: Seat[] = [];
for (let i = 0; i < count! * SEATS; i++) {
  const name = `player ${first! * SEATS + i}`;
  const url = `ws://127.0.0.1:${port}/?name=${encodeURIComponent(name)}`;
  const client = new LobbyClient({ url, requestTimeoutMs: 60_000 });
  seats.push({ client, index: i, lobby: undefined, isAsked: false, syncs: 0 });
}

let connected = 0;
let lastMs = performance.now();

/** A frame of all players; the lobbies' first players make them, the others follow. */
async function frame(): Promise<void> {
  // They come one by one at first: that is not what is measured.
  for (let i = 0; i < CONNECTS_PER_FRAME && connected < seats.length; i++) {
    seats[connected++]!.client.connect();
  }
  const nowMs = performance.now();
  const dt = (nowMs - lastMs) / 1_000;
  lastMs = nowMs;
  for (const seat of seats) {
    const { client, index } = seat;
    client.tick(dt);
    for (const event of client.drainEvents()) {
      if (event.type === "synced") seat.syncs++;
      if (event.type === "refused") throw new Error(event.error.message);
      // It is asked again.
      if (event.type === "failed") seat.isAsked = false;
    }
    if (!client.isSynced || seat.isAsked || client.lobby !== undefined) {
      continue;
    }
    if (index % SEATS === 0) {
      client.create({ config: { name: "bench", maxPlayers: SEATS } });
      seat.isAsked = true;
    } else {
      const host = seats[index - index % SEATS]!;
      const { lobby } = host.client;
      if (lobby === undefined) continue;
      client.join(lobby.id);
      seat.isAsked = true;
    }
  }
  await new Promise((resolve) => setTimeout(resolve, TICK_MS));
}

function isSeated({ client }: Seat): boolean {
  return client.isSynced && client.lobby?.players.length === SEATS;
}

/** Whether a player has been told anew where it sits, and all others of the lobby are back. */
function isReseated(seat: Seat): boolean {
  const { lobby } = seat.client;
  return seat.syncs >= 2 && isSeated(seat) && lobby!.id === seat.lobby &&
    lobby!.players.every(({ isConnected }) => isConnected);
}

while (!seats.every(isSeated)) await frame();
for (const seat of seats) seat.lobby = seat.client.lobby!.id;
console.log(JSON.stringify({ atMs: Date.now() }));
// The server dies, and is there again.
while (!seats.every((seat) => seat.syncs >= 2 && isSeated(seat))) {
  await frame();
}
const atMs = Date.now();
while (!seats.every(isReseated)) await frame();
console.log(JSON.stringify({ atMs, allBackAtMs: Date.now() }));
for (const { client } of seats) client.close();
