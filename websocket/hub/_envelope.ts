// This module is browser compatible.
import { isPlayerId } from "../../core/mod.ts";
import { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import type { Member } from "../mux/control_message.ts";
import { MAX_NAME_BYTES } from "../mux/record.ts";

/** The version of what hubs say to each other. */
export const ENVELOPE_VERSION = 1;
/** The bytes of a hub's id. */
export const HUB_ID_BYTES = 16;
/** The most bytes of what others see of a member. */
export const MAX_DISPLAY_BYTES = 128;
/** What the header and a message's fields take at most, besides its bytes. */
export const ENVELOPE_OVERHEAD_BYTES = 192;

const MESSAGE = 1;
const JOINED = 2;
const LEFT = 3;
const ASK = 4;
const STATE_BEGINS = 5;
const STATE_ENDS = 6;
const BYE = 7;
const MAX_PLAYER_BYTES = 64;

/** What the records of an envelope are given to, in their order. */
export interface EnvelopeSink {
  /** A message was published. The bytes are the envelope's. */
  message(channel: string, bytes: Uint8Array, isText: boolean): void;
  /** A player has a client at the hub now. */
  joined(channel: string, member: Member): void;
  /** A player has none there any more. */
  left(channel: string, playerId: string): void;
  /** The hub wants to know who is at this one, or at all if it is zero. */
  ask(hub: Uint8Array): void;
  /** All members of the hub follow. */
  stateBegins(): void;
  /** These were all. */
  stateEnds(): void;
  /** The hub is gone. */
  bye(): void;
}

/** Writes envelopes into one buffer: `begin`, the records, `view`. */
export class EnvelopeWriter {
  readonly #writer: ByteWriter;

  constructor(maxBytes: number) {
    this.#writer = new ByteWriter({ maxBytes });
  }

  get length(): number {
    return this.#writer.length;
  }

  /** The envelope, which changes with the next `begin`. */
  view(): Uint8Array {
    return this.#writer.view();
  }

  begin(hub: Uint8Array, number: number): void {
    this.#writer.reset();
    this.#writer.u8(ENVELOPE_VERSION);
    this.#writer.raw(hub);
    this.#writer.varint(number);
  }

  message(channel: string, bytes: Uint8Array, isText: boolean): void {
    this.#writer.u8(MESSAGE);
    this.#writer.string(channel);
    this.#writer.u8(isText ? 1 : 0);
    this.#writer.bytes(bytes);
  }

  joined(channel: string, { playerId, displayName }: Member): void {
    this.#writer.u8(JOINED);
    this.#writer.string(channel);
    this.#writer.string(playerId);
    this.#writer.string(displayName);
  }

  left(channel: string, playerId: string): void {
    this.#writer.u8(LEFT);
    this.#writer.string(channel);
    this.#writer.string(playerId);
  }

  ask(hub: Uint8Array): void {
    this.#writer.u8(ASK);
    this.#writer.raw(hub);
  }

  stateBegins(): void {
    this.#writer.u8(STATE_BEGINS);
  }

  stateEnds(): void {
    this.#writer.u8(STATE_ENDS);
  }

  bye(): void {
    this.#writer.u8(BYE);
  }
}

/** Reads envelopes of anybody: nothing is acted upon unless all of it is right. */
export class EnvelopeReader {
  readonly #reader = new ByteReader();
  #recordsStart = 0;
  /** Whose it is: a view of the envelope. */
  hub: Uint8Array = new Uint8Array(0);
  /** Which of its envelopes this is, from 1 on. */
  number = 0;

  /** Reads through an envelope; returns whether it is one. */
  open(envelope: Uint8Array): boolean {
    const reader = this.#reader;
    reader.reset(envelope);
    if (reader.u8() !== ENVELOPE_VERSION) return false;
    this.hub = reader.raw(HUB_ID_BYTES);
    this.number = reader.varint();
    this.#recordsStart = reader.position;
    if (this.number < 1) return false;
    while (reader.ok && !reader.atEnd) readRecord(reader, undefined);
    return reader.ok;
  }

  /** Gives out the records of the envelope that was opened. */
  read(sink: EnvelopeSink): void {
    const reader = this.#reader;
    reader.reset(reader.buffer, this.#recordsStart);
    while (reader.ok && !reader.atEnd) readRecord(reader, sink);
  }
}

function readRecord(
  reader: ByteReader,
  sink: EnvelopeSink | undefined,
): void {
  switch (reader.u8()) {
    case MESSAGE: {
      const channel = readName(reader);
      const isText = reader.u8();
      if (isText > 1) reader.fail("range");
      const bytes = reader.bytes();
      sink?.message(channel, bytes, isText === 1);
      return;
    }
    case JOINED: {
      const channel = readName(reader);
      const playerId = readPlayer(reader);
      const displayName = reader.string(MAX_DISPLAY_BYTES);
      sink?.joined(channel, { playerId, displayName });
      return;
    }
    case LEFT: {
      const channel = readName(reader);
      const playerId = readPlayer(reader);
      sink?.left(channel, playerId);
      return;
    }
    case ASK: {
      const hub = reader.raw(HUB_ID_BYTES);
      sink?.ask(hub);
      return;
    }
    case STATE_BEGINS:
      return sink?.stateBegins();
    case STATE_ENDS:
      return sink?.stateEnds();
    case BYE:
      // What a hub says after it is gone would never be forgotten.
      if (reader.remaining > 0) break;
      return sink?.bye();
  }
  reader.fail("range");
}

function readName(reader: ByteReader): string {
  const name = reader.string(MAX_NAME_BYTES);
  if (name === "") reader.fail("range");
  return name;
}

function readPlayer(reader: ByteReader): string {
  const player = reader.string(MAX_PLAYER_BYTES);
  if (!isPlayerId(player)) reader.fail("range");
  return player;
}
