// This module is browser compatible.
import { fullJitter } from "../../core/mod.ts";
import type { Board } from "../board/board.ts";
import type { HeldSubmission } from "../store/store.ts";
import { decodeHeld } from "./_held_data.ts";
import { readHeld, resolveHeld } from "./_resolve_held.ts";
import { unavailable } from "./_router.ts";
import type { ServerContext } from "./_server_context.ts";
import { judge } from "./_verify.ts";
import { Problem } from "./problem.ts";

/** How many may wait to be verified: then no more are taken until some are done. */
const MAX_WAITING = 10_000;
const SCAN_LIMIT = 100;
/** How often all boards are looked through: for what was held before a restart, or by another machine. */
const ROUND_SECONDS = 30;
const MAX_FAILURES = 8;
/** Who has not been told within this time has another one verified meanwhile: a few that hang must not stop all. */
const MAX_VERIFY_SECONDS = 600;
const MIN_WAIT_MS = 1_000;
const MAX_WAIT_MS = 600_000;

interface Waiting {
  readonly id: string;
  readonly board: string;
  failures: number;
  /** On the queue's own time, which ticks alone move on. */
  dueSeconds: number;
  isRunning: boolean;
}

interface Running {
  readonly waiting: Waiting;
  readonly ended: Promise<void>;
  readonly sinceSeconds: number;
}

/**
 * Verifies what is held unverified, some at a time. The store keeps what waits, so that nothing is lost with the
 * process; here is only what is known of it.
 */
export class HeldQueue {
  readonly #contextOf: () => ServerContext;
  readonly #waiting = new Map<string, Waiting>();
  /** Boards to look through, and from which sequence on. */
  readonly #toScan = new Map<string, number>();
  /** Up to where a board was looked through. */
  readonly #seen = new Map<string, number>();
  readonly #running = new Set<Running>();
  #nowSeconds = 0;
  #roundSeconds = 0;
  #scanning: Promise<void> | undefined;
  #isClosed = false;

  /** Takes what gives the context, which the queue is in. */
  constructor(contextOf: () => ServerContext) {
    this.#contextOf = contextOf;
  }

