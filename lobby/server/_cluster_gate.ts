// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyCluster, LobbyPlace } from "../cluster/lobby_cluster.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyRecord, LobbyRecordKey } from "../store/lobby_store.ts";
import type { LobbyRequestError } from "../wire/lobby_answer.ts";
import type { LobbyRequest } from "../wire/lobby_request.ts";
import type { LobbySocket, Person } from "./_people.ts";

/** What it asks its server. */
export interface ClusterGateHost {
  hasLobby(id: LobbyId): boolean;
  hasQueue(name: string): boolean;
  /** Whether a player is in a lobby here. */
  isInLobby(player: PlayerId): boolean;
  /** Whether a player is in a lobby or waits for a match here. */
  isSeated(player: PlayerId): boolean;
  /** Why a player cannot wait for a match now, alone or with the whole lobby. */
  objection(
    player: PlayerId,
    request: LobbyRequest & { do: "enqueue" },
  ): LobbyRequestError | undefined;
  /** What a player has told of latencies, as text; empty if nothing. */
  latenciesOf(player: PlayerId): string;
  takeLatencies(player: PlayerId, text: string): void;
  /** Hands a player's lobby over to another server; returns whether that was begun. */
  move(player: PlayerId, place: Elsewhere): boolean;
  /** A record of this kind, `server`, is otherwise now. */
  touch(key: string): void;
  /** Does something in the next tick. */
  defer(action: () => void): void;
}

/** Another server. */
export type Elsewhere = LobbyPlace & { readonly type: "elsewhere" };

/** A request that waits for the one before it of the same player. */
interface Waiting {
  readonly socket: LobbySocket;
  readonly request: LobbyRequest;
  readonly go: () => void;
  readonly refuse: (error: LobbyRequestError) => void;
  /** How often it is asked yet where something is, if that is not known. */
  tries?: number;
}

/** What came of asking; `undefined` if the request may be carried out. */
type Verdict =
  | { readonly error: LobbyRequestError }
  /** The lobby goes there first. */
  | { readonly move: Elsewhere }
  | { readonly isSeat: boolean; readonly queue?: string };

/** The most requests of a player that wait. */
const MAX_WAITING = 64;
/** When somebody is to ask again. */
const RETRY_MS = 500;
/** How often, and how many milliseconds apart, it is asked here before that is said. */
const TRIES = 6;
const TRY_AGAIN_MS = 250;

const GO: Verdict = { isSeat: false };
const SIT: Verdict = { isSeat: true };
const LATER: Verdict & { readonly error: LobbyRequestError } = {
  error: {
    type: "unavailable",
    retryAfterMs: RETRY_MS,
    message: "It is not known yet which server has it",
  },
};

/**
 * Sees to it that a player, a lobby and a queue are at one server of several: before a request is carried out, what it
 * needs is claimed, or its client is told where it is. Requests of a player keep their order.
 */
export class ClusterGate {
  readonly #cluster: LobbyCluster;
  readonly #host: ClusterGateHost;
  /** The players that are this server's. */
  readonly #seats = new Set<PlayerId>();
  readonly #queues = new Set<string>();
  readonly #codes = new Map<string, LobbyId>();
  readonly #codesOf = new Map<LobbyId, readonly string[]>();
  readonly #lines = new Map<Person, Waiting[]>();
  /** Whose lobby is being handed over. */
  readonly #moving = new Set<PlayerId>();
  readonly #movingCodes = new Map<string, LobbyId>();
  readonly #later = new Set<{ leftMs: number; readonly go: () => void }>();
  /** How many clients were sent elsewhere. */
  redirected = 0;

  constructor(cluster: LobbyCluster, host: ClusterGateHost) {
    this.#cluster = cluster;
    this.#host = host;
  }

  /** Asks again what was not known before. */
  tick(dt: number): void {
    for (const later of this.#later) {
      if ((later.leftMs -= dt * 1_000) > 0) continue;
      this.#later.delete(later);
      later.go();
    }
  }

