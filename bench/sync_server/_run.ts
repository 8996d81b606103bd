// A server and its clients, tick after tick.
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import {
  SyncClient,
  type SyncPeer,
  SyncServer,
  type SyncServerOptions,
} from "../../sync/mod.ts";
import { LossyLinks } from "../../sync/_testing/lossy_links.ts";
import type { Recording } from "../sync/_recording.ts";
import { Game, world } from "./_game.ts";

export const CLIENTS = 64;
export const TICK_RATE = 60;
export const SEND_RATE = 30;
/** Ticks of a window, of which each gives one figure. */
const WINDOW = 60;
const WARM_UP_WINDOWS = 5;

/** What the links do: a ping of 67 to 100 ms, of which a hundredth is lost. */
const LINK = { delay: 2, jitter: 1, loss: 0.01 };

/** What no client may tell. */
const WRONG = ["refused", "desync", "ended"];

/** What was measured. */
export interface Load {
  /** Share of one core, in percent, by window. */
  readonly percent: readonly number[];
  /** Bytes of snapshots to a client in a second. */
  readonly bytesPerSecond: number;
  /** Snapshots to a client in a second. */
  readonly snapshotsPerSecond: number;
  /** Share of them that left something out. */
  readonly partial: number;
  /** Bodies that were written for all, in each tick in which any snapshot was due. */
  readonly sharedPerTick: number;
  /** How many ticks the newest acknowledged snapshot was old, on average. */
  readonly baseAge: number;
  /** Entities that a client had at the end, on average. */
  readonly inView: number;
}

/**
 * Plays the recording.
 *
 * @param centres Where each client looks from, which `options.interest` may ask for.
 */
export function runServer(
  recording: Recording,
  options: SyncServerOptions<typeof world.schemas>,
  isSmoke: boolean,
): Load {
  const random = new SeededRandom(4);
  const clock = new ManualClock();
  const server = new SyncServer(world, {
    ...options,
    clock,
    sendRate: SEND_RATE,
  });
  const game = new Game(recording, server.entities);
  const ends = Array.from({ length: CLIENTS }, () => {
    const links = new LossyLinks({ ...LINK, random });
    const peer = server.connect(links.a) as SyncPeer;
    return { links, peer, client: new SyncClient(world, links.b, { clock }) };
  });
  const windows = isSmoke ? 1 : 30;
  const warmUps = isSmoke ? 1 : WARM_UP_WINDOWS;
  const percent: number[] = [];
  let before = counted(server);
  let ages = 0;
  let sent = 0;
  for (let window = -warmUps; window < windows; window++) {
    if (window === 0) before = counted(server);
    let spentMs = 0;
    for (let tick = 0; tick < WINDOW; tick++) {
      game.step();
      clock.advance(1_000 / TICK_RATE);
      const startMs = performance.now();
      server.tick(1 / TICK_RATE);
      spentMs += performance.now() - startMs;
      for (const { links, client, peer } of ends) {
        if (window >= 0 && peer.sentTick === server.history.newest) {
          ages += peer.sentTick! - peer.ackedTick!;
          sent++;
        }
        links.tick();
        client.tick(1 / TICK_RATE);
        for (const event of client.drainEvents()) {
          if (WRONG.includes(event.type)) {
            throw new Error(`Cannot measure as a client tells ${event.type}`);
          }
        }
      }
      for (const _ of server.drainEvents());
    }
    if (window >= 0) percent.push(spentMs / (WINDOW / TICK_RATE * 1_000) * 100);
  }
  const after = counted(server);
  const seconds = windows * WINDOW / TICK_RATE;
  const snapshots = after.snapshots - before.snapshots;
  return {
    percent,
    bytesPerSecond: (after.bytes - before.bytes) / seconds / CLIENTS,
    snapshotsPerSecond: snapshots / seconds / CLIENTS,
    partial: (after.partial - before.partial) / snapshots,
    sharedPerTick: (after.shared - before.shared) / (seconds * SEND_RATE),
    baseAge: ages / sent,
    inView: ends.reduce((sum, { client }) => {
      let count = 0;
      for (const _ of client.ids("cube")) count++;
      return sum + count;
    }, 0) / CLIENTS,
  };
}

function counted(server: SyncServer<typeof world.schemas>) {
  const values = new Map<string, number>();
  for (const { name, value } of server.metrics()) {
    values.set(name, (values.get(name) ?? 0) + Number(value));
  }
  const of = (name: string): number => values.get(`tickwire_sync_${name}`)!;
  return {
    snapshots: of("snapshots"),
    partial: of("partial_snapshots"),
    bytes: of("bytes_out"),
    shared: of("shared_bodies"),
  };
}
