// This module is browser compatible.
import type { Member } from "../mux/control_message.ts";
import type { Backplane } from "./backplane.ts";
import {
  ENVELOPE_OVERHEAD_BYTES,
  EnvelopeReader,
  type EnvelopeSink,
  EnvelopeWriter,
  HUB_ID_BYTES,
} from "./_envelope.ts";
import type { HubCounters } from "./_hub_counters.ts";

/** What the link does with what the other hubs say, and asks of its own. */
export interface LinkHost {
  /** A message for the hub's own subscribers; the bytes are valid during the call. */
  onMessage(channel: string, bytes: Uint8Array, isText: boolean): void;
  /** A player is at another hub. */
  onJoined(channel: string, member: Member): void;
  /** A player is there no longer. */
  onLeft(channel: string, playerId: string): void;
  /** The hub's own players, by channel. */
  localMembers(): Iterable<readonly [channel: string, member: Member]>;
}

/** After so long without anything else to say, a hub says that it is there. */
const HEARTBEAT_SECONDS = 5;
/** A hub that was not heard of for so long is dead: two heartbeats may be lost. */
const EXPIRY_SECONDS = 16;
/** What a single tick adds to a silence: the hub itself may have been suspended. */
const MAX_SILENCE_STEP_SECONDS = 1;
/** All who ask within it get one answer. */
const ANSWER_SECONDS = 1;
/** What is collected during a tick leaves earlier if it is more than that. */
const FLUSH_BYTES = 65_536;
const MAX_HUBS = 256;
const MAX_MEMBERS_PER_HUB = 262_144;
const ALL_HUBS = new Uint8Array(HUB_ID_BYTES);

/** Another hub. */
class Peer {
  readonly id: Uint8Array;
  /** Its players by channel, each with the state that it was last part of. */
  readonly members = new Map<string, Map<string, number>>();
  memberCount = 0;
  /** The number of its last envelope. */
  last = 0;
  silentSeconds = 0;
  /** Whether something of it was missed, so that its players are not known. */
  isStateWanted = false;
  askWaitSeconds = 0;
  /** Counts its states. */
  state = 0;
  isStateComing = false;

  constructor(id: Uint8Array) {
    this.id = id;
  }
}

/**
 * A hub's end of the backplane: collects what is to be told during a tick, numbers it,
 * and keeps what the other hubs have told. A number that is missing means that
 * something was lost; then the other hub is asked who is there.
 */
export class BackplaneLink {
  readonly #backplane: Backplane;
  readonly #host: LinkHost;
  readonly #counters: HubCounters;
  readonly #maxMessageBytes: number;
  readonly #id = crypto.getRandomValues(new Uint8Array(HUB_ID_BYTES));
  readonly #key = keyOf(this.#id);
  readonly #writer: EnvelopeWriter;
  readonly #reader = new EnvelopeReader();
  readonly #sink: EnvelopeSink;
  readonly #peers = new Map<string, Peer>();
  readonly #unsubscribe: () => void;
  /** Whose envelope is read. */
  #peer = new Peer(this.#id);
  #number = 1;
  #headerBytes = 0;
  #quietSeconds = 0;
  #isAsked = false;
  #answerWaitSeconds = 0;
  #isClosed = false;

  constructor(
    backplane: Backplane,
    maxMessageBytes: number,
    counters: HubCounters,
    host: LinkHost,
  ) {
    this.#backplane = backplane;
    this.#maxMessageBytes = maxMessageBytes;
    this.#counters = counters;
    this.#host = host;
    this.#writer = new EnvelopeWriter(this.#maxEnvelopeBytes);
    this.#sink = this.#makeSink();
    this.#begin();
    this.#writer.ask(ALL_HUBS);
    this.#unsubscribe = backplane.subscribe((bytes) => this.#receive(bytes));
  }

  /** How many other hubs are there. */
  get hubCount(): number {
    return this.#peers.size;
  }

  message(channel: string, bytes: Uint8Array, isText: boolean): void {
    this.#makeRoom(bytes.length);
    this.#writer.message(channel, bytes, isText);
  }

  joined(channel: string, member: Member): void {
    this.#makeRoom(ENVELOPE_OVERHEAD_BYTES);
    this.#writer.joined(channel, member);
  }

  left(channel: string, playerId: string): void {
    this.#makeRoom(ENVELOPE_OVERHEAD_BYTES);
    this.#writer.left(channel, playerId);
  }

