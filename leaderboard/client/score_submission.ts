// This module is browser compatible.
import { type PlayerId, playerId as toPlayerId } from "../../core/mod.ts";
import { submissionChecksum } from "../checksum.ts";
import { normalizeScore, type Score } from "../score.ts";
import {
  checkClassName,
  checkDisplayName,
  checkName,
  checkSha256,
  checkVisible,
} from "./_checks.ts";
import { submissionBody } from "./_submission_body.ts";
import type { ScoreMetadata, ScoreMetaValue } from "./score_entry.ts";

const MAX_META_FIELDS = 64;
/** The most that a board may allow. */
const MAX_META_BYTES = 16_384;
const MAX_RUN_LENGTH = 1_024;
const MAX_KEY_LENGTH = 128;

interface OptionalFields {
  readonly subscore: Score | undefined;
  readonly class: string | undefined;
  readonly metadata: ScoreMetadata | undefined;
  readonly replay: string | undefined;
  readonly run: string | undefined;
  readonly board: string | undefined;
  readonly idempotencyKey: string | undefined;
}

const NOTHING: OptionalFields = {
  subscore: undefined,
  class: undefined,
  metadata: undefined,
  replay: undefined,
  run: undefined,
  board: undefined,
  idempotencyKey: undefined,
};

/**
 * A score to submit. Immutable: each `with…` method returns a new one, so that one may be kept as a template.
 *
 * @example A score with what belongs to it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ScoreSubmission } from "@tickwire/net/leaderboard";
 *
 * const submission = new ScoreSubmission("ada", "Ada", 4200)
 *   .withClass("glitchless")
 *   .withMeta("level", 3)
 *   .onBoard("speedrun");
 * assertEquals(submission.score, 4200);
 * assertEquals(submission.metadata, { level: 3 });
 * ```
 */
export class ScoreSubmission {
  /** Who. */
  readonly playerId: PlayerId;
  /** The name to show, or `undefined` for what the server knows. */
  readonly name: string | undefined;
  /** The score in its one form: a number, or a bigint beyond ±(2^53 - 1). */
  readonly score: Score;
  #fields = NOTHING;

  /**
   * Makes a submission.
   *
   * @param playerId Who: 1 to 64 bytes in UTF-8, without control characters. It has to be who `playerToken` says, unless
   * the API key is a server's.
   * @param name The name to show: 1 to 64 bytes in UTF-8, without control characters. `undefined` for the display name
   * that the server knows, or else the id.
   * @param score The score: an integer; a bigint beyond ±(2^53 - 1).
   * @throws {TypeError} If `playerId` is not a string, or `score` is neither a number nor a bigint.
   * @throws {RangeError} If one of them is out of range.
   */
  constructor(playerId: string, name: string | undefined, score: Score) {
    this.playerId = toPlayerId(playerId);
    this.name = name === undefined ? undefined : checkDisplayName("name", name);
    this.score = normalizeScore(score);
  }

  /** What decides where scores are equal, or `undefined` for 0. */
  get subscore(): Score | undefined {
    return this.#fields.subscore;
  }

  /** The class, if it has one. */
  get class(): string | undefined {
    return this.#fields.class;
  }

  /** What it carries, if anything. */
  get metadata(): ScoreMetadata | undefined {
    return this.#fields.metadata;
  }

  /** The SHA-256 of its replay, if it has one. */
  get replay(): string | undefined {
    return this.#fields.replay;
  }

  /** The token of its run, if it has one. */
  get run(): string | undefined {
    return this.#fields.run;
  }

  /** The board, or `undefined` for the client's default. */
  get board(): string | undefined {
    return this.#fields.board;
  }

  /** What the server knows it by, if it was submitted before: the submissions of events have it. */
  get idempotencyKey(): string | undefined {
    return this.#fields.idempotencyKey;
  }

  /**
   * The FNV-1a hash, 64 bits in 16 hexadecimal digits, that goes with it (PROTOCOL.md, section 4). It finds accidents on the
   * way, and stops nobody from cheating.
   */
  get checksum(): string {
    return submissionChecksum(submissionBody(this));
  }

