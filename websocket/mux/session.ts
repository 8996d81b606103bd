// This module is browser compatible.
import { ByteReader, ByteWriter, isUtf8 } from "../../protocol/mod.ts";
import { Flight } from "./_flight.ts";
import { InChannel, PartialMessage } from "./_in_channel.ts";
import { Inbox } from "./_inbox.ts";
import { OutChannel } from "./_out_channel.ts";
import { type OutMessage, outMessage } from "./out_message.ts";
import { ReplayWindow, type SentRecord } from "./_replay_window.ts";
import {
  DEFAULT_MAX_MESSAGE_BYTES,
  resolveChannelOptions,
  resolveSessionOptions,
  type SessionSettings,
} from "./_session_settings.ts";
import type { Deflater } from "./deflater.ts";
import type { Inlet } from "./inlet.ts";
import {
  type Bye,
  DataFlag,
  type Hello,
  MAX_CHANNEL,
  MAX_HELD_US,
  MAX_PRIORITY,
  MUX_VERSION,
  type Open,
  RECORD_COST_BYTES,
  type Refuse,
  SESSION_ID_BYTES,
  type Welcome,
} from "./record.ts";
import { RecordReader, type RecordSink } from "./record_reader.ts";
import { dataBytesWithin, RecordWriter } from "./record_writer.ts";
import type { SessionError } from "./session_error.ts";
import type { SessionEvent, UndeliveredMessage } from "./session_event.ts";
import type {
  ChannelOptions,
  SendOptions,
  SessionOptions,
} from "./session_options.ts";

const PRIORITIES = MAX_PRIORITY + 1;
const ALL_PRIORITIES = (1 << PRIORITIES) - 1;
/** A large message goes in parts, so that others get in between. */
const MAX_PART_BYTES = 8_192;
/** Less than that of a larger message is not worth a record at the end of a frame. */
const MIN_PART_BYTES = 256;
/**
 * What waits of what needs no credit. Messages that may be lost are, above the half;
 * the rest is records that the peer keeps as well, so that an honest one stays below.
 */
const MAX_FREE_ENTRIES = 16_384;
const MAX_FREE_BYTES = 8_388_608;
/** No window holds more; and no peer counts to the end of all numbers by a few bytes. */
const MAX_GAP_RECORDS = 1_048_576;
const MAX_CONTROLS = 1_024;
/** A list of 20,000 players, say. */
const MAX_CONTROL_BYTES = 4_194_304;
/** So many messages, of the longest there may be, may be begun and not finished. */
const UNFINISHED_MESSAGES = 4;
/** What a frame may have before the peer has said so. */
const FIRST_FRAME_BYTES = 1_024;
/** What a control message in a frame of its own needs beside its bytes. */
const CONTROL_HEADER_BYTES = 4;
const MAX_PONGS = 8;
/**
 * How long an acknowledgement may wait for other records to travel with. A hub would get
 * a frame of each client for it: they wait longer, and a hub that needs it sooner pings.
 */
const ACK_DELAY_SECONDS = { client: 1, hub: 0.05 };
const ACK_BATCH = 256;
/** What a ping begins with: whose it is. */
const OWN_PING = 0;
const APPLICATION_PING = 1;
const FLIGHT_PING = 2;
/** A byte and two numbers: the time, and how many bytes were sent before it. */
const FLIGHT_PING_BYTES = 17;
const FLIGHT_PING_RECORD_BYTES = FLIGHT_PING_BYTES + 2;
/** Channels of this priority do not wait for room on the line. */
const URGENT = 0;
const RTT_ALPHA = 1 / 8;
const JITTER_BETA = 1 / 4;

/** An answer that waits to be sent. */
interface Pong {
  readonly bytes: Uint8Array;
  /** When the question came. */
  readonly atMs: number;
}

type Phase = "detached" | "greeting" | "open";

/**
 * One end of a session that outlives its sockets: it is fed frames and hands out
 * frames, and does not know where they go.
 *
 * What was sent on an exactly-once channel is kept until the other end's application
 * has taken it, and sent again over the next socket; the other end counts what came,
 * so that nothing is there twice. What the application does not take, it does not
 * acknowledge, and the other end stops: a slow application costs no memory.
 */
export class Session {
  readonly #options: SessionSettings;
  readonly #deflater: Deflater | undefined;
  /** Whether messages may be deflated in this session. */
  #canDeflate = false;
  #inflatedBytes = 0;
  readonly #inbox = new Inbox((message) => this.#inflate(message));
  readonly #window: ReplayWindow;
  readonly #reader = new RecordReader();
  readonly #sink: RecordSink;
  #frameBytes: number = FIRST_FRAME_BYTES;
  readonly #writer: ByteWriter;
  readonly #records: RecordWriter;
  /** Whether the last frame had no room for what waited. */
  #isFrameFull = false;
  /** Whether a channel waited for a message that is being deflated. */
  #isDeflating = false;
  #phase: Phase = "detached";
  #hasBegun = false;
  #sessionId: Uint8Array | undefined;
  /** The hub's end answers with it. */
  #welcome: Welcome | undefined;
  #isGreetingSent = false;
  /** Counts the sockets. */
  #socketNumber = 0;