  get #context(): ServerContext {
    return this.#contextOf();
  }

  /** Whether there is no room for what a look into the store may find. */
  get #isFull(): boolean {
    return this.#waiting.size + SCAN_LIMIT > MAX_WAITING;
  }

  /** How many are known to wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Throws a {@linkcode Problem} if so many wait that there is no room for another. */
  checkRoom(): void {
    if (this.#isFull) throw unavailable();
  }

  /** Something was held on a board. */
  wake(board: string): void {
    if (!this.#toScan.has(board)) {
      this.#toScan.set(board, this.#seen.get(board) ?? 0);
    }
  }

  /** Starts what is due. */
  tick(dt: number): void {
    if (this.#context.verify === undefined || this.#isClosed) return;
    this.#nowSeconds += dt;
    this.#roundSeconds -= dt;
    this.#scanning ??= this.#scan().catch(() => {}).finally(() => {
      this.#scanning = undefined;
    });
    for (const running of this.#running) {
      if (this.#nowSeconds - running.sinceSeconds > MAX_VERIFY_SECONDS) {
        this.#giveUp(running);
      }
    }
    for (const waiting of this.#waiting.values()) {
      if (this.#running.size >= this.#context.maxVerifications) return;
      if (waiting.isRunning || waiting.dueSeconds > this.#nowSeconds) continue;
      waiting.isRunning = true;
      const running: Running = {
        waiting,
        sinceSeconds: this.#nowSeconds,
        ended: this.#run(waiting).finally(() => {
          if (this.#running.delete(running)) waiting.isRunning = false;
        }),
      };
      this.#running.add(running);
    }
  }

  /** Starts nothing more, and waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#running].map(({ ended }) => ended);
    await Promise.all([...running, this.#scanning]);
  }

  /** Looks for more on one of the boards, as far as there is room. */
  async #scan(): Promise<void> {
    const { boards, store, titles } = this.#context;
    if (this.#roundSeconds <= 0) {
      this.#roundSeconds = ROUND_SECONDS;
      for (const title of titles) {
        for (const { board, isLeaving } of await boards.list(title)) {
          if (!isLeaving) this.#toScan.set(board.id, 0);
        }
      }
    }
    for (const [board, afterSequence] of this.#toScan) {
      if (this.#isFull) return;
      this.#toScan.delete(board);
      const query = {
        state: "unverified",
        afterSequence,
        limit: SCAN_LIMIT,
      } as const;
      let found: readonly HeldSubmission[];
      try {
        found = await store.held(board, query);
      } catch {
        this.#toScan.set(board, afterSequence);
        return;
      }
      for (const { id } of found) {
        if (this.#waiting.has(id)) continue;
        const [failures, dueSeconds, isRunning] = [0, 0, false];
        this.#waiting.set(id, { id, board, failures, dueSeconds, isRunning });
      }
      const last = found.at(-1)?.sequence ?? afterSequence;
      this.#seen.set(board, last);
      if (found.length === SCAN_LIMIT) this.#toScan.set(board, last);
    }
  }

  /** What it says later still counts, if nothing else was decided by then. */
  #giveUp(running: Running): void {
    const { waiting } = running;
    this.#running.delete(running);
    waiting.isRunning = false;
    waiting.failures += 1;
    this.#context.counters.verifyFailures += 1;
    this.#postpone(waiting, waiting.failures);
  }

  async #run(waiting: Waiting): Promise<void> {
    const { boards } = this.#context;
    const [title = "", name = ""] = waiting.board.split("/");
    try {
      const board = await boards.open(title, name);
      const held = await readHeld(this.#context, board, waiting.id);
      if (held?.state === "unverified") {
        const isDone = await this.#verify(board, held, waiting);
        if (!isDone) return;
      }
      this.#waiting.delete(waiting.id);
    } catch (error) {
      // The board is gone, and what was held on it goes too.
      if (error instanceof Problem) this.#waiting.delete(waiting.id);
      // The store has failed, which is told: it is not the submission's fault.
      else this.#postpone(waiting, 0);
    }
  }

  /** Returns whether it is decided. */
  async #verify(
    board: Board,
    held: HeldSubmission,
    waiting: Waiting,
  ): Promise<boolean> {
    const context = this.#context;
    const { key: _key, reason: _reason, ...data } = decodeHeld(held);
    const verdict = waiting.failures >= MAX_FAILURES
      ? undefined
      : await judge(context, {
        ...data,
        board: board.id,
        playerId: held.playerId,
        submittedMs: held.heldMs,
        replay: held.replay,
      });
    if (verdict === undefined) {
      waiting.failures += 1;
      if (waiting.failures < MAX_FAILURES) {
        this.#postpone(waiting, waiting.failures);
        return false;
      }
      const reason = `verify failed ${MAX_FAILURES} times`;
      await resolveHeld(context, board, held, "quarantine", reason);
      return true;
    }
    const problem = await this.#settle(board, held, verdict);
    if (problem !== undefined) {
      // What the board does not take any more is for people to see.
      await resolveHeld(context, board, held, "quarantine", problem.message);
    }
    return true;
  }

  async #settle(
    board: Board,
    held: HeldSubmission,
    { decision, reason }: {
      decision: "accept" | "reject" | "quarantine";
      reason: string;
    },
  ): Promise<Problem | undefined> {
    try {
      const resolved = await resolveHeld(
        this.#context,
        board,
        held,
        decision,
        reason,
      );
      const { outcome } = resolved.result.change;
      if (outcome.type !== "refused") return undefined;
      return outcome.problem.code === "heldNotFound"
        ? undefined
        : outcome.problem;
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  }

  #postpone(waiting: Waiting, failures: number): void {
    const { random } = this.#context;
    const waitMs = fullJitter(failures, MIN_WAIT_MS, MAX_WAIT_MS, random);
    waiting.dueSeconds = this.#nowSeconds +
      Math.max(MIN_WAIT_MS, waitMs) / 1_000;
  }
}
