// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyNotice } from "../manager/lobby_event.ts";
import type { LobbyManager } from "../manager/lobby_manager.ts";
import { WorkQueue } from "../password/_work_queue.ts";
import { hashPassword, verifyPassword } from "../password/password.ts";
import type { LobbyRequestError } from "../wire/lobby_answer.ts";
import type { LobbyRequest } from "../wire/lobby_request.ts";
import type { Asker, ClientPushes } from "./_client_pushes.ts";
import { entered, hostedBy, type Operated, plain } from "./_operate.ts";
import type { Person } from "./_people.ts";
import { limited } from "./_refusal.ts";
import type { ServerCounters } from "./_server_counters.ts";
import type { ServerSettings } from "./_server_settings.ts";

/** How long a client that has to wait for others' passwords is told to wait. */
const HASHES_RETRY_MS = 1_000;

/** What it does through its server. */
export interface PasswordRequestsHost {
  /** Does something in the next tick. */
  defer(action: () => void): void;
  /** Takes what the manager has to tell. */
  takeEvents(): void;
  /** Who has entered may have gone meanwhile. */
  markAbsent(player: PlayerId): void;
  /** Answers what came of a request. */
  settle(
    asker: Asker,
    request: { readonly do: LobbyRequest["do"] },
    result: Operated,
  ): void;
}

/** Requests that wait for a password to be hashed or tried: both take long, and go on in a tick to come. */
export class PasswordRequests {
  readonly #manager: LobbyManager;
  readonly #pushes: ClientPushes;
  readonly #counters: ServerCounters;
  readonly #settings: ServerSettings;
  readonly #host: PasswordRequestsHost;
  readonly #hashes: WorkQueue;
  /** Who waits for an answer, by the number of the attempt. */
  readonly #attempts = new Map<number, Asker>();
  #nowMs = 0;

  constructor(
    manager: LobbyManager,
    pushes: ClientPushes,
    counters: ServerCounters,
    settings: ServerSettings,
    host: PasswordRequestsHost,
  ) {
    this.#manager = manager;
    this.#pushes = pushes;
    this.#counters = counters;
    this.#settings = settings;
    this.#host = host;
    this.#hashes = new WorkQueue(
      settings.maxConcurrentHashes,
      settings.maxWaitingHashes,
    );
  }

  /** How many passwords wait to be hashed. */
  get waiting(): number {
    return this.#hashes.waiting;
  }

  /** Lets time go by for how often a player may have passwords hashed. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Forgets what waits; resolves when what is being hashed is. */
  close(): Promise<void> {
    return this.#hashes.close();
  }

  /** Sets the password of the player's lobby, or takes it away. */
  set(
    person: Person,
    asker: Asker,
    password: string | null,
  ): void {
    const request = { do: "setPassword", password } as const;
    const { player } = person;
    const hosted = hostedBy(this.#manager, player);
    if (!hosted.isOk) {
      this.#pushes.refuse(asker, request, hosted.error);
      return;
    }
    const { id } = hosted.value;
    const set = (verifier: string | undefined): void =>
      this.#host.settle(
        asker,
        request,
        plain(this.#manager.setPassword(player, verifier)),
      );
    if (password === null) {
      person.lastPassword = undefined;
      set(undefined);
      return;
    }
    const own = {};
    const isTaken = this.hash(person, asker, request, password, (verifier) => {
      if (this.#manager.lobbyForPlayer(player)?.id !== id) {
        this.#pushes.refuse(asker, request, {
          type: "playerNotFound",
          player,
          message: "The player has left the lobby",
        });
      } else if (person.lastPassword === own) set(verifier);
      // What was asked for last counts, and not what has taken longest.
      else this.#pushes.done(asker, request, {});
    });
    if (isTaken) person.lastPassword = own;
  }

  /** Makes a verifier, and goes on with it in a tick to come; returns whether that was begun. */
  hash(
    person: Person,
    asker: Asker,
    request: LobbyRequest,
    password: string,
    goOn: (verifier: string) => void,
  ): boolean {
    if (!person.hashes.tryTake(1, this.#nowMs)) {
      const waitMs = person.hashes.waitMs(1, this.#nowMs);
      this.#pushes.refuse(asker, request, limited(waitMs));
      return false;
    }
    const isTaken = this.#hashes.push(async () => {
      const verifier = await hashPassword(
        password,
        this.#settings.iterations,
      );
      this.#counters.hashes++;
      this.#host.defer(() => goOn(verifier));
    });
    if (!isTaken) this.#pushes.refuse(asker, request, limited(HASHES_RETRY_MS));
    return isTaken;
  }

  /** Somebody wants to enter with a password: it is answered when that was tried. */
  wait(attempt: number, asker: Asker): void {
    this.#attempts.set(attempt, asker);
  }

  /** A password need not be tried any more. */
  refuse(attempt: number, error: LobbyRequestError): void {
    const asker = this.#attempts.get(attempt);
    if (asker === undefined) return;
    this.#attempts.delete(attempt);
    this.#pushes.refuse(asker, { do: "join" }, error);
  }

  /** Tries a password. */
  verify(notice: LobbyNotice & { type: "passwordToVerify" }): void {
    const { attempt, player, password, verifier } = notice;
    // How many there may be, the manager has seen to.
    this.#hashes.push(async () => {
      // Nobody waits for it any more.
      if (!this.#attempts.has(attempt)) return;
      const isRight = await verifyPassword(password, verifier);
      this.#counters.hashes++;
      this.#host.defer(() => this.#onVerified(attempt, player, isRight));
    }, true);
  }

  #onVerified(attempt: number, player: PlayerId, isRight: boolean): void {
    const answered = this.#manager.answerPassword(attempt, isRight);
    if (answered.isOk) this.#host.markAbsent(player);
    // The lobby first: who asks is in it when it is answered.
    this.#host.takeEvents();
    const asker = this.#attempts.get(attempt);
    if (asker === undefined) return;
    this.#attempts.delete(attempt);
    this.#host.settle(asker, { do: "join" }, entered(answered));
  }
}
