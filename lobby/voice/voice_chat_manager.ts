// This module is browser compatible.
import {
  checkFinite,
  checkInteger,
  isPlayerId,
  type PlayerId,
  type Vec3,
} from "../../core/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { TeamId } from "../team_id.ts";

/** To whom somebody talks. */
export type VoiceChannel =
  /** To everybody in the lobby. */
  | { readonly type: "lobby" }
  /** To the team, within the lobby; to nobody without a team. */
  | { readonly type: "team" }
  /** To one, wherever that one is. */
  | { readonly type: "direct"; readonly player: PlayerId };

/** Somebody who can be heard. */
export interface AudibleSpeaker {
  /** Who. */
  readonly player: PlayerId;
  /** By which channel. */
  readonly channel: VoiceChannel["type"];
  /** How loud, above 0 and up to 1: less than 1 only by proximity. */
  readonly gain: number;
}

/** How distance makes voices quieter. */
export interface VoiceProximity {
  /** From here on nobody is heard, in the game's unit of length: above 0. */
  readonly radius: number;
  /**
   * Up to here everybody is heard in full: 0 or more, below `radius`. Between the two
   * the gain falls in a straight line.
   *
   * @default {0}
   */
  readonly fullRadius?: number;
}

/** Options for {@linkcode VoiceChatManager}. */
export interface VoiceChatManagerOptions {
  /**
   * How many players it knows at most: 1 to 1048576.
   *
   * @default {65_536}
   */
  readonly maxPlayers?: number;
  /**
   * How many others each player can mute: 0 to 4096.
   *
   * @default {256}
   */
  readonly maxMutedPerPlayer?: number;
  /**
   * How many speakers one player hears at once, the loudest of all: 1 to 256.
   *
   * @default {16}
   */
  readonly maxAudible?: number;
  /**
   * Whether distance counts in the lobby channel; without it, it does not. Team and
   * direct channels are radios: they reach everywhere.
   */
  readonly proximity?: VoiceProximity;
}

/** What is known of a player. */
interface Talker {
  readonly player: PlayerId;
  /** Which came first, of those who are equally loud. */
  readonly order: number;
  readonly lobby: LobbyId;
  team: TeamId | undefined;
  channel: VoiceChannel;
  isSpeaking: boolean;
  isPushToTalk: boolean;
  isKeyPressed: boolean;
  isDeafened: boolean;
  isMutedForAll: boolean;
  position: Readonly<Vec3> | undefined;
  readonly muted: Set<PlayerId>;
}

const LOBBY_CHANNEL: VoiceChannel = Object.freeze({ type: "lobby" });

/**
 * Who hears whom: the state beside a voice service, which carries the sound. A server
 * tells it who is where and what each has switched, and forwards a voice to those who
 * hear it, or tells each client whom to let through.
 *
 * Somebody is heard who speaks, with the key pressed where there is push-to-talk, in a
 * channel that reaches the listener, and whom neither the listener nor a moderator has
 * muted. Who is deafened hears nobody, and can still be heard.
 *
 * Setters return whether something is different now, so that a server tells only that;
 * for a player who is not known, or values that are none, nothing is.
 *
 * @example A team that is not overheard
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { lobbyId, teamId, VoiceChatManager } from "@tickwire/net/lobby";
 *
 * const [ada, bob, cy] = [playerId("ada"), playerId("bob"), playerId("cy")];
 * const voice = new VoiceChatManager();
 * const lobby = lobbyId("friday");
 * voice.addPlayer(ada, lobby, teamId(0));
 * voice.addPlayer(bob, lobby, teamId(0));
 * voice.addPlayer(cy, lobby, teamId(1));
 *
 * voice.setChannel(ada, { type: "team" });
 * voice.setSpeaking(ada, true);
 * assertEquals(voice.audibleSpeakers(bob), [
 *   { player: ada, channel: "team", gain: 1 },
 * ]);
 * assertEquals(voice.audibleSpeakers(cy), []);
 * ```
 */
