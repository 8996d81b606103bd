// Servers of different habits, each with a share of one core that was promised.
import { SeededRandom, type Vec2 } from "../../core/mod.ts";
import { AreaInterest, type SyncPeer } from "../../sync/mod.ts";
import {
  atMost,
  median,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import { loadRecording, type Recording } from "../sync/_recording.ts";
import { measureColyseus } from "./_colyseus.ts";
import { world } from "./_game.ts";
import { CLIENTS, type Load, runServer, SEND_RATE, TICK_RATE } from "./_run.ts";

const MOST_PERCENT = 10;
/** More than any difference has, so that none is cut. */
const ROOM_BYTES = 32_768;
/** About half of what changes in 100 ms. */
const TIGHT_BYTES = 256;
const RADIUS = 8;

/** All see everything. */
export async function measureEverybody(isSmoke: boolean): Promise<Section> {
  const recording = await loadRecording();
  const load = runServer(recording, {
    messageBytes: ROOM_BYTES,
    bytesPerSecond: ROOM_BYTES * SEND_RATE,
  }, isSmoke);
  const colyseus = measureColyseus(recording, isSmoke);
  const section = sectionOf("everybody sees everything", load);
  const ours = median(load.percent);
  const theirs = median(colyseus.percent);
  return {
    ...section,
    notes: [
      ...section.notes,
      "@colyseus/schema: one patch for all, at the same rate, and a copy of it for each client; that the game sets properties is not counted. It needs each patch to arrive, in order, and counts nothing of that.",
    ],
    rows: [
      ...section.rows,
      {
        name: "@colyseus/schema, encode and copies",
        "% of a core": theirs,
        "p90": quantile(colyseus.percent, 0.9),
        "kB/s a client": colyseus.bytesPerSecond / 1_000,
      },
      {
        name: "ours to it",
        "% of a core": ours / theirs,
        "kB/s a client": load.bytesPerSecond / colyseus.bytesPerSecond,
      },
    ],
  };
}

/** No client gets all that changes. */
export async function measureBudgets(isSmoke: boolean): Promise<Section> {
  const load = runServer(await loadRecording(), {
    messageBytes: TIGHT_BYTES,
  }, isSmoke);
  return sectionOf(`${TIGHT_BYTES} bytes a message`, load);
}

/** Each client sees what is near it. */
export async function measureInterest(isSmoke: boolean): Promise<Section> {
  const recording = await loadRecording();
  const centres = centresOf(recording);
  const near = new AreaInterest(world, {
    field: "position",
    radius: RADIUS,
    centreOf: (peer: SyncPeer) => centres[peer.id % CLIENTS]!,
  });
  const load = runServer(recording, {
    interest: [near],
    messageBytes: ROOM_BYTES,
    bytesPerSecond: ROOM_BYTES * SEND_RATE,
  }, isSmoke);
  return sectionOf(`what is within ${RADIUS} m`, load);
}

/** Where clients stand: at cubes, as players are where something is. */
function centresOf({ tables }: Recording): Vec2[] {
  const random = new SeededRandom(6);
  const { values, capacity } = tables[0]!;
  return Array.from({ length: CLIENTS }, () => {
    const slot = random.nextU32() % capacity;
    const at = (axis: number): number =>
      (values[axis * capacity + slot]! - 16_384) / 512;
    return { x: at(0), y: at(1) };
  });
}

function sectionOf(what: string, load: Load): Section {
  const percent = median(load.percent);
  const row: Row = {
    name: `SyncServer.tick, ${what}`,
    "% of a core": percent,
    "p90": quantile(load.percent, 0.9),
    "kB/s a client": load.bytesPerSecond / 1_000,
    "snapshots/s": load.snapshotsPerSecond,
    "left something out": `${(load.partial * 100).toFixed(1)} %`,
    "shared bodies a send tick": load.sharedPerTick,
    "base age, ticks": load.baseAge,
    "entities in view": load.inView,
  };
  return {
    title: `sync: a server, ${what}`,
    notes: [
      `${CLIENTS} clients, 901 entities, ticks at ${TICK_RATE} Hz, snapshots at ${SEND_RATE} Hz, fast coder. Medians over windows of a second; only SyncServer.tick is counted, which takes in ${
        CLIENTS * 60
      } reports a second.`,
    ],
    rows: [row],
    bars: [atMost(`a server, ${what}`, MOST_PERCENT, percent, "% of a core")],
  };
}
