// This module is browser compatible.
import { isCount } from "../is_count.ts";
import { isId } from "../session/id.ts";
import type { DropCount } from "./_drop_counts.ts";
import type { SessionState } from "./_session.ts";

/** How many events there were of each name. */
export type NameCounts = readonly (readonly [name: string, count: number])[];

/** All that outlives a process beside the runs. */
export interface ClientState {
  /** The install's id, where there is one. */
  readonly player: string | undefined;
  /** The session that runs; `undefined` where it ended cleanly. */
  readonly session: SessionState | undefined;
  /** What was recorded and is in no run of the journal. */
  readonly waiting: NameCounts;
  /** What was dropped and is in no run of the journal. */
  readonly drops: readonly DropCount[];
}

/** Events of one session with successive numbers, ready to be sent. */
export interface Run {
  /** The session. */
  readonly session: string;
  /** When its first event was, in epoch milliseconds. */
  readonly startMs: number;
  /** When the latest of its events was, in epoch milliseconds. */
  readonly lastMs: number;
  /** How many events it has. */
  readonly count: number;
  /** How many of each name, but for `drop`. */
  readonly names: NameCounts;
  /** What its `drop` events say. */
  readonly drops: readonly DropCount[];
  /** The run as PROTOCOL.md has it, without its `t` and the brace at its end. */
  readonly body: string;
}

/** What an entry of the journal holds: the state as it is with the entry, and maybe a run. */
export interface Entry {
  readonly state: ClientState;
  readonly run: Run | undefined;
}

/** The first byte of an entry without a run, and of one with it. */
const STATE = 1;
const RUN = 2;
/** The kind, and the length of the facts. */
const HEAD_BYTES = 5;
const MAX_NAMES = 4_096;
const UTF_8 = new TextEncoder();

/**
 * Encodes an entry: a byte for its kind, four for the length of the facts (little-endian), the facts as JSON, the run's
 * body as text. State and run stand or fall together, so that what is said to be persisted is.
 */
export function encodeEntry({ state, run }: Entry): Uint8Array {
  const { body = "", ...facts } = run ?? {};
  const head = UTF_8.encode(
    JSON.stringify(run === undefined ? { state } : { state, run: facts }),
  );
  const tail = UTF_8.encode(body);
  const bytes = new Uint8Array(HEAD_BYTES + head.length + tail.length);
  bytes[0] = run === undefined ? STATE : RUN;
  new DataView(bytes.buffer).setUint32(1, head.length, true);
  bytes.set(head, HEAD_BYTES);
  bytes.set(tail, HEAD_BYTES + head.length);
  return bytes;
}

/** Decodes an entry; `undefined` for what is none, as a storage may have been written by anybody. */
export function decodeEntry(bytes: Uint8Array): Entry | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const kind = bytes[0];
  if (kind !== STATE && kind !== RUN) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bodyAt = HEAD_BYTES + view.getUint32(1, true);
  if (bodyAt > bytes.length) return undefined;
  try {
    const utf8 = new TextDecoder("utf-8", { fatal: true });
    const json: unknown = JSON.parse(
      utf8.decode(bytes.subarray(HEAD_BYTES, bodyAt)),
    );
    if (!isObject(json)) return undefined;
    const state = readState(json.state);
    if (state === undefined) return undefined;
    if (kind === STATE) return { state, run: undefined };
    const run = readRun(json.run, utf8.decode(bytes.subarray(bodyAt)));
    return run === undefined ? undefined : { state, run };
  } catch {
    return undefined;
  }
}

function readState(json: unknown): ClientState | undefined {
  if (!isObject(json)) return undefined;
  const { player, session } = json;
  const waiting = readNames(json.waiting);
  const drops = readDrops(json.drops);
  if (
    waiting === undefined || drops === undefined ||
    !(player === undefined || isId(player))
  ) {
    return undefined;
  }
  if (session === undefined) {
    return { player, session: undefined, waiting, drops };
  }
  const read = readSession(session);
  return read === undefined
    ? undefined
    : { player, session: read, waiting, drops };
}

function readSession(json: unknown): SessionState | undefined {
  if (!isObject(json)) return undefined;
  const { id, player, build, platform, common } = json;
  const { startMs, lastMs, lastEventMs, nextNumber, playTimeMs } = json;
  if (
    !isId(id) || !(player === undefined || isId(player)) ||
    typeof build !== "string" || typeof platform !== "string" ||
    typeof common !== "string" || !isCount(startMs) || !isCount(lastMs) ||
    !isCount(lastEventMs) || !isCount(nextNumber) || !isCount(playTimeMs)
  ) {
    return undefined;
  }
  return {
    id,
    player,
    build,
    platform,
    common,
    startMs,
    lastMs,
    lastEventMs,
    nextNumber,
    playTimeMs,
  };
}

function readRun(json: unknown, body: string): Run | undefined {
  if (!isObject(json)) return undefined;
  const { session, startMs, lastMs, count } = json;
  const names = readNames(json.names);
  const drops = readDrops(json.drops);
  return isId(session) && isCount(startMs) && isCount(lastMs) &&
      isCount(count) && names !== undefined && drops !== undefined
    ? { session, startMs, lastMs, count, names, drops, body }
    : undefined;
}

function readNames(json: unknown): NameCounts | undefined {
  if (!Array.isArray(json) || json.length > MAX_NAMES) return undefined;
  return json.every((it) =>
      Array.isArray(it) && it.length === 2 && typeof it[0] === "string" &&
      isCount(it[1])
    )
    ? json
    : undefined;
}

function readDrops(json: unknown): DropCount[] | undefined {
  if (!Array.isArray(json) || json.length > MAX_NAMES) return undefined;
  return json.every((it) =>
      isObject(it) && typeof it.event === "string" &&
      typeof it.reason === "string" && isCount(it.count) && it.count > 0
    )
    ? json
    : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