  readonly #outById = new Map<number, OutChannel>();
  readonly #outByPriority: OutChannel[][] = Array.from(
    { length: PRIORITIES },
    () => [],
  );
  readonly #turns = new Uint32Array(PRIORITIES);
  /** A bit for each priority at which something may wait. */
  #waiting = 0;
  #nextChannelId = 1;
  /** Whether numbers of channels are used a second time. */
  #hasWrapped = false;
  /** Messages of which it was told that they will not be delivered. */
  readonly #lost = new WeakSet<OutMessage>();
  readonly #controls: Uint8Array[] = [];
  #controlBytes = 0;
  /** Channels whose end was too old to be sent again. */
  readonly #lostShuts: OutChannel[] = [];
  /** The next sequenced record to be sent again, while there is any. */
  #cursor = 1;
  #gapTo = 0;
  #peerWindowBytes = 0;
  #sentMessages = 0;
  #sentBytes = 0;
  #peerMaxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES;

  readonly #inById = new Map<number, InChannel>();
  #expectedChannels = 0;
  /** What has come of messages that are not whole. */
  #unfinishedBytes = 0;
  #received = 0;
  /** Whether records of this session were in a gap. */
  #hadGap = false;
  #ackedByUs = 0;
  #ackWaitSeconds = 0;
  readonly #raised = new Set<InChannel>();
  /** When the frame came that is read. */
  #receivedMs = 0;
  readonly #pongs: Pong[] = [];
  readonly #pings: Uint8Array[] = [];
  readonly #flight = new Flight();
  #error: SessionError | undefined;

  #keepaliveSeconds: number;
  #silentSeconds = 0;
  /** Whether time has passed in one step that an answer could have come in, unseen. */
  #hasJumped = false;
  #isPingDue = false;
  #isPingSent = false;
  /**
   * A ping to measure by, whatever comes: the client's once in a while, the hub's before
   * the first message, to know the way before there is anything on it.
   */
  #isProbeDue = false;
  #hasProbed = false;
  #sinceProbeSeconds = 0;
  /** How many records were sent when the last ping was. */
  #pingedAfter = 0;
  #isWindowFull = false;
  #lastRttMs = 0;
  #rttSamples = 0;
  #rttMs = 0;
  #jitterMs = 0;
  #bye: Bye | undefined;
  #peerBye: Bye | undefined;

  /**
   * Creates one end of a session.
   *
   * @param options Which end, and its bounds.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: SessionOptions) {
    this.#options = resolveSessionOptions(options);
    this.#deflater = options.deflater;
    const { maxReplayRecords, maxReplayBytes, maxReplayAgeMs } = this.#options;
    this.#window = new ReplayWindow({
      maxRecords: maxReplayRecords,
      maxBytes: maxReplayBytes,
      maxAgeSeconds: maxReplayAgeMs / 1_000,
    });
    this.#sessionId = options.sessionId;
    this.#keepaliveSeconds = keepaliveSeconds(this.#options.keepaliveMs);
    this.#sink = this.#makeSink();
    this.#writer = options.frame ??
      new ByteWriter({ maxBytes: this.#options.maxFrameBytes });
    this.#records = new RecordWriter(this.#writer);
  }

  /** Whether messages go and come now. */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Whether the ends have known each other once, though there may be no socket now. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The most bytes of a message to the other end; it may be less once that says so. */
  get maxMessageBytes(): number {
    return this.#peerMaxMessageBytes;
  }

  /** The id that the hub has given it: 16 bytes, which are secret. */
  get sessionId(): Uint8Array | undefined {
    return this.#sessionId;
  }

  /** The smoothed round-trip time in milliseconds (RFC 6298); 0 until it is known. */
  get rttMs(): number {
    return this.#rttMs;
  }

  /** The round-trip time that was measured last, in milliseconds; 0 if none was. */
  get lastRttMs(): number {
    return this.#lastRttMs;
  }

  /** How often it was measured. */
  get rttSamples(): number {
    return this.#rttSamples;
  }

  /** How much it varies, in milliseconds. */
  get jitterMs(): number {
    return this.#jitterMs;
  }

  /** What the other end has said that its close of the last socket means, if it did. */
  get peerBye(): Bye | undefined {
    return this.#peerBye;
  }

  /** Events that wait to be polled; those of inlets are not counted. */
  get pendingEvents(): number {
    return this.#inbox.pending;
  }

  /** Bytes that messages have become that came deflated, wrong ones included. */
  get inflatedBytes(): number {
    return this.#inflatedBytes;
  }

  /** Messages that wait to be sent. */
  get queuedMessages(): number {
    let count = 0;
    for (const channel of this.#outById.values()) {
      count += channel.queuedMessages;
    }
    return count;
  }

  /** Their bytes. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const channel of this.#outById.values()) bytes += channel.queuedBytes;
    return bytes;
  }

  /** Channels to send on, those included whose end has yet to be sent. */
  get openChannels(): number {
    return this.#outById.size;
  }

  /** Messages of which all was in frames, those of links not counted. */
  get sentMessages(): number {
    return this.#sentMessages;
  }

  /** Their bytes. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /**
   * Tells what waits on one channel.
   *
   * @param id The channel.
   * @returns How many messages, and their bytes; 0 if there is no such channel.
   */
  queuedOn(id: number): { readonly messages: number; readonly bytes: number } {
    const channel = this.#outById.get(id);
    return {
      messages: channel?.queuedMessages ?? 0,
      bytes: channel?.queuedBytes ?? 0,
    };
  }

  /** Messages of the layer above that wait to be sent. */
  get queuedControls(): number {
    return this.#controls.length;
  }

  /** Records that the other end's application has not taken yet. */
  get unacknowledged(): number {
    return this.#window.sent - this.#window.acked;
  }

  /** Whether the other end has not even answered a ping: the socket is dead. */
  get isSilent(): boolean {
    return this.#phase !== "detached" &&
      this.#silentSeconds > this.#keepaliveSeconds + this.#pongSeconds;
  }

  /** How long an answer may take: within the interval, which may be the other end's. */
  get #pongSeconds(): number {
    return Math.min(
      this.#options.pongTimeoutMs / 1_000,
      this.#keepaliveSeconds,
    );
  }

  /**
   * A new socket is there. The client's end greets on it; the hub's end has been
   * greeted.
   *
   * @param hello The hub's end: what the client said, with the id of this session or
   * none.
   * @returns `wrongCount` if the client claims to have what was never sent, or not to
   * have what it took; `limitLowered` if it takes less than in this session before.
   */
  attach(hello?: Hello): SessionError | undefined {
    this.detach();
    this.#socketNumber += 1;
    this.#phase = "greeting";
    this.#isGreetingSent = false;
    this.#peerBye = undefined;
    this.#silentSeconds = 0;
    this.#hasJumped = false;
    this.#error = undefined;
    if (hello === undefined) return undefined;
    const isResumed = hello.session !== undefined;
    const error = this.#check(isResumed, hello);
    if (error !== undefined) {
      this.#phase = "detached";
      return error;
    }
    // The client has never heard that there was one.
    if (!isResumed && this.#hasBegun) this.#startAnew("sessionLost");
    const { maxFrameBytes, maxMessageBytes, windowBytes } = this.#options;
    this.#limitPeer(hello);
    if (!isResumed) {
      const canDeflate = hello.canDeflate && this.#deflater !== undefined;
      this.#grant(hello.windowBytes, canDeflate);
    }
    this.#resumeAt(hello.received + 1);
    this.#welcome = {
      version: MUX_VERSION,
      canDeflate: this.#canDeflate,
      isResumed,
      session: this.#sessionId ?? new Uint8Array(SESSION_ID_BYTES),
      received: this.#received,
      available: this.#window.available,
      keepaliveMs: this.#options.keepaliveMs,
      resumeWindowMs: this.#options.resumeWindowMs,
      maxFrameBytes,
      maxMessageBytes,
      windowBytes,
    };
    this.#opened(isResumed);
    return undefined;
  }

  /**
   * Tells whether a client can go on with the session, by what it says in its hello.
   *
   * @param hello What the client said, with the id of this session.
   * @returns Whether the counts are possible and no limit is lower than it was.
   */
  canResume(hello: Hello): boolean {
    return this.#check(true, hello) === undefined;
  }

  /** The socket is gone. */
  detach(): void {
    if (this.#phase === "detached") return;
    this.#pingedAfter = 0;
    this.#phase = "detached";
    this.#isDeflating = false;
    this.#welcome = undefined;
    this.#isPingDue = false;
    this.#isPingSent = false;
    this.#pongs.length = 0;
    this.#pings.length = 0;
    this.#flight.reset();
    this.#bye = undefined;
    for (const channel of this.#outById.values()) channel.detach();
    for (const channel of this.#inById.values()) {
      if (!channel.isSequenced) this.#discardPartial(channel);
    }
  }

  /**
   * Begins to send on a channel.
   *
   * @param name What the other end knows it by: 1 to 128 bytes of text.
   * @param options What is promised, and bounds.
   * @returns The id to send with, or `undefined` if there are 65535 already.
   * @throws {RangeError} If the name or an option is out of its range.
   */
  openChannel(name: string, options: ChannelOptions = {}): number | undefined {
    const {
      delivery,
      priority,
      maxMessages,
      maxBytes,
      overflow,
      ttlMs,
      endsWithSession,
    } = resolveChannelOptions(name, options);
    const id = this.#freeChannelId();
    if (id === undefined) return undefined;
    const channel = new OutChannel({
      id,
      name,
      delivery,
      priority,
      maxMessages,
      maxBytes,
      overflow,
      ttlSeconds: ttlMs / 1_000,
      endsWithSession,
      deflater: this.#deflater,
    });
    channel.creditLimit = this.#peerWindowBytes;
    channel.canDeflate = this.#canDeflate;
    this.#outById.set(id, channel);
    this.#outByPriority[priority]!.push(channel);
    return id;
  }

  /**
   * Ends a channel when what it holds was sent.
   *
   * @param id The channel.
   * @param lastText A last message, for which there is always room: text in UTF-8,
   * which is kept and not copied.
   */
  shutChannel(id: number, lastText?: Uint8Array): void {
    const channel = this.#outById.get(id);
    if (channel === undefined || channel.isShutting) return;
    channel.isShutting = true;
    this.#waiting |= 1 << channel.priority;
    if (lastText === undefined) return;
    channel.append({
      bytes: lastText,
      isText: true,
      request: undefined,
      key: undefined,
      ttlSeconds: Infinity,
      deflation: undefined,
    });
  }

  /**
   * Gives what comes in on some channels a reader of its own, who stops the other end
   * by not reading, on these channels first. When the session is lost, the inlet ends,
   * and what then comes waits for the next call with the same names.
   *
   * @param channels Their names, which no other inlet has.
   * @returns Where it comes out; what has come already does not.
   */
  divert(channels: readonly string[]): Inlet {
    return this.#inbox.divert(channels);
  }

  /**
   * Lets the other end open more channels, as it was asked for what comes on them.
   *
   * @param count How many at least, besides `maxChannels`: 0 or more. Fewer than before
   * change nothing.
   */
  expectChannels(count: number): void {
    this.#expectedChannels = Math.max(this.#expectedChannels, count);
  }

  /**
   * Tells which requests and answers nothing was sent of yet.
   *
   * @returns Their numbers, as given to `send`.
   */
  waitingRequests(): Set<number> {
    const requests = new Set<number>();
    for (const channel of this.#outById.values()) channel.addRequests(requests);
    return requests;
  }

  /**
   * Sends a message, now or when the other end is there and has room.
   *
   * @param id The channel.
   * @param bytes The message, which is copied.
   * @param options What it is.
   * @returns Whether it was accepted.
   */
  send(id: number, bytes: Uint8Array, options: SendOptions = {}): boolean {
    // A Buffer of Node's gives views by slice().
    return this.sendShared(id, new Uint8Array(bytes), options);
  }

  /**
   * Sends a message that nobody will change any more, to many sessions without a copy
   * for each.
   *
   * @param id The channel.
   * @param bytes The message, which is kept and not copied.
   * @param options What it is.
   * @returns Whether it was accepted.
   */
  sendShared(
    id: number,
    bytes: Uint8Array,
    options: SendOptions = {},
  ): boolean {
    return this.sendMessage(id, outMessage(bytes, options, this.#deflater));
  }

  /**
   * Sends a message that other sessions may send too, each of them once.
   *
   * @param id The channel.
   * @param message What `outMessage` has made.
   * @returns Whether it was accepted.
   */
  sendMessage(id: number, message: OutMessage): boolean {
    const channel = this.#outById.get(id);
    if (channel === undefined || channel.isShutting) return false;
    if (message.bytes.length > this.#peerMaxMessageBytes) return false;
    this.#waiting |= 1 << channel.priority;
    return channel.push(message);
  }

  /**
   * Sends a message of the layer above, before all others and exactly once.
   *
   * @param bytes The message, which is copied.
   * @returns Whether there was room, in the queue and in a frame of the other end's.
   */
  control(bytes: Uint8Array): boolean {
    return this.controlShared(new Uint8Array(bytes));
  }

  /**
   * Sends a message of the layer above that nobody will change any more, to many
   * sessions without a copy for each.
   *
   * @param bytes The message, which is kept and not copied.
   * @returns Whether there was room, as with `control`.
   */
  controlShared(bytes: Uint8Array): boolean {
    if (
      this.#controls.length >= MAX_CONTROLS ||
      this.#controlBytes + bytes.length > MAX_CONTROL_BYTES ||
      bytes.length + CONTROL_HEADER_BYTES > this.#frameBytes
    ) return false;
    this.#controlBytes += bytes.length;
    this.#controls.push(bytes);
    return true;
  }

  /**
   * Asks the other end for an answer, which comes as `pong`.
   *
   * @param bytes What it is to say: up to 124 bytes.
   * @returns Whether it will be sent.
   */
  ping(bytes: Uint8Array): boolean {
    if (this.#phase !== "open" || this.#pings.length >= MAX_PONGS) return false;
    const ping = new Uint8Array(bytes.length + 1);
    ping[0] = APPLICATION_PING;
    ping.set(bytes, 1);
    this.#pings.push(ping);
    return true;
  }

  /**
   * Has what is being deflated go as it is, as there is no time left: until the session
   * is over.
   */
  stopDeflating(): void {
    for (const channel of this.#outById.values()) channel.canDeflate = false;
  }

  /**
   * Tells the other end that the socket will be closed; without one, nothing.
   *
   * @param bye Why, and when to come back.
   */
  sayBye(bye: Bye): void {
    if (this.#phase !== "detached") this.#bye = bye;
  }

  /**
   * Makes a frame that tells the other end that the socket will be closed, at once and
   * before all that waits.
   *
   * @param bye Why, and when to come back.
   * @returns The frame, which is overwritten by the next one, or `undefined` if the other
   * end has not been heard on this socket.
   */
  farewell(bye: Bye): Uint8Array | undefined {
    if (this.#phase !== "open") return undefined;
    this.#writer.reset(this.#frameBytes);
    if (!this.#isGreetingSent) {
      this.#greet();
      this.#isGreetingSent = true;
    }
    this.#records.bye(bye);
    this.#flight.send(this.#writer.length);
    return this.#writer.view();
  }

  /**
   * Gives the session up: what was not delivered is told, inlets come to their end, and
   * the next socket begins another session.
   */
  end(): void {
    this.detach();
    this.#startAnew("closed");
    this.#sessionId = undefined;
    this.#hasBegun = false;
  }

  /**
   * Takes a frame that came in.
   *
   * @param frame The frame, of which nothing is kept.
   * @param atMs When it came, by the clock, so that what waits for a tick does not count
   * as time on the way.
   * @param maxRecords How many of its records are taken at the most: what is left is a
   * frame for the next time.
   * @returns What is wrong with it, after which the socket is of no use; the session
   * goes on with another.
   */
  receive(
    frame: Uint8Array,
    atMs: number = this.#options.clock.nowMs(),
    maxRecords = Infinity,
  ): SessionError | undefined {
    if (this.#phase === "detached") return undefined;
    this.#receivedMs = atMs;
    this.#silentSeconds = 0;
    this.#hasJumped = false;
    this.#isPingSent = false;
    this.#isPingDue = false;
    if (frame.length > this.#options.maxFrameBytes) return "frameTooLarge";
    this.#error = undefined;
    const malformed = this.#reader.read(frame, this.#sink, maxRecords);
    return this.#error ?? (malformed === undefined ? undefined : "malformed");
  }

  /** How many records of the last frame were taken in. */
  get recordsReceived(): number {
    return this.#reader.recordsRead;
  }

  /** How many of its bytes. */
  get bytesReceived(): number {
    return this.#reader.bytesRead;
  }

  /**
   * Makes the next frame that is to be sent.
   *
   * @returns The frame, which is overwritten by the next call, or `undefined` if there
   * is nothing to send now.
   */
  nextFrame(): Uint8Array | undefined {
    if (this.#phase === "detached") return undefined;
    this.#writer.reset(this.#frameBytes);
    this.#isFrameFull = false;
    this.#isDeflating = false;
    if (!this.#isGreetingSent) {
      this.#greet();
      this.#isGreetingSent = true;
    }
    // Whoever has said that it closes the socket takes nothing more from it.
    if (this.#phase === "open" && this.#peerBye === undefined) {
      this.#writePings();
      this.#writeSequence();
      if (this.#needsAck()) this.#writeOwnPing();
      this.#writeAcks();
      if (this.#bye !== undefined) {
        if (this.#records.bye(this.#bye)) this.#bye = undefined;
        else this.#isFrameFull = true;
      }
    }
    const { length } = this.#writer;
    if (length === 0) return undefined;
    this.#flight.send(length);
    return this.#writer.view();
  }

  /** Whether the last frame had no room for all that was to be sent. */
  get hasMore(): boolean {
    return this.#isFrameFull;
  }

  /** Whether the last frame had to go without a message that was still being deflated. */
  get isDeflating(): boolean {
    return this.#isDeflating;
  }

  /**
   * Takes what has come in, one event at a time. What is not taken is not acknowledged.
   *
   * @returns The oldest event, or `undefined`.
   */
  poll(): SessionEvent | undefined {
    return this.#inbox.take();
  }

  /**
   * Lets time pass.
   *
   * @param dt The time in seconds: 0 or more.
   */
  tick(dt: number): void {
    this.#window.tick(dt);
    for (const channel of this.#outById.values()) {
      channel.tick(dt);
      this.#reportDropped(channel, "out");
    }
    for (const channel of this.#inById.values()) {
      this.#reportDropped(channel, "in");
    }
    if (this.#phase === "detached") return;
    if (this.#options.role === "client") {
      this.#sinceProbeSeconds += dt;
      this.#isProbeDue ||= this.#sinceProbeSeconds >= this.#keepaliveSeconds;
    }
    if (this.#received !== this.#ackedByUs) this.#ackWaitSeconds += dt;
    // However long a frame was, the other end gets the time to answer after it: what
    // it sent in the meantime has yet to be looked at. But not after one and another.
    if (dt > this.#pongSeconds / 2 && !this.#hasJumped) {
      this.#hasJumped = true;
      this.#isPingSent = false;
      this.#silentSeconds = Math.min(
        this.#silentSeconds + dt,
        this.#keepaliveSeconds,
      );
    } else this.#silentSeconds += dt;
    if (this.#silentSeconds >= this.#keepaliveSeconds && !this.#isPingSent) {
      this.#isPingDue = true;
    }
  }

  #greet(): void {
    if (this.#options.role === "hub") {
      if (this.#welcome !== undefined) this.#records.welcome(this.#welcome);
      return;
    }
    const { maxFrameBytes, maxMessageBytes, windowBytes } = this.#options;
    this.#records.hello({
      minVersion: MUX_VERSION,
      maxVersion: MUX_VERSION,
      canDeflate: this.#deflater !== undefined,
      session: this.#sessionId,
      received: this.#sessionId === undefined ? 0 : this.#received,
      maxFrameBytes,
      maxMessageBytes,
      windowBytes,
    });
  }

  #writePings(): void {
    const records = this.#records;
    while (this.#pongs.length > 0) {
      const { bytes, atMs } = this.#pongs[0]!;
      const heldUs = (this.#options.clock.nowMs() - atMs) * 1_000;
      // A clock that is set back is nobody's business here.
      const inRange = Math.min(MAX_HELD_US, Math.max(0, Math.round(heldUs)));
      if (!records.pong(bytes, inRange)) break;
      this.#pongs.shift();
    }
    while (this.#pings.length > 0 && records.ping(this.#pings[0]!)) {
      this.#pings.shift();
    }
    if (this.#pongs.length + this.#pings.length > 0) this.#isFrameFull = true;
    if (!this.#hasProbed && this.#hasQueued()) this.#isProbeDue = true;
    if (this.#isPingDue || this.#isProbeDue) this.#writeOwnPing();
  }

  #writeOwnPing(): void {
    if (this.#isPingSent) return;
    const ping = new Uint8Array(9);
    ping[0] = OWN_PING;
    ByteWriter.over(ping.subarray(1)).f64(this.#options.clock.nowMs());
    if (!this.#records.ping(ping)) {
      this.#isFrameFull = true;
      return;
    }
    this.#isPingDue = false;
    this.#isPingSent = true;
    this.#isProbeDue = false;
    this.#hasProbed = true;
    this.#sinceProbeSeconds = 0;
    this.#pingedAfter = this.#window.sent;
  }

  #hasQueued(): boolean {
    for (const channel of this.#outById.values()) {
      if (channel.first !== undefined) return true;
    }
    return false;
  }

  /**
   * Whether the room for records comes to its end. An answer brings the acknowledgement
   * of what has been taken; there is none to be had twice for the same records.
   */
  #needsAck(): boolean {
    return (this.#window.isHalfFull || this.#isWindowFull) &&
      this.#window.sent > this.#pingedAfter;
  }

  #hasWindowRoom(byteCount: number): boolean {
    this.#isWindowFull = !this.#window.hasRoom(byteCount);
    return !this.#isWindowFull;
  }

  /** What is sent again, then control messages, then channels by priority. */
  #writeSequence(): void {
    if (!this.#writeReplays()) {
      this.#isFrameFull = true;
      return;
    }
    while (this.#lostShuts.length > 0) {
      if (!this.#hasWindowRoom(0)) return;
      const channel = this.#lostShuts[0]!;
      if (!this.#announce(channel) || !this.#records.shut(channel.id)) {
        this.#isFrameFull = true;
        return;
      }
      this.#lostShuts.shift();
      this.#sent({ type: "shut", channel }, 0);
    }
    while (this.#controls.length > 0) {
      const bytes = this.#controls[0]!;
      if (!this.#hasWindowRoom(bytes.length)) return;
      if (!this.#records.control(bytes)) {
        this.#isFrameFull = true;
        return;
      }
      this.#controls.shift();
      this.#controlBytes -= bytes.length;
      this.#sent({ type: "control", bytes }, bytes.length);
    }
    for (let priority = 0; this.#waiting >> priority > 0; priority++) {
      if ((this.#waiting >> priority & 1) === 0) continue;
      if (!this.#writePriority(priority)) {
        this.#isFrameFull = true;
        return;
      }
    }
  }

  /** Returns whether there was room for all that may go now. */
  #writePriority(priority: number): boolean {
    const channels = this.#outByPriority[priority]!;
    let idle = 0;
    while (idle < channels.length) {
      const turn = this.#turns[priority]! % channels.length;
      const result = this.#writePart(channels[turn]!);
      if (result === "frameFull") return false;
      this.#turns[priority] = turn + 1;
      idle = result === "written" ? 0 : idle + 1;
    }
    let isWaiting = false;
    let hasShut = false;
    for (const channel of channels) {
      if (channel.isShut) hasShut = true;
      else if (channel.isShutting || channel.first) isWaiting = true;
    }
    if (hasShut) this.#removeShut(channels);
    if (!isWaiting) this.#waiting &= ~(1 << priority);
    return true;
  }

  /** Returns whether everything was sent again. */
  #writeReplays(): boolean {
    const window = this.#window;
    if (this.#gapTo > 0) {
      if (!this.#records.gap(this.#cursor, this.#gapTo)) return false;
      this.#cursor = this.#gapTo + 1;
      this.#gapTo = 0;
    }
    for (; this.#cursor <= window.sent; this.#cursor++) {
      const record = window.at(this.#cursor);
      // Taken in the meantime, which the other end says only of what it has.
      if (record === undefined) continue;
      if (record.type === "forgotten") {
        const to = window.available - 1;
        if (!this.#records.gap(this.#cursor, to)) return false;
        this.#lose(this.#cursor, to);
        this.#cursor = to;
        continue;
      }
      if (!this.#writeRecord(record)) return false;
    }
    return true;
  }

  #writeRecord(
    record: Exclude<SentRecord, { readonly type: "forgotten" }>,
  ): boolean {
    const records = this.#records;
    switch (record.type) {
      case "control":
        return records.control(record.bytes);
      case "shut":
        return this.#announce(record.channel) &&
          records.shut(record.channel.id);
      case "data": {
        const { channel, message, wire, start, end } = record;
        return this.#announce(channel) &&
          this.#writeData(channel, message, wire, start, end);
      }
    }
  }

  #writePart(channel: OutChannel): "written" | "nothing" | "frameFull" {
    const message = channel.first;
    if (message === undefined) {
      if (!channel.isShutting || channel.isShut) return "nothing";
      if (channel.wasUsed) {
        if (!this.#hasWindowRoom(0)) return "nothing";
        if (!this.#announce(channel)) return "frameFull";
        if (!this.#records.shut(channel.id)) return "frameFull";
        this.#sent({ type: "shut", channel }, 0);
      }
      channel.isShut = true;
      return "written";
    }
    if (!channel.prepare(message)) {
      this.#isDeflating = true;
      return "nothing";
    }
    const { isSequenced, wire, offset: start } = channel;
    const remaining = wire.length - start;
    const credit = channel.credit - RECORD_COST_BYTES;
    const least = Math.min(remaining, MIN_PART_BYTES);
    if (credit < least) return "nothing";
    if (!this.#announce(channel)) return "frameFull";
    const used = this.#writer.length;
    let room = dataBytesWithin(
      channel.id,
      flagsOf(message, wire, start, start),
      message.request ?? 0,
      this.#frameBytes - used,
    );
    if (channel.priority !== URGENT) {
      const flightRoom = this.#flight.room(used);
      if (flightRoom < least) {
        if (this.#flight.hold(this.#options.clock.nowMs())) {
          this.#pingFlight();
        }
        return "nothing";
      }
      room = Math.min(room, flightRoom, this.#flight.frameBytes - used);
    }
    const length = Math.min(remaining, MAX_PART_BYTES, credit, room);
    if (length < least) return "frameFull";
    if (start === 0 && length < remaining && !this.#mayBegin(message)) {
      return "nothing";
    }
    const isPlain = wire === message.bytes;
    // A stream has its message beside it.
    const held = isPlain
      ? length
      : length + Math.ceil(length / wire.length * message.bytes.length);
    if (isSequenced && !this.#hasWindowRoom(held)) return "nothing";
    const end = start + length;
    if (!this.#writeData(channel, message, wire, start, end)) {
      return "frameFull";
    }
    if (isSequenced) {
      channel.usedCredit += length + RECORD_COST_BYTES;
      if (isPlain && length === wire.length) {
        this.#window.pushWhole(channel, message);
        this.#cursor = this.#window.sent + 1;
      } else {
        this.#sent({ type: "data", channel, message, wire, start, end }, held);
      }
    }
    channel.offset = end;
    if (end === wire.length) {
      if (channel.shift()) this.#countSent(channel, message);
      if (this.#deflater !== undefined) {
        this.#deflater.savedBytesOut += message.bytes.length - end;
      }
    }
    if (this.#flight.wantsPing(this.#writer.length)) this.#pingFlight();
    return "written";
  }

  #countSent(channel: OutChannel, message: OutMessage): void {
    if (channel.endsWithSession) return;
    this.#sentMessages += 1;
    this.#sentBytes += message.bytes.length;
  }

  #pingFlight(): void {
    const { length } = this.#writer;
    if (this.#frameBytes - length < FLIGHT_PING_RECORD_BYTES) return;
    const nowMs = this.#options.clock.nowMs();
    const ping = new Uint8Array(FLIGHT_PING_BYTES);
    ping[0] = FLIGHT_PING;
    const numbers = ByteWriter.over(ping.subarray(1));
    numbers.f64(nowMs);
    numbers.f64(this.#flight.ping(nowMs, length));
    this.#records.ping(ping);
  }

  /** Whether there is room at the peer for all that would then be unfinished. */
  #mayBegin({ bytes }: OutMessage): boolean {
    let unfinished = bytes.length;
    for (const { first, offset } of this.#outById.values()) {
      if (first !== undefined && offset > 0) unfinished += first.bytes.length;
    }
    return unfinished <= UNFINISHED_MESSAGES * this.#peerMaxMessageBytes;
  }

  /** Tells the name of a channel, once on each socket. */
  #announce(channel: OutChannel): boolean {
    if (channel.announcedOn === this.#socketNumber) return true;
    if (!this.#records.open(announcement(channel))) return false;
    channel.announcedOn = this.#socketNumber;
    channel.wasUsed = true;
    return true;
  }

  #writeData(
    channel: OutChannel,
    message: OutMessage,
    wire: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    return this.#records.data(
      channel.id,
      flagsOf(message, wire, start, end),
      message.request ?? 0,
      wire,
      start,
      end,
    );
  }

  #sent(record: SentRecord, byteCount: number): void {
    this.#window.push(record, byteCount);
    this.#cursor = this.#window.sent + 1;
  }

  #writeAcks(): void {
    for (const channel of this.#raised) {
      if (!this.#records.credit(channel.id, channel.limit)) {
        this.#isFrameFull = true;
        return;
      }
      this.#raised.delete(channel);
    }
    const taken = this.#inbox.taken(this.#received);
    const news = taken - this.#ackedByUs;
    if (
      news > 0 &&
      (this.#writer.length > 0 || news >= ACK_BATCH ||
        this.#ackWaitSeconds >= ACK_DELAY_SECONDS[this.#options.role])
    ) {
      if (this.#records.ack(taken)) {
        this.#ackedByUs = taken;
        this.#ackWaitSeconds = 0;
      } else this.#isFrameFull = true;
    }
  }

  #opened(isResumed: boolean): void {
    this.#phase = "open";
    this.#hasBegun = true;
    this.#hasProbed = false;
    this.#isProbeDue = this.#options.role === "client";
    this.#inbox.push({ type: "opened", isResumed });
    // Acknowledgements and credit may have been lost with the socket.
    this.#ackedByUs = 0;
    this.#ackWaitSeconds = ACK_DELAY_SECONDS.client;
    this.#waiting = ALL_PRIORITIES;
    for (const channel of this.#inById.values()) {
      if (channel.isRaised) this.#raised.add(channel);
    }
  }

  #resumeAt(sequence: number): void {
    // What the other end has, it need not be sent; it is kept until it was taken.
    this.#cursor = sequence;
    this.#gapTo = 0;
    const to = this.#window.available - 1;
    if (to < sequence) return;
    this.#lose(sequence, to);
    this.#gapTo = to;
  }

  /** Records that cannot be sent again: what they were is handed back. */
  #lose(from: number, to: number): void {
    const lost = new Map<OutMessage, OutChannel>();
    let isNew = false;
    const add = (message: OutMessage, channel: OutChannel): void => {
      if (this.#lost.has(message)) return;
      this.#lost.add(message);
      isNew = true;
      lost.set(message, channel);
      if (channel.first === message) channel.shift();
    };
    for (let sequence = from; sequence <= to; sequence++) {
      const record = this.#window.at(sequence);
      if (record?.type !== "forgotten" || record.isTold) continue;
      record.isTold = true;
      isNew = true;
      if (record.shut !== undefined) this.#lostShuts.push(record.shut);
      const { channel, message, byteCount } = record;
      if (channel === undefined || message === undefined) continue;
      // The other end never counted them.
      channel.usedCredit -= byteCount + RECORD_COST_BYTES;
      add(message, channel);
    }
    // With the gap the other end throws away what it has of unfinished messages, of
    // whatever channel: those that began before it and go on behind it.
    const whole = new Set<OutMessage>();
    for (let sequence = to + 1; sequence <= this.#window.sent; sequence++) {
      const record = this.#window.at(sequence);
      if (record === undefined || !("message" in record)) continue;
      const { channel, message } = record;
      if (channel === undefined || message === undefined) continue;
      if (record.start === 0) whole.add(message);
      else if (!whole.has(message)) add(message, channel);
    }
    for (const channel of this.#outById.values()) {
      const { isSequenced, first, offset } = channel;
      if (isSequenced && first && offset > 0 && !whole.has(first)) {
        add(first, channel);
      }
    }
    if (!isNew) return;
    this.#inbox.push({
      type: "undelivered",
      reason: "windowOverrun",
      messages: [...lost].map(asUndelivered),
    });
  }

  /** Whether the peer, on a new socket, may say that. */
  #check(
    isResumed: boolean,
    { received, maxFrameBytes, maxMessageBytes, canDeflate }: Hello | Welcome,
  ): SessionError | undefined {
    if (!isResumed) return received > 0 ? "wrongCount" : undefined;
    const { sent, acked } = this.#window;
    if (received > sent || received < acked) return "wrongCount";
    // What has been accepted and cut to records would not fit any more.
    return Math.min(maxFrameBytes, this.#options.maxFrameBytes) <
          this.#frameBytes ||
        maxMessageBytes < this.#peerMaxMessageBytes ||
        this.#canDeflate && !canDeflate
      ? "limitLowered"
      : undefined;
  }

  #limitPeer({ maxFrameBytes, maxMessageBytes }: Hello | Welcome): void {
    this.#frameBytes = Math.min(maxFrameBytes, this.#options.maxFrameBytes);
    const isLower = maxMessageBytes < this.#peerMaxMessageBytes;
    this.#peerMaxMessageBytes = maxMessageBytes;
    if (!isLower) return;
    // They were accepted before it was known; the peer would close the socket for them.
    const taken = new Map<OutMessage, OutChannel>();
    for (const channel of this.#outById.values()) {
      channel.takeLarger(maxMessageBytes, taken);
    }
    if (taken.size === 0) return;
    this.#inbox.push({
      type: "undelivered",
      reason: "tooLarge",
      messages: [...taken].map(asUndelivered),
    });
  }

  #grant(windowBytes: number, canDeflate: boolean): void {
    this.#peerWindowBytes = windowBytes;
    this.#canDeflate = canDeflate;
    for (const channel of this.#outById.values()) {
      channel.creditLimit = windowBytes;
      channel.canDeflate = canDeflate;
    }
  }

  /** The session is over: at the other end, or for good. */
  #startAnew(reason: "sessionLost" | "closed"): void {
    const lost = new Map<OutMessage, OutChannel>();
    for (const record of this.#window.remaining()) {
      if (!("message" in record)) continue;
      const { channel, message } = record;
      // What was not sent in whole has not been delivered: it goes on as if new.
      if (
        channel !== undefined && message !== undefined &&
        !this.#lost.has(message) && channel.first !== message
      ) lost.set(message, channel);
    }
    this.#window.clear();
    for (const channel of this.#outById.values()) {
      channel.reset();
      if (reason === "closed" || channel.endsWithSession) channel.clear(lost);
      if (channel.endsWithSession) {
        channel.isShutting = true;
        channel.isShut = true;
      }
      this.#reportDropped(channel, "out");
    }
    for (const channels of this.#outByPriority) this.#removeShut(channels);
    for (const channel of this.#inById.values()) channel.isOver = true;
    this.#inById.clear();
    this.#unfinishedBytes = 0;
    this.#raised.clear();
    this.#controls.length = 0;
    this.#controlBytes = 0;
    this.#lostShuts.length = 0;
    this.#cursor = 1;
    this.#gapTo = 0;
    this.#received = 0;
    this.#hadGap = false;
    this.#ackedByUs = 0;
    this.#inbox.forgetRecords();
    this.#inbox.push({
      type: "undelivered",
      reason,
      messages: [...lost].map(asUndelivered),
    });
    this.#inbox.renewLanes();
  }

  #removeShut(channels: OutChannel[]): void {
    for (let i = channels.length - 1; i >= 0; i--) {
      const channel = channels[i]!;
      if (channel.isShut) {
        channels.splice(i, 1);
        this.#outById.delete(channel.id);
      }
    }
  }

  #freeChannelId(): number | undefined {
    for (let i = 0; i < MAX_CHANNEL; i++) {
      const id = this.#nextChannelId;
      this.#advanceChannelId();
      if (!this.#outById.has(id) && !this.#isShutUnderWay(id)) return id;
    }
    return undefined;
  }

  /** Credit for the channel that had a number may come until its end was taken. */
  #isShutUnderWay(id: number): boolean {
    if (!this.#hasWrapped) return false;
    return this.#lostShuts.some((channel) => channel.id === id) ||
      [...this.#window.remaining()].some((record) =>
        record.type === "shut" && record.channel.id === id ||
        record.type === "forgotten" && record.shut?.id === id
      );
  }

  #advanceChannelId(): void {
    this.#hasWrapped ||= this.#nextChannelId === MAX_CHANNEL;
    this.#nextChannelId = this.#nextChannelId % MAX_CHANNEL + 1;
  }

  #reportDropped(
    channel: OutChannel | InChannel,
    direction: "out" | "in",
  ): void {
    const { name, dropped } = channel;
    // Where nobody looks, it is told with what is dropped later.
    if (dropped.isEmpty || this.#inbox.freeEntries >= MAX_FREE_ENTRIES / 2) {
      return;
    }
    for (const { reason, messages, bytes } of dropped.take()) {
      this.#inbox.push({
        type: "dropped",
        direction,
        reason,
        channel: name,
        messages,
        bytes,
      });
    }
  }

  #fail(error: SessionError): false {
    this.#error ??= error;
    return false;
  }

  /** Counts a sequenced record. */
  #count(): number {
    this.#received += 1;
    return this.#received;
  }

  #makeSink(): RecordSink {
    return {
      hello: () => this.#fail("unexpectedRecord"),
      welcome: (welcome) => this.#onWelcome(welcome),
      refuse: (refuse) => this.#onRefuse(refuse),
      open: (open) => this.#isReady() && this.#onOpen(open),
      shut: (id) => this.#isReady() && this.#onShut(id),
      ack: (received) =>
        this.#isReady() &&
        (this.#window.ack(received) || this.#fail("wrongCount")),
      credit: (id, limit) => this.#isReady() && this.#onCredit(id, limit),
      ping: (buffer, start, end) =>
        this.#isReady() && this.#onPing(buffer.slice(start, end)),
      pong: (buffer, start, end, heldUs) =>
        this.#isReady() && this.#onPong(buffer.slice(start, end), heldUs),
      gap: (from, to) => this.#isReady() && this.#onGap(from, to),
      bye: (bye) => this.#isReady() && this.#onBye(bye),
      control: (buffer, start, end) =>
        this.#isReady() && this.#onControl(buffer.slice(start, end)),
      data: (id, flags, request, buffer, start, end) =>
        this.#isReady() && this.#onData(id, flags, request, buffer, start, end),
    };
  }

  #isReady(): boolean {
    return this.#phase === "open" || this.#fail("unexpectedRecord");
  }

  #onWelcome(welcome: Welcome): boolean {
    if (this.#options.role !== "client" || this.#phase !== "greeting") {
      return this.#fail("unexpectedRecord");
    }
    const { version, canDeflate, isResumed, received } = welcome;
    if (version !== MUX_VERSION) return this.#fail("versionMismatch");
    if (
      canDeflate && (isResumed ? !this.#canDeflate : !this.#deflater) ||
      isResumed && !isSame(this.#sessionId, welcome.session)
    ) return this.#fail("unexpectedRecord");
    const error = this.#check(isResumed, welcome);
    if (error !== undefined) return this.#fail(error);
    if (!isResumed && this.#sessionId !== undefined) {
      this.#startAnew("sessionLost");
    }
    this.#limitPeer(welcome);
    if (!isResumed) {
      this.#sessionId = new Uint8Array(welcome.session);
      this.#grant(welcome.windowBytes, canDeflate);
    }
    this.#keepaliveSeconds = keepaliveSeconds(welcome.keepaliveMs);
    this.#opened(isResumed);
    this.#resumeAt(received + 1);
    return true;
  }

  #onRefuse(refuse: Refuse): boolean {
    if (this.#options.role !== "client" || this.#phase !== "greeting") {
      return this.#fail("unexpectedRecord");
    }
    this.#inbox.push({ type: "refused", ...refuse });
    return true;
  }

  #onOpen(open: Open): boolean {
    const known = this.#inById.get(open.channel);
    // It is told anew on each socket.
    if (known !== undefined) {
      return known.name === open.name && known.delivery === open.delivery ||
        this.#fail("unexpectedRecord");
    }
    const maxChannels = this.#options.maxChannels + this.#expectedChannels;
    if (this.#inById.size >= maxChannels) {
      return this.#fail("tooManyChannels");
    }
    const { channel: id, name, delivery } = open;
    const channel = new InChannel(
      id,
      name,
      delivery,
      this.#options.windowBytes,
      this.#raised,
    );
    // The gap may have had the beginning of its first message.
    channel.mayContinue = this.#hadGap;
    this.#inById.set(id, channel);
    return this.#inbox.isDiverted(name) ||
      this.#tell({ type: "channelOpened", channel: name, delivery });
  }

  /** What may wait on all channels, those that were shut included. */
  get #maxHeldCost(): number {
    const { maxChannels, windowBytes, maxMessageBytes } = this.#options;
    return (maxChannels + this.#expectedChannels) *
      (windowBytes + maxMessageBytes);
  }

  #onShut(id: number): boolean {
    if (!this.#hasInboxRoom()) return false;
    const sequence = this.#count();
    const channel = this.#inById.get(id);
    if (channel === undefined) return this.#fail("unknownChannel");
    if (channel.partial !== undefined) return this.#fail("unexpectedRecord");
    this.#reportDropped(channel, "in");
    channel.isOver = true;
    this.#inById.delete(id);
    this.#raised.delete(channel);
    return this.#tell(
      { type: "channelShut", channel: channel.name },
      sequence,
    );
  }

  #onCredit(id: number, limit: number): boolean {
    const channel = this.#outById.get(id);
    // It may have been shut in the meantime.
    if (channel !== undefined && limit > channel.creditLimit) {
      channel.creditLimit = limit;
    }
    return true;
  }

  #onPing(bytes: Uint8Array): boolean {
    // Who asks more often than answers can go gets fewer, and the newest.
    if (this.#pongs.length >= MAX_PONGS) this.#pongs.pop();
    this.#pongs.push({ bytes, atMs: this.#receivedMs });
    return true;
  }

  #onPong(bytes: Uint8Array, heldUs: number): boolean {
    if (bytes[0] === APPLICATION_PING) {
      return this.#tell({ type: "pong", bytes: bytes.slice(1) });
    }
    const numbers = new ByteReader(bytes.subarray(1));
    if (bytes[0] === FLIGHT_PING && bytes.length === FLIGHT_PING_BYTES) {
      return this.#flight.arrive({
        nowMs: this.#options.clock.nowMs(),
        receivedMs: this.#receivedMs,
        heldMs: heldUs / 1_000,
        pingedMs: numbers.f64(),
        sentBytes: numbers.f64(),
      }) || this.#fail("unexpectedRecord");
    }
    if (bytes[0] !== OWN_PING || bytes.length !== 9) {
      return this.#fail("unexpectedRecord");
    }
    const wholeMs = this.#receivedMs - numbers.f64();
    // The other end may have written anything.
    if (!(wholeMs >= 0 && wholeMs < Infinity)) return true;
    const rttMs = Math.max(0, wholeMs - heldUs / 1_000);
    this.#flight.observe(this.#receivedMs, rttMs);
    this.#lastRttMs = rttMs;
    this.#rttSamples += 1;
    if (this.#rttMs === 0) {
      this.#rttMs = rttMs;
      this.#jitterMs = rttMs / 2;
    } else {
      this.#jitterMs += JITTER_BETA *
        (Math.abs(rttMs - this.#rttMs) - this.#jitterMs);
      this.#rttMs += RTT_ALPHA * (rttMs - this.#rttMs);
    }
    return true;
  }

  #onGap(from: number, to: number): boolean {
    if (
      from !== this.#received + 1 || to < from || to - from >= MAX_GAP_RECORDS
    ) return this.#fail("wrongCount");
    if (!this.#hasInboxRoom()) return false;
    this.#received = to;
    this.#hadGap = true;
    for (const channel of this.#inById.values()) {
      if (!channel.isSequenced) continue;
      if (channel.partial !== undefined) channel.release(channel.partial.cost);
      this.#discardPartial(channel);
      channel.mayContinue = true;
    }
    return this.#tell({ type: "gap", reason: "windowOverrun", from, to }, to);
  }

  #onBye(bye: Bye): boolean {
    this.#peerBye = bye;
    return this.#tell({ type: "bye", ...bye });
  }

  #onControl(bytes: Uint8Array): boolean {
    if (!this.#hasInboxRoom()) return false;
    return this.#tell({ type: "control", bytes }, this.#count());
  }

  #onData(
    id: number,
    flags: number,
    request: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const channel = this.#inById.get(id);
    if (channel === undefined) return this.#fail("unknownChannel");
    const cost = end - start + RECORD_COST_BYTES;
    if (!channel.receive(cost)) return this.#fail("creditExceeded");
    // Each new channel has a window, also where those before it were shut in vain.
    if (
      channel.isSequenced && this.#inbox.heldCost + cost > this.#maxHeldCost
    ) {
      return this.#fail("creditExceeded");
    }
    const sequence = channel.isSequenced ? this.#count() : 0;
    const isFirst = (flags & DataFlag.Continues) === 0;
    let partial = channel.partial;
    if (isFirst) {
      if (partial !== undefined) return this.#fail("unexpectedRecord");
      const isDeflated = (flags & DataFlag.Deflated) !== 0;
      if (isDeflated && !this.#canDeflate) {
        return this.#fail("unexpectedRecord");
      }
      partial = new PartialMessage(
        (flags & DataFlag.Text) !== 0,
        isDeflated,
        (flags & DataFlag.HasRequest) !== 0 ? request : undefined,
      );
      channel.partial = partial;
      channel.mayContinue = false;
    } else if (partial === undefined) {
      // Its beginning was lost: in a gap, or with a socket where that may be.
      channel.release(cost);
      return channel.mayContinue || !channel.isSequenced ||
        this.#fail("unexpectedRecord");
    }
    if (
      partial.byteLength + end - start > this.#options.maxMessageBytes
    ) return this.#fail("messageTooLarge");
    if ((flags & DataFlag.More) !== 0) {
      this.#unfinishedBytes += end - start;
      if (
        this.#unfinishedBytes >
          UNFINISHED_MESSAGES * this.#options.maxMessageBytes
      ) return this.#fail("messageTooLarge");
    } else {
      this.#unfinishedBytes -= partial.byteLength;
    }
    partial.append(buffer, start, end);
    partial.cost += cost;
    if ((flags & DataFlag.More) !== 0) {
      channel.raiseLimit();
      return true;
    }
    channel.partial = undefined;
    // Its earlier parts may be acknowledged, as the sender keeps the whole until this.
    return this.#deliver(channel, partial, sequence);
  }

  #discardPartial(channel: InChannel): void {
    this.#unfinishedBytes -= channel.partial?.byteLength ?? 0;
    channel.partial = undefined;
  }

  #deliver(
    channel: InChannel,
    partial: PartialMessage,
    sequence: number,
  ): boolean {
    const { isText, isDeflated, request, cost } = partial;
    const bytes = partial.take();
    // A part may end inside a character, so that only the whole tells.
    if (isText && !isDeflated && !isUtf8(bytes)) return this.#fail("notUtf8");
    if (
      !channel.isSequenced &&
      (this.#inbox.freeEntries >= MAX_FREE_ENTRIES / 2 ||
        this.#inbox.freeBytes + bytes.length > MAX_FREE_BYTES / 2)
    ) {
      // Nobody waits for it, and the application is behind.
      channel.dropped.add("queueFull", bytes.length);
      return true;
    }
    const { name } = channel;
    this.#inbox.push(
      { type: "message", channel: name, bytes, isText, request },
      sequence,
      channel,
      cost,
      isDeflated,
    );
    return true;
  }

  /** As late as when it is taken: what waits has no more bytes than were sent. */
  #inflate(message: SessionEvent & { type: "message" }): SessionEvent {
    const { maxMessageBytes } = this.#options;
    const bytes = this.#deflater?.inflate(message.bytes, maxMessageBytes) ??
      "corrupt";
    this.#inflatedBytes += typeof bytes === "string"
      ? maxMessageBytes
      : bytes.length;
    if (typeof bytes === "string") {
      const isTooLarge = bytes === "tooLong";
      return {
        type: "failed",
        error: isTooLarge ? "messageTooLarge" : "malformed",
      };
    }
    if (message.isText && !isUtf8(bytes)) {
      return { type: "failed", error: "notUtf8" };
    }
    return { ...message, bytes };
  }

  /** Tells what the peer needs no credit for, with the number of a sequenced record. */
  #tell(event: SessionEvent, sequence = 0): boolean {
    if (!this.#hasInboxRoom()) return false;
    this.#inbox.push(event, sequence);
    return true;
  }

  /** A sequenced record without room must not be counted: it is sent again. */
  #hasInboxRoom(): boolean {
    const { freeEntries, freeBytes } = this.#inbox;
    return freeEntries < MAX_FREE_ENTRIES && freeBytes <= MAX_FREE_BYTES ||
      this.#fail("inboxFull");
  }
}

/** 0 stands for none. */
function keepaliveSeconds(keepaliveMs: number): number {
  return keepaliveMs === 0 ? Infinity : keepaliveMs / 1_000;
}

function announcement({ id, name, delivery, priority }: OutChannel): Open {
  return { channel: id, name, delivery, priority };
}

/** What a message is, its first part says. */
function flagsOf(
  message: OutMessage,
  wire: Uint8Array,
  start: number,
  end: number,
): number {
  const more = end < wire.length ? DataFlag.More : 0;
  if (start > 0) return more | DataFlag.Continues;
  return more | (message.isText ? DataFlag.Text : 0) |
    (wire === message.bytes ? 0 : DataFlag.Deflated) |
    (message.request === undefined ? 0 : DataFlag.HasRequest);
}

function asUndelivered(
  [{ bytes, isText, request }, { name }]: [OutMessage, OutChannel],
): UndeliveredMessage {
  // It is the receiver's to change, and its copy may be shared.
  return { channel: name, bytes: new Uint8Array(bytes), isText, request };
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.every((byte, i) => byte === b[i]);
}
