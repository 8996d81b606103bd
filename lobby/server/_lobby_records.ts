// This module is browser compatible.
import type { LobbyId } from "../lobby_id.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyManager } from "../manager/lobby_manager.ts";
import type { LobbyRecord, LobbyRecordKey } from "../store/lobby_store.ts";
import { isCount } from "../wire/_shape.ts";
import type { Chat } from "./_chat.ts";
import type { ClusterGate } from "./_cluster_gate.ts";
import type { Matchmaker } from "./_matchmaker.ts";
import type { Outbox } from "./_outbox.ts";
import type { People } from "./_people.ts";

/** What came of records that were stored. */
export interface RestoredRecords {
  readonly lobbies: number;
  readonly tickets: number;
  readonly refused: readonly {
    readonly key: string;
    readonly reason: string;
  }[];
}

/** Whose records they are. */
export interface LobbyRecordsHost {
  readonly manager: LobbyManager;
  readonly chat: Chat;
  readonly people: People;
  readonly matchmaker: Matchmaker;
  readonly gate: ClusterGate | undefined;
  readonly outbox: Outbox;
  /** A lobby is here again, or gone already. */
  onRestored(id: LobbyId, lobby: Lobby | undefined): void;
}

/** What is kept of lobbies and tickets, and of what a cluster has to know: written for the store, and gone on with from there. */
export class LobbyRecords {
  readonly #host: LobbyRecordsHost;
  /** Lobbies that are being handed over, as they are stored. */
  readonly #moving = new Map<LobbyId, string>();

  constructor(host: LobbyRecordsHost) {
    this.#host = host;
  }

  /** Goes on with what was stored. */
  restore(records: readonly LobbyRecord[]): RestoredRecords {
    const refused: { key: string; reason: string }[] = [];
    let lobbies = 0;
    for (const { kind, key, value } of records) {
      if (kind !== "lobby") continue;
      const reason = this.restoreLobby(key, value);
      if (reason === undefined) lobbies++;
      else refused.push({ key, reason });
    }
    const tickets = this.#host.matchmaker.restore(records, refused);
    this.#host.gate?.onRecords(records);
    return { lobbies, tickets, refused };
  }

  /** Goes on with a lobby; returns why it cannot be restored, if it cannot. */
  restoreLobby(key: string, value: string): string | undefined {
    const restored = this.#restore(key, value);
    if (typeof restored === "string") return restored;
    const { id } = restored;
    // Nobody is there to be told, and the game is told that all of it is restored.
    for (const event of this.#host.manager.drainEvents()) {
      if ("version" in event) this.#host.outbox.touch("lobby", event.lobby);
    }
    this.#host.onRestored(id, this.#host.manager.lobby(id));
    return undefined;
  }

  /**
   * Goes on with a lobby that was held, if that is possible; tells whether. What its people have done meanwhile is left to be
   * taken from the manager, as they are there.
   */
  takeBack(id: LobbyId): boolean {
    const value = this.#moving.get(id)!;
    this.#moving.delete(id);
    this.#host.outbox.touch("lobby", id);
    const restored = this.#restore(id, value);
    if (typeof restored === "string") return false;
    this.#host.onRestored(id, restored);
    return true;
  }

  /** Gives the manager a lobby, and tells it who is there; returns the lobby as it was before that, or what is wrong. */
  #restore(key: string, value: string): Lobby | string {
    let snapshot: unknown;
    try {
      snapshot = JSON.parse(value);
    } catch {
      return "it is no JSON";
    }
    const named = snapshot as { readonly lobby?: { readonly id?: unknown } };
    if ((named?.lobby?.id ?? key) !== key) return "it is another lobby";
    const restored = this.#host.manager.restore(snapshot);
    if (!restored.isOk) return restored.error.message;
    const lobby = restored.value;
    const { chatNumber } = snapshot as { readonly chatNumber?: unknown };
    if (isCount(chatNumber)) {
      this.#host.chat.goOn(lobby.id, chatNumber as number);
    }
    this.#host.gate?.onCodes(
      lobby.id,
      this.#host.manager.invites(lobby.id).map(({ code }) => code),
    );
    // Hardly anybody is connected; they have their time to come back from now on.
    for (const { id, isConnected } of [...lobby.players, ...lobby.spectators]) {
      const isOnline = this.#host.people.get(id)?.isOnline === true;
      if (isConnected !== isOnline) {
        this.#host.manager.setConnected(id, isOnline);
      }
    }
    return lobby;
  }

  /** What is to be kept of a record; `undefined` if it is gone. */
  valueOf({ kind, key }: LobbyRecordKey): string | undefined {
    if (kind === "ticket") return this.#host.matchmaker.valueOf(key);
    if (kind === "server") return this.#host.gate?.valueOf(key);
    const moving = this.#moving.get(key as LobbyId);
    if (moving !== undefined) return moving;
    const id = key as LobbyId;
    this.#host.gate?.onCodes(
      id,
      this.#host.manager.invites(id).map(({ code }) => code),
    );
    return this.#write(id);
  }

  /** Keeps a lobby as it is now until it is released, as it is being handed over; returns that. */
  hold(id: LobbyId): string | undefined {
    const value = this.#write(id);
    if (value !== undefined) this.#moving.set(id, value);
    return value;
  }

  /** A lobby is at the other server. */
  release(id: LobbyId): void {
    this.#moving.delete(id);
  }

  /** All that is kept of a lobby: what the manager has, and the number of what was said last. */
  #write(id: LobbyId): string | undefined {
    const snapshot = this.#host.manager.snapshot(id);
    const chatNumber = this.#host.chat.numberOf(id);
    return snapshot === undefined ? undefined : JSON.stringify(
      chatNumber === 0 ? snapshot : { ...snapshot, chatNumber },
    );
  }
}