  /** Gives what was collected to the others, and lets go of those who are silent. */
  tick(dt: number): void {
    if (this.#isClosed) return;
    const step = Math.min(dt, MAX_SILENCE_STEP_SECONDS);
    for (const [key, peer] of this.#peers) {
      peer.silentSeconds += step;
      if (peer.silentSeconds > EXPIRY_SECONDS) this.#forget(key, peer);
      else if (peer.isStateWanted) this.#askPeer(peer, dt);
    }
    this.#answerWaitSeconds -= dt;
    if (this.#isAsked && this.#answerWaitSeconds <= 0) this.#answer();
    this.#quietSeconds += dt;
    const isEmpty = this.#writer.length === this.#headerBytes;
    if (!isEmpty || this.#quietSeconds >= HEARTBEAT_SECONDS) this.#flush();
  }

  /** Tells the others that this hub is gone. The backplane stays open. */
  close(): void {
    if (this.#isClosed) return;
    this.#makeRoom(1);
    this.#writer.bye();
    this.#flush();
    this.#isClosed = true;
    this.#unsubscribe();
  }

  get #maxEnvelopeBytes(): number {
    return Math.max(this.#maxMessageBytes, FLUSH_BYTES) +
      2 * ENVELOPE_OVERHEAD_BYTES;
  }

  #begin(): void {
    this.#writer.begin(this.#id, this.#number);
    this.#headerBytes = this.#writer.length;
  }

  #makeRoom(byteCount: number): void {
    const { length } = this.#writer;
    const isEmpty = length === this.#headerBytes;
    if (!isEmpty && length + byteCount > FLUSH_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#isClosed) return this.#begin();
    const envelope = this.#writer.view();
    if (this.#give(envelope)) {
      this.#counters.envelopesOut += 1;
      this.#counters.envelopeBytesOut += envelope.length;
    } else {
      // The others see that its number is missing.
      this.#counters.envelopesRefused += 1;
    }
    this.#number += 1;
    this.#quietSeconds = 0;
    this.#begin();
  }

  #give(envelope: Uint8Array): boolean {
    try {
      return this.#backplane.publish(envelope);
    } catch {
      // It is the game's own, and must not break the frame.
      return false;
    }
  }

  #askPeer(peer: Peer, dt: number): void {
    peer.askWaitSeconds -= dt;
    if (peer.askWaitSeconds > 0) return;
    peer.askWaitSeconds = HEARTBEAT_SECONDS;
    this.#makeRoom(ENVELOPE_OVERHEAD_BYTES);
    this.#writer.ask(peer.id);
  }

  #answer(): void {
    this.#isAsked = false;
    this.#answerWaitSeconds = ANSWER_SECONDS;
    this.#makeRoom(1);
    this.#writer.stateBegins();
    for (const [channel, member] of this.#host.localMembers()) {
      this.joined(channel, member);
    }
    this.#makeRoom(1);
    this.#writer.stateEnds();
  }

  #receive(envelope: Uint8Array): void {
    const counters = this.#counters;
    const reader = this.#reader;
    if (this.#isClosed) return;
    if (
      envelope.length > this.#maxEnvelopeBytes || !reader.open(envelope)
    ) {
      counters.envelopesMalformed += 1;
      return;
    }
    const key = keyOf(reader.hub);
    if (key === this.#key) return;
    const peer = this.#peers.get(key) ?? this.#meet(key, reader.hub);
    if (peer === undefined) {
      counters.envelopesUnknown += 1;
      return;
    }
    if (reader.number <= peer.last) {
      counters.envelopesRepeated += 1;
      return;
    }
    counters.envelopesIn += 1;
    counters.envelopeBytesIn += envelope.length;
    if (reader.number !== peer.last + 1) {
      // What a hub said before it was met is not lost, but must be asked for too.
      if (peer.last > 0) {
        counters.envelopesLost += reader.number - peer.last - 1;
      }
      peer.isStateWanted = true;
      peer.isStateComing = false;
    }
    peer.last = reader.number;
    peer.silentSeconds = 0;
    this.#peer = peer;
    reader.read(this.#sink);
  }

  #meet(key: string, id: Uint8Array): Peer | undefined {
    if (this.#peers.size >= MAX_HUBS) return undefined;
    const peer = new Peer(id.slice());
    this.#peers.set(key, peer);
    return peer;
  }

  #makeSink(): EnvelopeSink {
    return {
      message: (channel, bytes, isText) =>
        this.#host.onMessage(channel, bytes, isText),
      joined: (channel, member) => this.#onJoined(this.#peer, channel, member),
      left: (channel, playerId) => this.#onLeft(this.#peer, channel, playerId),
      ask: (hub) => {
        const key = keyOf(hub);
        if (key === this.#key || key === ALL_KEY) this.#isAsked = true;
      },
      stateBegins: () => {
        this.#peer.state += 1;
        this.#peer.isStateComing = true;
      },
      stateEnds: () => this.#onStateEnd(this.#peer),
      bye: () => this.#forget(keyOf(this.#peer.id), this.#peer),
    };
  }

  #onJoined(peer: Peer, channel: string, member: Member): void {
    let players = peer.members.get(channel);
    if (players?.has(member.playerId)) {
      players.set(member.playerId, peer.state);
      return;
    }
    if (peer.memberCount >= MAX_MEMBERS_PER_HUB) {
      this.#counters.membersRefused += 1;
      return;
    }
    if (players === undefined) {
      players = new Map();
      peer.members.set(channel, players);
    }
    players.set(member.playerId, peer.state);
    peer.memberCount += 1;
    this.#host.onJoined(channel, member);
  }

  #onLeft(peer: Peer, channel: string, playerId: string): void {
    const players = peer.members.get(channel);
    if (!players?.delete(playerId)) return;
    if (players.size === 0) peer.members.delete(channel);
    peer.memberCount -= 1;
    this.#host.onLeft(channel, playerId);
  }

  /** Who was not part of the state has left unheard. */
  #onStateEnd(peer: Peer): void {
    // Without its beginning it is not all of them.
    if (!peer.isStateComing) return;
    peer.isStateComing = false;
    peer.isStateWanted = false;
    for (const [channel, players] of peer.members) {
      for (const [playerId, state] of players) {
        if (state !== peer.state) this.#onLeft(peer, channel, playerId);
      }
    }
  }

  #forget(key: string, peer: Peer): void {
    this.#peers.delete(key);
    for (const [channel, players] of peer.members) {
      for (const playerId of players.keys()) {
        this.#onLeft(peer, channel, playerId);
      }
    }
  }
}

function keyOf(id: Uint8Array): string {
  return String.fromCharCode(...id);
}

const ALL_KEY = keyOf(ALL_HUBS);
