// This module is browser compatible.
import {
  ByteWriter,
  MAX_CLOSE_REASON_BYTES,
  utf8Length,
} from "../../protocol/mod.ts";
import { JsonFields } from "./_json_fields.ts";
import {
  type ControlMessage,
  encodeControl,
  MAX_DISPLAY_BYTES,
  MAX_HISTORY,
  MAX_MEMBERS,
  MAX_PLAYER_BYTES,
  type Member,
  PRESENCE_CHANGES,
} from "./control_message.ts";
import {
  DataFlag,
  type Delivery,
  type Hello,
  isCloseCode,
  MAX_CHANNEL,
  MAX_CONTROL_BYTES,
  MAX_DURATION_MS,
  MAX_FRAME_BYTES,
  MAX_HELD_US,
  MAX_MESSAGE_BYTES,
  MAX_NAME_BYTES,
  MAX_PING_BYTES,
  MAX_PRIORITY,
  MAX_WINDOW_BYTES,
  MIN_FRAME_BYTES,
  type Open,
  type Refuse,
  SESSION_ID_BYTES,
  type Welcome,
} from "./record.ts";
import { RecordWriter } from "./record_writer.ts";

/**
 * Why a text is no frame.
 *
 * - `tooLarge`: it has more bytes than a frame may have.
 * - `json`: it is not JSON.
 * - `empty`: there is no record in it.
 * - `type`: a value is of another kind than it must be, such as a string for a number.
 * - `unknownType`: a record, or a control message, of no type that there is.
 * - `unknownProperty`: a property that such a record has not.
 * - `missing`: one that it must have.
 * - `range`: a number or a length that is not allowed.
 * - `base64`: bytes that are not base64 with padding.
 * - `utf8`: a string with half a surrogate pair, which no UTF-8 can say.
 * - `conflict`: properties that do not go together.
 */
export type TextError =
  | "tooLarge"
  | "json"
  | "empty"
  | "type"
  | "unknownType"
  | "unknownProperty"
  | "missing"
  | "range"
  | "base64"
  | "utf8"
  | "conflict";

/** What is wrong with a text that is no frame. */
export interface TextRefusal {
  /** Why, for programs. */
  readonly code: TextError;
  /** Why, for who wrote it: which record, counted from 1, and what of it. */
  readonly message: string;
}

const MAX_NUMBER = Number.MAX_SAFE_INTEGER;
/** What a Hello says that leaves its limits out. */
const HELLO_LIMITS: Limits = {
  maxFrameBytes: 65_536,
  maxMessageBytes: 1_048_576,
  windowBytes: 262_144,
};

type Limits = Pick<Hello, "maxFrameBytes" | "maxMessageBytes" | "windowBytes">;
type Write = (records: RecordWriter) => boolean;

/**
 * Reads records that are written as JSON text, for debugging by hand, and makes a frame
 * of them: `websocket/PROTOCOL.md`, section 7. The text may come from anybody; nothing is
 * thrown for what is in it.
 *
 * @param text The text.
 * @param maxBytes The most bytes that it may have in UTF-8: 1 to 2^24. The frame has
 * fewer.
 * @returns The frame, or what is wrong. Then no record of it counts.
 *
 * @example What somebody typed
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { frameFromText } from "@tickwire/net/websocket";
 *
 * assertEquals(
 *   frameFromText('[{ "type": "data", "channel": 7, "text": "gg" }]', 1024),
 *   new Uint8Array([0x81, 7, 2, 0x67, 0x67]),
 * );
 * assertEquals(frameFromText('[{ "type": "ack" }, { "type": "shut", "chanel": 7 }]', 1024), {
 *   code: "unknownProperty",
 *   message: 'record 2: shut: unknown property "chanel"',
 * });
 * ```
 */
export function frameFromText(
  text: string,
  maxBytes: number,
): Uint8Array<ArrayBuffer> | TextRefusal {
  // A unit of UTF-16 is a byte at least.
  if (text.length > maxBytes || utf8Length(text) > maxBytes) {
    return { code: "tooLarge", message: `longer than ${maxBytes} bytes` };
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    return { code: "json", message: (error as Error).message };
  }
  if (!Array.isArray(values)) {
    return { code: "type", message: "must be an array of records" };
  }
  if (values.length === 0) return { code: "empty", message: "no record" };
  const frame = new ByteWriter({ maxBytes });
  const records = new RecordWriter(frame);
  for (let i = 0; i < values.length; i++) {
    const fields = new JsonFields(values[i], `record ${i + 1}: `);
    const write = readRecord(fields);
    const { refusal } = fields;
    if (refusal !== undefined) return refusal;
    // Each record is longer as text, so that its frame is within the limit.
    if (!write(records)) {
      return { code: "tooLarge", message: `longer than ${maxBytes} bytes` };
    }
  }
  return frame.toBytes();
}