  /** A lobby is being handed over: what its people ask for waits. Returns what goes with it. */
  beginMove(
    lobby: LobbyId,
    first: PlayerId,
    players: readonly PlayerId[],
    people: readonly Person[],
  ): LobbyRecord[] {
    // Whose party asks may be there before the others' clients are, and tell what is needed of them.
    const records: LobbyRecord[] = [
      first,
      ...players.filter((player) => player !== first),
    ].map((player) => ({
      ...seatOf(player),
      value: this.#host.latenciesOf(player),
    }));
    for (const player of players) this.#moving.add(player);
    for (const person of people) {
      if (!this.#lines.has(person)) this.#lines.set(person, []);
    }
    for (const code of this.#codesOf.get(lobby) ?? []) {
      records.push({ ...codeOf(code), value: lobby });
      this.#codes.delete(code);
      this.#movingCodes.set(code, lobby);
    }
    this.#codesOf.delete(lobby);
    return records;
  }

  /** It has been, to a server that clients reach there; or it is here again, as that one is dead. */
  endMove(
    lobby: LobbyId,
    players: readonly PlayerId[],
    people: readonly Person[],
    url: string | undefined,
  ): void {
    for (const player of players) {
      this.#moving.delete(player);
      if (url !== undefined) this.#seats.delete(player);
    }
    for (const [code, other] of this.#movingCodes) {
      if (other === lobby) this.#movingCodes.delete(code);
    }
    const inLine = [...this.#lines.keys()]
      .filter(({ player }) => players.includes(player));
    for (const person of new Set([...people, ...inLine])) {
      if (url !== undefined) {
        for (const socket of person.sockets) socket.elsewhere = url;
      }
      if (this.#lines.has(person)) this.#goOn(person);
    }
  }

  /** Carries a request out, now or later, or refuses it. */
  pass(waiting: Waiting): void {
    const { person } = waiting.socket;
    // Who has come meanwhile would be told to be in no lobby.
    if (this.#moving.has(person.player) && !this.#lines.has(person)) {
      this.#lines.set(person, []);
    }
    const line = this.#lines.get(person);
    if (line === undefined) this.#begin(waiting);
    else if (line.length < MAX_WAITING) line.push(waiting);
    else waiting.refuse(LATER.error);
  }

  /** Records are this server's from now on: which players and queues are among them. */
  onRecords(records: readonly LobbyRecord[]): void {
    for (const { kind, key, value } of records) {
      if (kind !== "server") continue;
      const [type, name] = split(key);
      if (type === "queue") this.#queues.add(name);
      if (type === "code") this.#host.touch(key);
      if (type !== "seat") continue;
      this.#seats.add(name as PlayerId);
      this.#host.takeLatencies(name as PlayerId, value);
      // Of whom nothing else is there has no seat.
      this.#host.touch(key);
    }
  }

  /** What another server has cannot be had here: tells which player that is, if it is one. */
  onTaken(key: string): PlayerId | undefined {
    const [type, name] = split(key);
    if (type !== "seat") return undefined;
    this.#seats.delete(name as PlayerId);
    return name as PlayerId;
  }

  /** Players have sat down, by a request or as the game wanted it; or have got up. */
  onSeats(players: readonly PlayerId[]): void {
    for (const player of players) {
      if (this.#host.isSeated(player)) this.#seats.add(player);
      this.#host.touch(seatOf(player).key);
    }
  }

  /** A lobby has these invite codes from now on. */
  onCodes(lobby: LobbyId, codes: readonly string[]): void {
    const before = this.#codesOf.get(lobby) ?? [];
    for (const code of before) {
      if (codes.includes(code)) continue;
      this.#codes.delete(code);
      this.#host.touch(codeOf(code).key);
    }
    for (const code of codes) {
      if (this.#codes.has(code)) continue;
      this.#codes.set(code, lobby);
      this.#host.touch(codeOf(code).key);
    }
    if (codes.length === 0) this.#codesOf.delete(lobby);
    else this.#codesOf.set(lobby, codes);
  }

  /** What is to be kept of a record. */
  valueOf(key: string): string | undefined {
    const [type, name] = split(key);
    switch (type) {
      case "seat":
        if (
          this.#host.isSeated(name as PlayerId) ||
          this.#moving.has(name as PlayerId)
        ) return "";
        this.#seats.delete(name as PlayerId);
        return undefined;
      case "code":
        return this.#codes.get(name) ?? this.#movingCodes.get(name);
      case "queue":
        return this.#queues.has(name) ? "" : undefined;
      default:
        return undefined;
    }
  }

  /** Begins with a request; tells whether that is all. */
  #begin(waiting: Waiting): boolean {
    const { socket, request, go, refuse } = waiting;
    const { person } = socket;
    // Once a client is sent away, what it has asked for since is asked for there.
    if (request.do === "hello") socket.elsewhere = undefined;
    else if (socket.elsewhere !== undefined) {
      refuse(elsewhere(socket.elsewhere));
      return true;
    }
    const question = this.#questionOf(person.player, request);
    if (question === undefined) {
      go();
      return true;
    }
    if (!this.#lines.has(person)) this.#lines.set(person, []);
    question.then((verdict) => {
      this.#host.defer(() => this.#decide(waiting, verdict));
    });
    return false;
  }

  #decide(waiting: Waiting, verdict: Verdict): void {
    const { person } = waiting.socket;
    const { tries = TRIES } = waiting;
    if ("move" in verdict) {
      if (this.#host.move(person.player, verdict.move)) {
        // It is sent there when the lobby is there.
        this.#lines.get(person)!.unshift(waiting);
        return;
      }
      waiting.refuse(LATER.error);
      this.#goOn(person);
      return;
    }
    const isUnknown = "error" in verdict &&
      verdict.error.type === "unavailable";
    if (isUnknown && tries > 1) {
      this.#later.add({
        leftMs: TRY_AGAIN_MS,
        go: () => {
          if (this.#begin({ ...waiting, tries: tries - 1 })) {
            this.#goOn(person);
          }
        },
      });
      return;
    }
    this.#onVerdict(waiting, verdict);
    this.#goOn(person);
  }

  #goOn(person: Person): void {
    const line = this.#lines.get(person);
    // It goes on when the lobby is there.
    if (line === undefined || this.#moving.has(person.player)) return;
    while (line.length > 0) {
      if (!this.#begin(line.shift()!)) return;
    }
    this.#lines.delete(person);
  }

  #onVerdict(
    { socket, go, refuse }: Waiting,
    verdict: Exclude<Verdict, { readonly move: Elsewhere }>,
  ): void {
    const { player } = socket.person;
    if ("error" in verdict) {
      const { error } = verdict;
      if (error.type === "elsewhere") {
        this.redirected++;
        socket.elsewhere = error.url;
      }
      refuse(error);
      return;
    }
    if (verdict.queue !== undefined) this.#queues.add(verdict.queue);
    if (verdict.isSeat) {
      this.#seats.add(player);
      this.#host.touch(seatOf(player).key);
    }
    go();
  }

  #questionOf(
    player: PlayerId,
    request: LobbyRequest,
  ): Promise<Verdict> | undefined {
    const isHere = this.#seats.has(player);
    switch (request.do) {
      case "hello":
        return isHere ? undefined : this.#greet(player);
      case "create":
        return isHere ? undefined : this.#sit(player);
      case "join": {
        const { code, lobby } = request;
        // The rules refuse these.
        if (this.#host.isInLobby(player)) return undefined;
        if (code !== undefined) {
          return this.#codes.has(code) && isHere
            ? undefined
            : this.#find(player, codeOf(code));
        }
        if (lobby === undefined) return undefined;
        if (this.#host.hasLobby(lobby)) {
          return isHere ? undefined : this.#sit(player);
        }
        return this.#find(player, { kind: "lobby", key: lobby });
      }
      case "enqueue": {
        const { queue } = request;
        if (!this.#host.hasQueue(queue)) return undefined;
        // The rules refuse it here as they would there.
        if (this.#host.objection(player, request) !== undefined) {
          return isHere ? undefined : this.#sit(player);
        }
        if (!this.#queues.has(queue)) return this.#wait(player, queue);
        return isHere ? undefined : this.#sit(player);
      }
      default:
        return undefined;
    }
  }

  /** Where a player is whom this server does not know. */
  async #greet(player: PlayerId): Promise<Verdict> {
    const place = await this.#cluster.locate(seatOf(player));
    // It may have been claimed here, and the word of that lost.
    if (place.type === "here") return await this.#sit(player);
    return place.type === "nowhere" ? GO : away(place);
  }

  async #sit(player: PlayerId): Promise<Verdict> {
    if (this.#seats.has(player)) return GO;
    const place = await this.#cluster.claim(seatOf(player));
    // What has been this server's without its knowing is about to come.
    return place.type === "here" && place.isNew ? SIT : away(place);
  }

  async #find(player: PlayerId, record: LobbyRecordKey): Promise<Verdict> {
    const place = await this.#cluster.locate(record);
    switch (place.type) {
      case "nowhere":
        return GO;
      case "here":
        return record.kind === "server" ||
            this.#host.hasLobby(record.key as LobbyId)
          ? await this.#sit(player)
          : LATER;
      case "elsewhere":
        // It would be sent back.
        return this.#seats.has(player) ? waits(player) : away(place);
      case "unknown":
        return LATER;
    }
  }

  /** A player wants to wait in a queue: at the server that has it, and the match is made there. */
  async #wait(player: PlayerId, queue: string): Promise<Verdict> {
    const place = await this.#cluster.claim({
      kind: "server",
      key: `queue:${queue}`,
    });
    if (place.type === "here") {
      const verdict = await this.#sit(player);
      return "error" in verdict ? verdict : { ...verdict, queue };
    }
    return place.type === "elsewhere" && this.#host.isInLobby(player)
      ? { move: place }
      : away(place);
  }
}

function seatOf(player: PlayerId): LobbyRecordKey {
  return { kind: "server", key: `seat:${player}` };
}

function codeOf(code: string): LobbyRecordKey {
  return { kind: "server", key: `code:${code}` };
}

function split(key: string): [string, string] {
  const at = key.indexOf(":");
  return [key.slice(0, at), key.slice(at + 1)];
}

function away(place: LobbyPlace): Verdict {
  return place.type === "elsewhere" ? { error: elsewhere(place.url) } : LATER;
}

function elsewhere(url: string): LobbyRequestError & { type: "elsewhere" } {
  return { type: "elsewhere", url, message: "Another server has it" };
}

function waits(player: PlayerId): Verdict {
  return {
    error: {
      type: "matchmakingError",
      reason: "alreadyQueued",
      message: `Player "${player}" waits for a match`,
    },
  };
}
