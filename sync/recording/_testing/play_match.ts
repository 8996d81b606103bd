// This module is browser compatible.
import { Fnv1a64 } from "../../../core/mod.ts";
import type { EntityTable } from "../../snapshot/entity_table.ts";
import { viewChecksum } from "../../wire/view_checksum.ts";
import type { EntityId } from "../../world/entity_id.ts";
import { EntityStore } from "../../world/entity_store.ts";
import { MatchPlayer } from "../match_player.ts";
import { MatchRecorder } from "../match_recorder.ts";
import { Bot, MATCH, MatchGame } from "./match_game.ts";

const PLAYERS = 3;
/** From one whole state of a recording to the next. */
export const KEY_EVERY_TICKS = 12;

/** A match that was played or is played again. */
export interface Played {
  /** By tick: the checksum of the state. */
  readonly checksums: readonly number[];
  /** All of them in one. */
  readonly rolling: string;
}

/** The states of a match one by one, for who wants to look. */
export type OnTick = (tick: number, tables: readonly EntityTable[]) => void;

/**
 * Plays a match and records it.
 *
 * @param seed What chance does.
 * @param ticks How long.
 * @param onTick Is told each state.
 * @returns The recording, and what is to come out of it.
 */
export function playMatch(
  seed: number,
  ticks: number,
  onTick?: OnTick,
): Played & { readonly recording: Uint8Array } {
  const entities = new EntityStore(MATCH);
  const recorder = new MatchRecorder(MATCH, { keyEveryTicks: KEY_EVERY_TICKS });
  const game = new MatchGame(entities, seed);
  const bots = new Map<EntityId, Bot>();
  for (let i = 0; i < PLAYERS; i++) {
    bots.set(game.join(`p${i}`), new Bot(seed * PLAYERS + i));
  }
  const sum = new RollingSum();
  for (let tick = 0; tick < ticks; tick++) {
    game.step(tick, (player) => bots.get(player)!.next());
    recorder.record(tick, entities.tables);
    sum.add(viewChecksum(entities.tables));
    onTick?.(tick, entities.tables);
  }
  return { recording: recorder.takeBytes(), ...sum.played() };
}

/**
 * Plays a recording of a match.
 *
 * @param recording The bytes.
 * @param onTick Is told each state.
 * @returns What has come out of it, up to its end.
 */
export function replayMatch(recording: Uint8Array, onTick?: OnTick): Played {
  const player = new MatchPlayer(MATCH, recording);
  const sum = new RollingSum();
  while (player.next()) {
    sum.add(viewChecksum(player.tables));
    onTick?.(player.tick!, player.tables);
  }
  return sum.played();
}

/** The checksums of ticks, and all of them in one: FNV-1a of their bytes, the lowest first. */
class RollingSum {
  readonly #hash = new Fnv1a64();
  readonly #checksums: number[] = [];

  add(checksum: number): void {
    this.#checksums.push(checksum);
    this.#hash.update(
      Uint8Array.of(checksum, checksum >>> 8, checksum >>> 16, checksum >>> 24),
    );
  }

  played(): Played {
    return { checksums: this.#checksums, rolling: this.#hash.hex() };
  }
}