function readRecord(fields: JsonFields): Write {
  switch (fields.type()) {
    case "data":
      return readData(fields);
    case "hello": {
      const hello = readHello(fields);
      return (records) => records.hello(hello);
    }
    case "welcome": {
      const welcome = readWelcome(fields);
      return (records) => records.welcome(welcome);
    }
    case "refuse": {
      const refuse = readEnding(fields);
      return (records) => records.refuse(refuse);
    }
    case "open": {
      const open = readOpen(fields);
      return (records) => records.open(open);
    }
    case "shut": {
      const channel = readChannel(fields);
      return (records) => records.shut(channel);
    }
    case "ack": {
      const received = fields.integer("received", 0, MAX_NUMBER);
      return (records) => records.ack(received);
    }
    case "credit": {
      const channel = readChannel(fields);
      const limitBytes = fields.integer("limitBytes", 0, MAX_NUMBER);
      return (records) => records.credit(channel, limitBytes);
    }
    case "ping": {
      const bytes = fields.bytes("bytes", 0, MAX_PING_BYTES);
      return (records) => records.ping(bytes);
    }
    case "pong": {
      const bytes = fields.bytes("bytes", 0, MAX_PING_BYTES);
      const heldUs = fields.integer("heldUs", 0, MAX_HELD_US);
      return (records) => records.pong(bytes, heldUs);
    }
    case "gap": {
      const from = fields.integer("from", 1, MAX_NUMBER);
      const to = fields.integer("to", from, MAX_NUMBER);
      return (records) => records.gap(from, to);
    }
    case "bye": {
      const bye = readEnding(fields);
      return (records) => records.bye(bye);
    }
    case "control": {
      const bytes = readControl(fields);
      return (records) => records.control(bytes);
    }
  }
  fields.failType();
  return () => false;
}

function readData(fields: JsonFields): Write {
  const channel = readChannel(fields);
  const hasRequest = fields.has("request");
  const request = fields.integer("request", 0, MAX_NUMBER);
  const text = fields.textOrFlag("text");
  const isWhole = typeof text === "string";
  const isText = isWhole || text;
  const isDeflated = fields.flag("deflated");
  const hasMore = fields.flag("more");
  const continues = fields.flag("continues");
  if (
    isWhole &&
    (isDeflated || hasMore || continues || fields.has("bytes"))
  ) {
    fields.fail(
      "conflict",
      "text is the whole message only without bytes, deflated, more and continues",
    );
  }
  if (continues && (isText || isDeflated || hasRequest)) {
    fields.fail(
      "conflict",
      "text, deflated and request are of the first fragment, without continues",
    );
  }
  const least = hasMore || continues ? 1 : 0;
  const bytes = isWhole && !fields.has("bytes")
    ? new TextEncoder().encode(text)
    : fields.bytes("bytes", least, MAX_FRAME_BYTES);
  const flags = (isText ? DataFlag.Text : 0) |
    (isDeflated ? DataFlag.Deflated : 0) | (hasMore ? DataFlag.More : 0) |
    (continues ? DataFlag.Continues : 0) |
    (hasRequest ? DataFlag.HasRequest : 0);
  return (records) => records.data(channel, flags, request, bytes);
}

function readHello(fields: JsonFields): Hello {
  const minVersion = fields.integer("minVersion", 1, 255, 1);
  const maxVersion = fields.integer("maxVersion", minVersion, 255, 1);
  const session = fields.has("session") ? readSession(fields) : undefined;
  return {
    minVersion,
    maxVersion,
    canDeflate: fields.flag("canDeflate"),
    session,
    received: fields.integer(
      "received",
      0,
      session === undefined ? 0 : MAX_NUMBER,
    ),
    ...readLimits(fields, HELLO_LIMITS),
  };
}

function readWelcome(fields: JsonFields): Welcome {
  const isResumed = fields.flag("isResumed");
  // A new session begins with nothing behind it.
  const most = isResumed ? MAX_NUMBER : 0;
  return {
    version: fields.integer("version", 1, 255),
    canDeflate: fields.flag("canDeflate"),
    isResumed,
    session: readSession(fields),
    received: fields.integer("received", 0, most),
    available: fields.integer("available", 1, Math.max(1, most)),
    keepaliveMs: fields.integer("keepaliveMs", 0, MAX_DURATION_MS),
    resumeWindowMs: fields.integer("resumeWindowMs", 0, MAX_DURATION_MS),
    ...readLimits(fields),
  };
}

