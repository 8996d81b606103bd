// This module is browser compatible.
import { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import { MAX_NAME_BYTES } from "./record.ts";

/** A player of a channel, as others see it. */
export interface Member {
  /** The player's id: 1 to 64 bytes. */
  readonly playerId: string;
  /** What others see: 0 to 128 bytes. */
  readonly displayName: string;
}

/** What the hub's layer says over the mux; section 5 of `PROTOCOL.md`. */
export type ControlMessage =
  | {
    /** A client wants what is published on a channel. */
    readonly type: "subscribe";
    /** Its number for the answer. */
    readonly request: number;
    /** The channel: 1 to 128 bytes. */
    readonly channel: string;
    /** How many of the last messages it wants: 0 to 1000. */
    readonly history: number;
    /** Whether it wants to know who is there. */
    readonly withPresence: boolean;
  }
  | {
    /** A client no longer wants it. */
    readonly type: "unsubscribe";
    /** The channel. */
    readonly channel: string;
  }
  | {
    /** The hub says yes. */
    readonly type: "subscribed";
    /** The number of the question. */
    readonly request: number;
    /** How many of the last messages it sends first: 0 to 1000. */
    readonly history: number;
    /** How many older ones that were asked for, and are there, find no room: 0 to 1000. */
    readonly omitted: number;
  }
  | {
    /** The hub says no. */
    readonly type: "denied";
    /** The number of the question. */
    readonly request: number;
    /** Why, for people: 0 to 123 bytes. */
    readonly reason: string;
  }
  | {
    /** Who is there, who came, who left. */
    readonly type: "presence";
    /** The channel. */
    readonly channel: string;
    /** What the members are. */
    readonly change: "all" | "joined" | "left";
    /** The members: at most 256 in a message; of more, several follow. */
    readonly members: readonly Member[];
  }
  | {
    /** The client may not send on a channel: what it has sent went no further. */
    readonly type: "publishDenied";
    /** The channel: 1 to 128 bytes. */
    readonly channel: string;
    /** Why, for people: 0 to 123 bytes. */
    readonly reason: string;
  }
  | {
    /** The client may not send on the channel of a request, which has no other answer. */
    readonly type: "requestDenied";
    /** The number of the request. */
    readonly request: number;
    /** Why, for people: 0 to 123 bytes. */
    readonly reason: string;
  }
  | {
    /** The hub has ended a subscription. */
    readonly type: "unsubscribed";
    /** The channel: 1 to 128 bytes. */
    readonly channel: string;
    /** Why, for people: 0 to 123 bytes. */
    readonly reason: string;
  };

const SUBSCRIBE = 1;
const UNSUBSCRIBE = 2;
const SUBSCRIBED = 3;
const DENIED = 4;
const PRESENCE = 5;
const PUBLISH_DENIED = 6;
const REQUEST_DENIED = 7;
const UNSUBSCRIBED = 8;
/** What the members in a presence message are, in the order of their numbers. */
export const PRESENCE_CHANGES = ["all", "joined", "left"] as const;
/** The most messages of the past that a subscribe asks for. */
export const MAX_HISTORY = 1_000;
/** The most members in one presence message. */
export const MAX_MEMBERS = 256;
/** The most bytes of UTF-8 of a player's id. */
export const MAX_PLAYER_BYTES = 64;
/** The most bytes of UTF-8 of what others see of a player. */
export const MAX_DISPLAY_BYTES = 128;
const MAX_REASON_BYTES = 123;

/** Writes a control message. */
export function encodeControl(message: ControlMessage): Uint8Array {
  const writer = new ByteWriter();
  switch (message.type) {
    case "subscribe":
      writer.u8(SUBSCRIBE);
      writer.varint(message.request);
      writer.string(message.channel);
      writer.varint(message.history);
      writer.u8(message.withPresence ? 1 : 0);
      break;
    case "unsubscribe":
      writer.u8(UNSUBSCRIBE);
      writer.string(message.channel);
      break;
    case "subscribed":
      writer.u8(SUBSCRIBED);
      writer.varint(message.request);
      writer.varint(message.history);
      writer.varint(message.omitted);
      break;
    case "denied":
      writer.u8(DENIED);
      writer.varint(message.request);
      writer.string(message.reason);
      break;
    case "presence":
      writer.u8(PRESENCE);
      writer.string(message.channel);
      writer.u8(PRESENCE_CHANGES.indexOf(message.change));
      writer.varint(message.members.length);
      for (const { playerId, displayName } of message.members) {
        writer.string(playerId);
        writer.string(displayName);
      }
      break;
    case "publishDenied":
      writer.u8(PUBLISH_DENIED);
      writer.string(message.channel);
      writer.string(message.reason);
      break;
    case "requestDenied":
      writer.u8(REQUEST_DENIED);
      writer.varint(message.request);
      writer.string(message.reason);
      break;
    case "unsubscribed":
      writer.u8(UNSUBSCRIBED);
      writer.string(message.channel);
      writer.string(message.reason);
  }
  return writer.toBytes();
}

/** Reads a control message from anybody; `undefined` if it is none. */
export function decodeControl(bytes: Uint8Array): ControlMessage | undefined {
  const reader = new ByteReader(bytes);
  const message = read(reader);
  return reader.atEnd ? message : undefined;
}

function read(reader: ByteReader): ControlMessage | undefined {
  switch (reader.u8()) {
    case SUBSCRIBE: {
      const request = reader.varint();
      const channel = readName(reader);
      const history = reader.varint();
      const withPresence = readFlag(reader);
      if (history > MAX_HISTORY) reader.fail("range");
      return { type: "subscribe", request, channel, history, withPresence };
    }
    case UNSUBSCRIBE:
      return { type: "unsubscribe", channel: readName(reader) };
    case SUBSCRIBED: {
      const request = reader.varint();
      const history = reader.varint();
      const omitted = reader.varint();
      if (history + omitted > MAX_HISTORY) reader.fail("range");
      return { type: "subscribed", request, history, omitted };
    }
    case DENIED:
      return {
        type: "denied",
        request: reader.varint(),
        reason: reader.string(MAX_REASON_BYTES),
      };
    case PRESENCE: {
      const channel = readName(reader);
      const change = PRESENCE_CHANGES[reader.u8()];
      const count = reader.varint();
      if (change === undefined || count > MAX_MEMBERS) {
        reader.fail("range");
        return undefined;
      }
      const members: Member[] = [];
      for (let i = 0; i < count && reader.ok; i++) {
        members.push({
          playerId: reader.string(MAX_PLAYER_BYTES),
          displayName: reader.string(MAX_DISPLAY_BYTES),
        });
      }
      return { type: "presence", channel, change, members };
    }
    case PUBLISH_DENIED:
      return {
        type: "publishDenied",
        channel: readName(reader),
        reason: reader.string(MAX_REASON_BYTES),
      };
    case REQUEST_DENIED:
      return {
        type: "requestDenied",
        request: reader.varint(),
        reason: reader.string(MAX_REASON_BYTES),
      };
    case UNSUBSCRIBED:
      return {
        type: "unsubscribed",
        channel: readName(reader),
        reason: reader.string(MAX_REASON_BYTES),
      };
  }
  reader.fail("range");
  return undefined;
}

function readName(reader: ByteReader): string {
  const name = reader.string(MAX_NAME_BYTES);
  if (name === "") reader.fail("range");
  return name;
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) reader.fail("range");
  return flag === 1;
}