export class VoiceChatManager {
  readonly #maxPlayers: number;
  readonly #maxMutedPerPlayer: number;
  readonly #maxAudible: number;
  readonly #radius: number;
  readonly #fullRadius: number;
  readonly #talkers = new Map<PlayerId, Talker>();
  /** Who speaks, by the lobby they are in: all there is to look through. */
  readonly #speakersIn = new Map<LobbyId, Set<Talker>>();
  /** Who speaks to one player alone. */
  readonly #speakersTo = new Map<PlayerId, Set<Talker>>();
  #nextOrder = 1;

  /**
   * Creates a manager that knows nobody.
   *
   * @param options Its limits.
   * @throws {RangeError} If a number is outside its range.
   */
  constructor(options: VoiceChatManagerOptions = {}) {
    const {
      maxPlayers = 65_536,
      maxMutedPerPlayer = 256,
      maxAudible = 16,
      proximity,
    } = options;
    this.#maxPlayers = checkInteger("maxPlayers", maxPlayers, 1, 1_048_576);
    this.#maxMutedPerPlayer = checkInteger(
      "maxMutedPerPlayer",
      maxMutedPerPlayer,
      0,
      4096,
    );
    this.#maxAudible = checkInteger("maxAudible", maxAudible, 1, 256);
    if (proximity === undefined) {
      this.#radius = Infinity;
      this.#fullRadius = Infinity;
      return;
    }
    const { radius, fullRadius = 0 } = proximity;
    this.#radius = checkFinite("radius", radius);
    if (!(fullRadius >= 0 && fullRadius < radius)) {
      throw new RangeError(
        `Cannot use fullRadius as it must be 0 or more and below ${radius}, the radius: current value is ${fullRadius}`,
      );
    }
    this.#fullRadius = fullRadius;
  }

  /** How many players are known. */
  get playerCount(): number {
    return this.#talkers.size;
  }

  /**
   * Puts a player into a lobby, talking to everybody there. One that is known is moved,
   * and keeps what was switched and muted, but is silent at first.
   *
   * @param player Who.
   * @param lobby Where.
   * @param team In which team, if in one.
   * @returns Whether there was room.
   */
  addPlayer(player: PlayerId, lobby: LobbyId, team?: TeamId): boolean {
    const known = this.#talkers.get(player);
    if (known === undefined && this.#talkers.size >= this.#maxPlayers) {
      return false;
    }
    if (known !== undefined) this.#unlist(known);
    this.#talkers.set(player, {
      player,
      order: this.#nextOrder++,
      lobby,
      team,
      channel: LOBBY_CHANNEL,
      isSpeaking: false,
      isPushToTalk: known?.isPushToTalk ?? false,
      isKeyPressed: false,
      isDeafened: known?.isDeafened ?? false,
      isMutedForAll: known?.isMutedForAll ?? false,
      position: undefined,
      muted: known?.muted ?? new Set(),
    });
    return true;
  }

  /**
   * Forgets a player, with what was switched and muted.
   *
   * @param player Who.
   * @returns Whether there was one.
   */
  removePlayer(player: PlayerId): boolean {
    const talker = this.#talkers.get(player);
    if (talker === undefined) return false;
    this.#unlist(talker);
    return this.#talkers.delete(player);
  }

  /**
   * Puts a player into another team.
   *
   * @param player Who.
   * @param team Which; `undefined` for none.
   * @returns Whether it is another.
   */
  setTeam(player: PlayerId, team: TeamId | undefined): boolean {
    return this.#change(player, (talker) => {
      if (talker.team === team) return false;
      talker.team = team;
      return true;
    });
  }

  /**
   * Chooses to whom a player talks.
   *
   * @param player Who talks.
   * @param channel To whom; oneself is nobody.
   * @returns Whether it is another.
   */
  setChannel(player: PlayerId, channel: VoiceChannel): boolean {
    const { type } = channel;
    const target = type === "direct" ? channel.player : undefined;
    // It may be what a client has sent.
    const isChannel = type === "direct"
      ? isPlayerId(target) && target !== player
      : type === "lobby" || type === "team";
    if (!isChannel) return false;
    return this.#change(player, (talker) => {
      const last = talker.channel;
      const lastTarget = last.type === "direct" ? last.player : undefined;
      if (last.type === type && lastTarget === target) return false;
      talker.channel = target === undefined
        ? { type } as VoiceChannel
        : { type: "direct", player: target };
      return true;
    });
  }

  /**
   * Notes that a player begins or ends to speak.
   *
   * @param player Who.
   * @param isSpeaking Which.
   * @returns Whether it is different.
   */
  setSpeaking(player: PlayerId, isSpeaking: boolean): boolean {
    return this.#switch(player, "isSpeaking", isSpeaking);
  }

  /**
   * Chooses whether a player is heard only while a key is pressed.
   *
   * @param player Who.
   * @param isPushToTalk Whether so.
   * @returns Whether it is different.
   */
  setPushToTalk(player: PlayerId, isPushToTalk: boolean): boolean {
    return this.#switch(player, "isPushToTalk", isPushToTalk);
  }

  /**
   * Notes that a player presses the key for talking, or lets it go.
   *
   * @param player Who.
   * @param isPressed Which.
   * @returns Whether it is different.
   */
  setTalkKey(player: PlayerId, isPressed: boolean): boolean {
    return this.#switch(player, "isKeyPressed", isPressed);
  }

  /**
   * Lets a player hear nobody, or everybody again.
   *
   * @param player Who.
   * @param isDeafened Which.
   * @returns Whether it is different.
   */
  setDeafened(player: PlayerId, isDeafened: boolean): boolean {
    return this.#switch(player, "isDeafened", isDeafened);
  }

  /**
   * Lets nobody hear a player, or everybody again: for a microphone that is off, and for
   * moderators.
   *
   * @param player Who.
   * @param isMuted Which.
   * @returns Whether it is different.
   */
  setMutedForAll(player: PlayerId, isMuted: boolean): boolean {
    return this.#switch(player, "isMutedForAll", isMuted);
  }

  /**
   * Lets one player not hear another, who is not told and need not be known.
   *
   * @param listener Who is not to hear.
   * @param speaker Whom.
   * @param isMuted Whether so.
   * @returns Whether it is different: not if the listener has muted too many already.
   */
  setMuted(
    listener: PlayerId,
    speaker: PlayerId,
    isMuted: boolean,
  ): boolean {
    const muted = this.#talkers.get(listener)?.muted;
    if (muted === undefined || muted.has(speaker) === isMuted) return false;
    if (!isMuted) return muted.delete(speaker);
    if (muted.size >= this.#maxMutedPerPlayer) return false;
    muted.add(speaker);
    return true;
  }

  /**
   * Says where a player is, for proximity. Without a place, a player is near everybody.
   *
   * @param player Who.
   * @param position Where, which is copied; `undefined` for nowhere.
   * @returns Whether the player is known and the place is one.
   */
  setPosition(player: PlayerId, position: Readonly<Vec3> | undefined): boolean {
    const talker = this.#talkers.get(player);
    if (talker === undefined) return false;
    if (position === undefined) {
      talker.position = undefined;
      return true;
    }
    const { x, y, z } = position;
    if (![x, y, z].every(Number.isFinite)) return false;
    talker.position = { x, y, z };
    return true;
  }

  /**
   * Tells how loud one player hears another.
   *
   * @param listener Who hears.
   * @param speaker Whom.
   * @returns From 0 for not at all to 1. It counts every rule but `maxAudible`.
   */
  gain(listener: PlayerId, speaker: PlayerId): number {
    const to = this.#talkers.get(listener);
    const from = this.#talkers.get(speaker);
    return to === undefined || from === undefined || !isTalking(from)
      ? 0
      : this.#gain(to, from);
  }

  /**
   * Lists whom a player hears now.
   *
   * @param listener Who hears.
   * @returns The loudest first, at most `maxAudible`; of those who are equally loud the
   * one who was added first.
   */
  audibleSpeakers(listener: PlayerId): AudibleSpeaker[] {
    const to = this.#talkers.get(listener);
    if (to === undefined || to.isDeafened) return [];
    const heard: { from: Talker; gain: number }[] = [];
    for (
      const speakers of [
        this.#speakersIn.get(to.lobby),
        this.#speakersTo.get(listener),
      ]
    ) {
      for (const from of speakers ?? []) {
        const gain = this.#gain(to, from);
        if (gain > 0) heard.push({ from, gain });
      }
    }
    heard.sort((a, b) => b.gain - a.gain || a.from.order - b.from.order);
    return heard.slice(0, this.#maxAudible).map(({ from, gain }) => ({
      player: from.player,
      channel: from.channel.type,
      gain,
    }));
  }

  /** How loud somebody is heard who talks. */
  #gain(to: Talker, from: Talker): number {
    if (to === from || to.isDeafened || to.muted.has(from.player)) return 0;
    const { channel } = from;
    if (channel.type === "direct") return channel.player === to.player ? 1 : 0;
    if (to.lobby !== from.lobby) return 0;
    if (channel.type === "team") {
      return from.team !== undefined && from.team === to.team ? 1 : 0;
    }
    if (to.position === undefined || from.position === undefined) return 1;
    const distance = Math.hypot(
      to.position.x - from.position.x,
      to.position.y - from.position.y,
      to.position.z - from.position.z,
    );
    if (distance <= this.#fullRadius) return 1;
    if (distance >= this.#radius) return 0;
    return (this.#radius - distance) / (this.#radius - this.#fullRadius);
  }

  #switch(
    player: PlayerId,
    name:
      | "isSpeaking"
      | "isPushToTalk"
      | "isKeyPressed"
      | "isDeafened"
      | "isMutedForAll",
    value: boolean,
  ): boolean {
    return this.#change(player, (talker) => {
      if (talker[name] === value) return false;
      talker[name] = value;
      return true;
    });
  }

  /** Changes a player, and lists those anew who talk. */
  #change(player: PlayerId, change: (talker: Talker) => boolean): boolean {
    const talker = this.#talkers.get(player);
    if (talker === undefined) return false;
    this.#unlist(talker);
    const isChanged = change(talker);
    this.#list(talker);
    return isChanged;
  }

  #list(talker: Talker): void {
    if (!isTalking(talker)) return;
    const { channel, lobby } = talker;
    if (channel.type === "direct") {
      addTo(this.#speakersTo, channel.player, talker);
    } else {
      addTo(this.#speakersIn, lobby, talker);
    }
  }

  #unlist(talker: Talker): void {
    const { channel, lobby } = talker;
    if (channel.type === "direct") {
      removeFrom(this.#speakersTo, channel.player, talker);
    } else {
      removeFrom(this.#speakersIn, lobby, talker);
    }
  }
}

function isTalking(talker: Talker): boolean {
  const { isSpeaking, isPushToTalk, isKeyPressed, isMutedForAll } = talker;
  return isSpeaking && !isMutedForAll && (!isPushToTalk || isKeyPressed);
}

function addTo<K>(lists: Map<K, Set<Talker>>, key: K, talker: Talker): void {
  let list = lists.get(key);
  if (list === undefined) {
    list = new Set();
    lists.set(key, list);
  }
  list.add(talker);
}

function removeFrom<K>(
  lists: Map<K, Set<Talker>>,
  key: K,
  talker: Talker,
): void {
  const list = lists.get(key);
  if (list?.delete(talker) && list.size === 0) lists.delete(key);
}