function readLimits(fields: JsonFields, otherwise?: Limits): Limits {
  const limit = (name: keyof Limits, min: number, max: number): number =>
    fields.integer(name, min, max, otherwise?.[name]);
  return {
    maxFrameBytes: limit("maxFrameBytes", MIN_FRAME_BYTES, MAX_FRAME_BYTES),
    maxMessageBytes: limit("maxMessageBytes", 1, MAX_MESSAGE_BYTES),
    windowBytes: limit("windowBytes", 0, MAX_WINDOW_BYTES),
  };
}

function readEnding(fields: JsonFields): Refuse {
  const code = fields.integer("code", 1000, 4999);
  if (!isCloseCode(code)) {
    fields.fail("range", "code must be 1000, or from 3000 to 4999");
  }
  return {
    code,
    retryAfterMs: fields.integer("retryAfterMs", 0, MAX_DURATION_MS),
    reason: fields.string("reason", 0, MAX_CLOSE_REASON_BYTES),
  };
}

function readOpen(fields: JsonFields): Open {
  return {
    channel: readChannel(fields),
    delivery: fields.integer("delivery", 0, 2) as Delivery,
    priority: fields.integer("priority", 0, MAX_PRIORITY),
    name: fields.string("name", 1, MAX_NAME_BYTES),
  };
}

function readChannel(fields: JsonFields): number {
  return fields.integer("channel", 1, MAX_CHANNEL);
}

function readSession(fields: JsonFields): Uint8Array {
  return fields.bytes("session", SESSION_ID_BYTES, SESSION_ID_BYTES);
}

/** The bytes of a message of the layer above, or such a message. */
function readControl(fields: JsonFields): Uint8Array {
  const bytes = fields.bytes("bytes", 0, MAX_CONTROL_BYTES);
  if (!fields.has("message")) return bytes;
  if (fields.has("bytes")) {
    fields.fail("conflict", "message and bytes cannot both be there");
  }
  const inner = fields.object("message");
  const message = readMessage(inner);
  fields.failWith(inner);
  return message === undefined || inner.refusal !== undefined
    ? bytes
    : encodeControl(message);
}

function readMessage(fields: JsonFields): ControlMessage | undefined {
  const type = fields.type();
  switch (type) {
    case "subscribe":
      return {
        type,
        request: fields.integer("request", 0, MAX_NUMBER),
        channel: fields.string("channel", 1, MAX_NAME_BYTES),
        history: fields.integer("history", 0, MAX_HISTORY),
        withPresence: fields.flag("withPresence"),
      };
    case "unsubscribe":
      return { type, channel: fields.string("channel", 1, MAX_NAME_BYTES) };
    case "subscribed":
      return readSubscribed(fields);
    case "denied":
      return {
        type,
        request: fields.integer("request", 0, MAX_NUMBER),
        reason: fields.string("reason", 0, MAX_CLOSE_REASON_BYTES),
      };
    case "presence":
      return {
        type,
        channel: fields.string("channel", 1, MAX_NAME_BYTES),
        change: fields.choice("change", PRESENCE_CHANGES),
        members: readMembers(fields),
      };
    case "publishDenied":
    case "unsubscribed":
      return {
        type,
        channel: fields.string("channel", 1, MAX_NAME_BYTES),
        reason: fields.string("reason", 0, MAX_CLOSE_REASON_BYTES),
      };
    case "requestDenied":
      return {
        type,
        request: fields.integer("request", 0, MAX_NUMBER),
        reason: fields.string("reason", 0, MAX_CLOSE_REASON_BYTES),
      };
  }
  fields.failType();
}

function readSubscribed(fields: JsonFields): ControlMessage {
  const request = fields.integer("request", 0, MAX_NUMBER);
  const history = fields.integer("history", 0, MAX_HISTORY);
  // Both together are what was asked for, at the most.
  const omitted = fields.integer("omitted", 0, MAX_HISTORY - history);
  return { type: "subscribed", request, history, omitted };
}

function readMembers(fields: JsonFields): Member[] {
  return fields.objects("members", MAX_MEMBERS).map((member) => {
    const playerId = member.string("playerId", 0, MAX_PLAYER_BYTES);
    const displayName = member.string("displayName", 0, MAX_DISPLAY_BYTES);
    fields.failWith(member);
    return { playerId, displayName };
  });
}