  /**
   * Adds a field of metadata, or changes it.
   *
   * @param key Its name: 1 to 64 bytes in UTF-8, without control characters.
   * @param value Text, a finite number, or a boolean.
   * @returns A new submission.
   * @throws {TypeError} If the value is of another kind.
   * @throws {RangeError} If the name or number is out of range, or there would be more than 64 fields or 16384 bytes as
   * JSON. Boards may allow less.
   */
  withMeta(key: string, value: ScoreMetaValue): ScoreSubmission {
    // The same bounds as a name to show has.
    checkDisplayName("metadata's name", key);
    if (
      typeof value !== "string" && typeof value !== "number" &&
      typeof value !== "boolean"
    ) {
      throw new TypeError(
        `Cannot set metadata as a value must be a string, a number or a boolean: current type is ${typeof value}`,
      );
    }
    if (typeof value === "number" && !Number.isFinite(value)) {
      throw new RangeError(
        `Cannot set metadata as a number must be finite: current value is ${value}`,
      );
    }
    // Not by assignment, which would take "__proto__" for something else; without -0, which JSON does not have.
    const metadata: ScoreMetadata = Object.freeze(Object.fromEntries([
      ...Object.entries(this.metadata ?? {}).filter(([name]) => name !== key),
      [key, typeof value === "number" ? value + 0 : value],
    ]));
    const count = Object.keys(metadata).length;
    if (count > MAX_META_FIELDS) {
      throw new RangeError(
        `Cannot set metadata as there must be at most ${MAX_META_FIELDS} fields: current count is ${count}`,
      );
    }
    const byteLength = new TextEncoder().encode(JSON.stringify(metadata))
      .length;
    if (byteLength > MAX_META_BYTES) {
      throw new RangeError(
        `Cannot set metadata as it must be at most ${MAX_META_BYTES} bytes as JSON: current value is ${byteLength}`,
      );
    }
    return this.#with({ metadata });
  }

  /**
   * Links a replay. Its upload has to be complete when the score is submitted.
   *
   * @param sha256 The SHA-256 of its bytes, in 64 hexadecimal digits, lower case.
   * @returns A new submission.
   * @throws {RangeError} If it is no SHA-256.
   */
  withReplay(sha256: string): ScoreSubmission {
    return this.#with({ replay: checkSha256("replay", sha256) });
  }

  /**
   * Sets what decides where scores are equal.
   *
   * @param subscore An integer; a bigint beyond ±(2^53 - 1).
   * @returns A new submission.
   * @throws {TypeError} If it is neither a number nor a bigint.
   * @throws {RangeError} If it is no integer or beyond 64 bits.
   */
  withSubscore(subscore: Score): ScoreSubmission {
    return this.#with({ subscore: normalizeScore(subscore) });
  }

  /**
   * Sets the class: the score then counts in the rankings of all and in those of the class.
   *
   * @param name One of the board's classes.
   * @returns A new submission.
   * @throws {RangeError} If it is no name of a class: 1 to 64 of `A–Z a–z 0–9 . _ - %`, a letter or digit first.
   */
  withClass(name: string): ScoreSubmission {
    return this.#with({ class: checkClassName("class", name) });
  }

  /**
   * Sets the token of the run that the score is of.
   *
   * @param token What `runStarted` brought.
   * @returns A new submission.
   * @throws {RangeError} If it is not 1 to 1024 visible ASCII characters.
   */
  withRun(token: string): ScoreSubmission {
    return this.#with({ run: checkVisible("run", token, MAX_RUN_LENGTH) });
  }

  /**
   * Sets what the server knows the submission by. Submissions with the same key count once, within the 30 days for which
   * the server keeps keys. Without this, each `submit` makes a key of its own.
   *
   * @param key 1 to 128 visible ASCII characters, unlike all others.
   * @returns A new submission.
   * @throws {RangeError} If it is something else.
   */
  withIdempotencyKey(key: string): ScoreSubmission {
    return this.#with({
      idempotencyKey: checkVisible("idempotencyKey", key, MAX_KEY_LENGTH),
    });
  }

  /**
   * Sets the board.
   *
   * @param id Its name.
   * @returns A new submission.
   * @throws {RangeError} If it is no name.
   */
  onBoard(id: string): ScoreSubmission {
    return this.#with({ board: checkName("board", id) });
  }

  #with(changes: Partial<OptionalFields>): ScoreSubmission {
    const copy = new ScoreSubmission(this.playerId, this.name, this.score);
    copy.#fields = { ...this.#fields, ...changes };
    return copy;
  }
}
