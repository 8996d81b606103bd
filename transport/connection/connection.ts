// This module is browser compatible.
import {
  checkFinite,
  checkInteger,
  EventQueue,
  type Random,
  SecureRandom,
} from "../../core/mod.ts";
import { Channel, cutCloseReason } from "../../protocol/mod.ts";
import { BandwidthDelayControl } from "../congestion/bandwidth_delay_control.ts";
import type { CongestionControl } from "../congestion/congestion_control.ts";
import { Pacer } from "../congestion/pacer.ts";
import { BASE_MTU, KEEPALIVE_MS, MTU, PEER_TIMEOUT_MS } from "../constants.ts";
import type { ChannelConfig } from "../message/channel_config.ts";
import type { ChannelRecvStats } from "../message/channel_recv_stats.ts";
import type { ChannelStats, LateMessage } from "../message/channel_stats.ts";
import { checkChannels } from "../message/check_channels.ts";
import { Inbox } from "../message/inbox.ts";
import { NORMAL, Outbox, PROBE } from "../message/outbox.ts";
import { resolveMessageLimits } from "../message/resolve_limits.ts";
import type { PathMtu } from "../path_mtu/path_mtu.ts";
import { PathMtuSearch } from "../path_mtu/path_mtu_search.ts";
import { AdaptiveRedundancy } from "../redundancy/adaptive_redundancy.ts";
import type { RedundancyPolicy } from "../redundancy/redundancy_policy.ts";
import { AckAccumulator, AckForm } from "./ack_accumulator.ts";
import type { ConnectionEvent } from "./connection_event.ts";
import type { ConnectionOptions } from "./connection_options.ts";
import { CloseCode, ConnectionState } from "./connection_state.ts";
import { PacketBuffer } from "./packet_buffer.ts";
import type { TransportStats } from "./transport_stats.ts";
import { AckTimer, MAX_ACK_DELAY_MS } from "./_ack_timer.ts";
import { ByteRate } from "./_byte_rate.ts";
import {
  type CloseFrame,
  isZero,
  readClose,
  writeClose,
} from "./_close_frame.ts";
import { delayOffset, hasAck, writeHeader } from "./_packet_header.ts";
import { Recovery } from "./_recovery.ts";
import { ELICITING, MTU_PROBE } from "./_sent_packets.ts";

const PADDING = 0x00;
const PING = 0x01;
const CLOSE = 0x02;
const FRAGMENT = 0x03;
const MESSAGE = 0x80;

/** How a packet is filled besides `NORMAL` and `PROBE`: no messages. */
const BARE = -1;

/**
 * Two full packets, or as much in smaller ones, are acknowledged at once: that paces bulk.
 * Small ones of a game wait for a packet that goes back anyway.
 */
const ACK_BYTES = 2000;
/**
 * A gap is told of soon, as the sender may have to send again: after this part of the
 * RTT, as there are more to come where packets overtake each other.
 */
const GAP_DELAY_RTT = 1 / 16;
/** A connection that is not in use asks more and more seldom, up to this many times `keepaliveMs`. */
const IDLE_FACTOR = 4;
/**
 * One end of an idle connection asks, the other answers: it asks only if the first is
 * late, by a quarter to a half. By chance, as two ends that do the same at the same time
 * would go on so.
 */
const PASSIVE_FACTOR = 1.25;
const PASSIVE_SPREAD = 0.25 / 0x1_0000_0000;
/** A flush that is later than wanted by this, or by half of its patience, tells that this end has slept. */
const ASLEEP_MS = 1000;
/** After so long without messages either way, what they needed is let go of. */
const REST_MS = 3000;
const CLOSE_SENDS = 3;
const CLOSE_INTERVAL_MS = 10;
const MIN_LINGER_MS = 100;
const LINGER_RTTS = 3;
/** The first packet number that is left out is not below, and from then on they are that far apart, and up to three times. */
const FIRST_SKIP = 32;
const SKIP = 256;
/** Rounding must not make a timer go off for nothing, and again at once. */
const PACING_SLACK_MS = 0.001;
/** A full socket is tried again after this. */
const FULL_RETRY_MS = 1;

const Phase = {
  Open: 0,
  /** Closed, but what was sent before is still delivered. */
  Draining: 1,
  /** Tells the other end. */
  Closing: 2,
  Over: 3,
} as const;

type Phase = typeof Phase[keyof typeof Phase];

/** A packet that a full socket did not take. */
interface Stalled {
  readonly packet: Uint8Array;
  readonly flags: number;
  readonly firstRef: number;
  readonly refs: number;
  readonly told: number;
  readonly toldFrom: number;
}

/**
 * Takes a packet that is to be sent: the bytes hold it until it returns. `false` if there is
 * no room for it now; it comes again with a later flush.
 */
export type PacketSink = (payload: Uint8Array) => boolean;

/**
 * One end of a connection over whatever carries datagrams: packets are given to it and
 * taken from it, and so is the time. It knows no socket, no address and no clock.
 *
 * Its owner calls `receive()` with what comes in, `poll()` for the messages, and
 * `flush()` after sending, and at {@linkcode Connection.nextWakeMs} at the latest. Given
 * the same calls it does the same, to the byte.
 *
 * **Closing.** Where it ends other than by `close()`, `state` and the event tell of it
 * once `poll()` has handed out what had come in before.
 *
 * @example Two ends
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Channel, Connection } from "@tickwire/net/transport";
 *
 * const a = new Connection();
 * const b = new Connection();
 * a.send(Channel.ReliableOrdered, new Uint8Array([1, 2, 3]));
 * a.flush(0, (packet) => {
 *   b.receive(packet, 20);
 *   return true;
 * });
 * b.poll((bytes) => assertEquals(bytes, new Uint8Array([1, 2, 3])));
 * assertEquals(b.nextWakeMs, 30); // Its acknowledgement is due.
 * ```
 */
export class Connection {
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #congestion: CongestionControl;
  readonly #redundancy: RedundancyPolicy;
  readonly #pathMtu: PathMtu;
  readonly #acks: AckAccumulator;
  readonly #recovery: Recovery;
  readonly #ackTimer = new AckTimer();
  readonly #pacer = new Pacer();
  readonly #up = new ByteRate();
  readonly #down = new ByteRate();
  readonly #buffer: PacketBuffer;
  readonly #random: Random;
  readonly #channelCount: number;
  readonly #firstNumber: number;
  readonly #maxPayloadBytes: number;
  readonly #overheadBytes: number;
  readonly #keepaliveMs: number;
  readonly #maxKeepaliveMs: number;
  readonly #peerTimeoutMs: number;

  #phase: Phase = Phase.Open;
  #state: ConnectionState = ConnectionState.Connected;
  #events: EventQueue<ConnectionEvent> | undefined;
  /** How it ended, as long as the game does not know yet. */
  #unseenEnd: ConnectionEvent | undefined;
  #close: { code: number; reason: string } | undefined;
  #closeSends = 0;
  #closeAtMs = 0;
  #lingerUntilMs = 0;

  #nowMs = 0;
  #isStarted = false;
  #heardMs = 0;
  #sentMs = 0;
  #flushedMs = 0;
  #idleMs: number;
  /** When a message went either way last. */
  #usedMs = Infinity;
  /** Whether it is the other end that asks. */
  #isAsked = false;
  #passiveFactor = PASSIVE_FACTOR;
  #ackAtMs = Infinity;
  #unacked = 0;
  #skipAt: number;
  #stalled: Stalled | undefined;
  #sink: ((bytes: Uint8Array, channel: number) => void) | undefined;
  #guard: ((bytes: Uint8Array, channel: number) => void) | undefined;

  #packetsSent = 0;
  #packetsReceived = 0;
  #probesSent = 0;
  #malformed = 0;
  #duplicates = 0;
  #refused = 0;
  #socketFull = 0;

  /**
   * Creates an end of a connection that stands: the link has proven the other one.
   *
   * @param options Channels, limits and times.
   * @throws {TypeError} If what a channel is to deliver is none of what there is.
   * @throws {RangeError} If one of them is outside its limits.
   */
  constructor(options: ConnectionOptions = {}) {
    const overheadBytes = checkInteger(
      "overheadBytes",
      options.overheadBytes ?? 0,
      0,
      64,
    );
    this.#overheadBytes = overheadBytes;
    this.#maxPayloadBytes = checkInteger(
      "maxPayloadBytes",
      options.maxPayloadBytes ?? MTU - overheadBytes,
      BASE_MTU - overheadBytes,
      MTU - overheadBytes,
    );
    this.#keepaliveMs = checkFinite(
      "keepaliveMs",
      options.keepaliveMs ?? KEEPALIVE_MS,
    );
    this.#peerTimeoutMs = checkFinite(
      "peerTimeoutMs",
      options.peerTimeoutMs ?? PEER_TIMEOUT_MS,
    );
    // Several lost in a row must not look like the end of the other one.
    this.#maxKeepaliveMs = Math.max(
      this.#keepaliveMs,
      Math.min(IDLE_FACTOR * this.#keepaliveMs, this.#peerTimeoutMs / 4),
    );
    this.#idleMs = this.#keepaliveMs;
    const first = checkInteger(
      "firstPacketNumber",
      options.firstPacketNumber ?? 0,
      0,
      Number.MAX_SAFE_INTEGER,
    );
    this.#firstNumber = first;
    this.#random = options.random ?? new SecureRandom();
    this.#skipAt = first + FIRST_SKIP + this.#random.nextU32() % FIRST_SKIP;
    this.#buffer = options.buffer ?? new PacketBuffer();

    checkChannels(options.channels ?? []);
    const channels: ChannelConfig[] = [
      { delivery: Channel.Reliable },
      { delivery: Channel.Unreliable },
      { delivery: Channel.ReliableOrdered },
      { delivery: Channel.UnreliableOrdered },
      ...options.channels ?? [],
    ];
    this.#channelCount = checkInteger(
      "channels.length",
      channels.length,
      4,
      256,
    );
    const limits = resolveMessageLimits(options.limits);
    const firstMessageId = options.firstMessageId ?? 0;
    this.#congestion = options.congestion?.() ??
      new BandwidthDelayControl();
    this.#redundancy = options.redundancy?.() ?? new AdaptiveRedundancy();
    this.#pathMtu = new PathMtuSearch(this.#maxPayloadBytes + overheadBytes);
    this.#outbox = new Outbox({
      channels,
      redundancy: this.#redundancy,
      limits,
      firstMessageId,
    });
    this.#inbox = new Inbox({ channels, limits, firstMessageId });
    this.#acks = new AckAccumulator(first);
    this.#recovery = new Recovery(
      {
        outbox: this.#outbox,
        congestion: this.#congestion,
        redundancy: this.#redundancy,
        pathMtu: this.#pathMtu,
        acks: this.#acks,
        sample: this.#buffer.sample,
      },
      first,
      this.#peerTimeoutMs,
    );
  }

  /** Where it stands: `Connected`, then one of `Disconnected`, `TimedOut`, `Kicked`. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether there is nothing left to do: no more packets, and nothing to poll. */
  get isOver(): boolean {
    return this.#phase === Phase.Over && this.#unseenEnd === undefined;
  }

  /** The smoothed round-trip time in milliseconds; 0 until it is known. */
  get rttMs(): number {
    return this.#recovery.rtt.smoothedMs;
  }

  /** Bytes of messages that wait to be sent. */
  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  /** Bytes of its arrays that grow with use: what it costs beside its objects. */
  get capacityBytes(): number {
    return this.#outbox.capacityBytes + this.#inbox.capacityBytes +
      this.#recovery.capacityBytes;
  }

  /**
   * When `flush()` is wanted at the latest if nothing else happens, in milliseconds of
   * the clock that it is given; `Infinity` for never. It changes with every call.
   */
  get nextWakeMs(): number {
    if (this.#phase !== Phase.Open && this.#phase !== Phase.Draining) {
      return this.#nextCloseMs();
    }
    if (!this.#isStarted) return this.#nowMs;
    // Whatever else is due waits for the socket.
    if (this.#stalled !== undefined) return this.#flushedMs + FULL_RETRY_MS;
    const recovery = this.#recovery;
    const timerMs = recovery.lossAtMs < Infinity
      ? recovery.lossAtMs
      : recovery.probeAtMs;
    const heardMs = this.#heardMs + this.#peerTimeoutMs;
    const keepaliveMs = this.#keepaliveAtMs();
    const inboxMs = this.#inbox.nextDueMs();
    let wakeMs = timerMs < this.#ackAtMs ? timerMs : this.#ackAtMs;
    if (heardMs < wakeMs) wakeMs = heardMs;
    if (keepaliveMs < wakeMs) wakeMs = keepaliveMs;
    if (inboxMs < wakeMs) wakeMs = inboxMs;
    if (recovery.inFlightBytes < this.#congestion.windowBytes) {
      const dueMs = this.#outbox.nextDueMs(this.#nowMs);
      if (dueMs < wakeMs) {
        const paceMs = this.#nowMs + this.#pacer.waitMs(this.#nowMs);
        const leaveMs = dueMs > paceMs ? dueMs : paceMs;
        if (leaveMs < wakeMs) wakeMs = leaveMs;
      }
    }
    if (this.#phase === Phase.Draining && this.#outbox.isEmpty) {
      return this.#nowMs;
    }
    return wakeMs;
  }

  /** What was measured and counted, as it is now: a new object at every call. */
  get stats(): TransportStats {
    const recovery = this.#recovery;
    const channels: ChannelStats[] = [];
    const channelsRecv: ChannelRecvStats[] = [];
    let retransmits = 0;
    for (let i = 0; i < this.#channelCount; i++) {
      const stats = this.#outbox.channelStats(i);
      retransmits += stats.resent;
      channels.push(stats);
      channelsRecv.push(this.#inbox.channelStats(i));
    }
    return {
      rttMs: recovery.rtt.smoothedMs,
      minRttMs: recovery.rtt.minMs,
      jitterMs: recovery.rtt.variationMs,
      packetLossPct: recovery.lossShare * 100,
      bandwidthUp: this.#up.perSecond(this.#nowMs),
      bandwidthDown: this.#down.perSecond(this.#nowMs),
      packetsSent: this.#packetsSent,
      packetsRecv: this.#packetsReceived,
      bytesSent: this.#up.total,
      bytesRecv: this.#down.total,
      retransmits,
      packetsAcked: recovery.packetsAcked,
      packetsLost: recovery.packetsLost,
      spuriousLosses: recovery.spuriousLosses,
      packetThreshold: recovery.packetThreshold,
      probesSent: this.#probesSent,
      windowBytes: this.#congestion.windowBytes,
      inFlightBytes: recovery.inFlightBytes,
      pacingBytesPerSec: this.#congestion.pacingRate * 1000,
      phase: this.#congestion.phase,
      pathMtuBytes: this.#pathMtu.datagramBytes,
      lossRate: this.#redundancy.lossRate,
      burstLength: this.#redundancy.burstLength,
      queuedBytes: this.#outbox.queuedBytes,
      heldBytes: this.#inbox.heldBytes,
      malformed: this.#malformed,
      duplicates: this.#duplicates,
      refused: this.#refused,
      socketFull: this.#socketFull,
      channels,
      channelsRecv,
    };
  }

  /**
   * The messages that were late last, and why: by more than `LATE_MS`.
   *
   * @returns Up to 16, oldest first.
   */
  lateMessages(): LateMessage[] {
    return this.#outbox.lateMessages();
  }

  /**
   * Sends a message: it leaves with the next `flush()` that has room for it.
   *
   * @param channel The channel's index.
   * @param bytes The message, copied before the call returns.
   * @param nowMs The time, never less than at an earlier call; if left out that of the last
   * call, and the message counts as waiting since then.
   * @returns `false` if nothing was sent: the connection is closed, the message too
   * large, or too much waits already.
   * @throws {RangeError} If there is no such channel.
   */
  send(channel: number, bytes: Uint8Array, nowMs?: number): boolean {
    // A quiet connection was last called long ago: what is new is not as old as that.
    if (nowMs !== undefined) this.#advance(nowMs);
    if (!(channel >>> 0 === channel && channel < this.#channelCount)) {
      throw new RangeError(
        `Cannot send a message as channel must be an integer from 0 to ${
          this.#channelCount - 1
        }: current value is ${channel}`,
      );
    }
    if (this.#phase !== Phase.Open) {
      // Who has not seen the end yet may go on as if it were to come.
      return this.#unseenEnd !== undefined;
    }
    return this.#outbox.send(channel, bytes, this.#nowMs);
  }

  /**
   * Takes a packet. One that is malformed has no effect but on a counter.
   *
   * @param packet What the link has opened: not kept, not written to.
   * @param nowMs The time, never less than at an earlier call.
   * @param end Where the packet ends.
   */
  receive(packet: Uint8Array, nowMs: number, end = packet.length): void {
    this.#advance(nowMs);
    if (this.#phase === Phase.Over) return;
    const { header } = this.#buffer;
    const recovery = this.#recovery;
    const start = header.read(
      packet,
      end,
      this.#acks.largest + 1,
      this.#firstNumber,
      this.#firstNumber,
      recovery.next,
    );
    if (start < 0) {
      this.#malformed++;
      return;
    }
    if (!this.#acks.isNew(header.number)) {
      this.#duplicates++;
      return;
    }
    if (this.#phase === Phase.Closing) {
      this.#answerWithClose(packet, start, end);
      return;
    }

    // First everything is checked, so that there is nothing to take back.
    let isPing = false;
    let hasMessages = false;
    let close: CloseFrame | undefined;
    this.#inbox.beginPacket();
    for (let at = start; at < end;) {
      const type = packet[at]!;
      if (type >= MESSAGE || type === FRAGMENT) {
        at = this.#inbox.check(packet, at, end);
        if (at < 0) {
          if (at === -1) this.#malformed++;
          else this.#refused++;
          return;
        }
        hasMessages = true;
      } else if (type === PING) {
        isPing = true;
        at++;
      } else if (type === PADDING && isZero(packet, at, end)) {
        break;
      } else if (type === CLOSE) {
        close = readClose(packet, at + 1, end);
        if (close === undefined) {
          this.#malformed++;
          return;
        }
        break;
      } else {
        this.#malformed++;
        return;
      }
    }
    if (this.#packetsReceived++ === 0) recovery.onFirstHeard();
    this.#down.record(end + this.#overheadBytes, nowMs);
    this.#heardMs = nowMs;
    this.#ackTimer.onPacket(header.number - this.#acks.largest - 1);
    const isInTurn = this.#acks.record(header.number, nowMs, recovery.next);

    if (header.rangeCount > 0) {
      if (recovery.isForged(header)) {
        this.#fail(
          CloseCode.ProtocolError,
          "acknowledged what was never sent",
          ConnectionState.Disconnected,
        );
        return;
      }
      recovery.onAck(header, nowMs, this.#ackTimer.isCalm);
    }
    if (hasMessages) {
      this.#onUse(nowMs);
      for (let at = start; at < end;) {
        const type = packet[at]!;
        if (type >= MESSAGE || type === FRAGMENT) {
          at = this.#inbox.receive(packet, at, end, nowMs);
        } else if (type === PING) {
          at++;
        } else {
          break;
        }
      }
      // Closed, it takes in messages only for the other end to come to its own end.
      if (this.#phase === Phase.Draining) this.#inbox.poll(ignore);
    }
    if (hasMessages || isPing) {
      if (!hasMessages) this.#isAsked = true;
      this.#unacked += end;
      const ackAtMs = isPing || this.#unacked >= ACK_BYTES
        ? nowMs
        : isInTurn
        ? this.#ackTimer.dueMs(nowMs)
        : nowMs + Math.min(MAX_ACK_DELAY_MS, GAP_DELAY_RTT * this.rttMs);
      if (ackAtMs < this.#ackAtMs) this.#ackAtMs = ackAtMs;
    }
    if (close !== undefined) this.#onClose(close);
  }

  /**
   * Hands out the messages that have come in.
   *
   * @param sink Takes a message and the index of its channel; the bytes hold it until it returns.
   * @returns How many there were.
   */
  poll(sink: (bytes: Uint8Array, channel: number) => void): number {
    if (this.#phase !== Phase.Open && this.#unseenEnd === undefined) return 0;
    this.#sink = sink;
    const count = this.#inbox.poll(this.#guard ??= this.#handOut.bind(this));
    const end = this.#unseenEnd;
    if (end !== undefined) {
      this.#unseenEnd = undefined;
      this.#tellEnd(end);
    }
    return count;
  }

  /**
   * Sends what is due: messages, acknowledgements, probes, as far as congestion control,
   * pacing and the socket allow.
   *
   * @param nowMs The time, never less than at an earlier call.
   * @param emit Takes the packets.
   */
  flush(nowMs: number, emit: PacketSink): void {
    this.#advance(nowMs);
    if (this.#phase === Phase.Over) return;
    if (this.#phase === Phase.Closing) {
      this.#flushClose(emit);
      return;
    }
    const recovery = this.#recovery;
    this.#forgiveSleep();
    if (this.#isSilent()) {
      this.#fail(
        CloseCode.TimedOut,
        "no answer in time",
        ConnectionState.TimedOut,
      );
      this.#flushClose(emit);
      return;
    }
    this.#flushedMs = nowMs;
    if (nowMs - this.#usedMs >= REST_MS) this.#rest();
    if (recovery.lossAtMs <= nowMs) recovery.onLossTimer(nowMs);
    if (this.#inbox.nextDueMs() <= nowMs) this.#inbox.tick(nowMs);
    if (this.#stalled !== undefined && !this.#sendStalled(emit)) return;

    if (recovery.lossAtMs === Infinity && recovery.probeAtMs <= nowMs) {
      recovery.onProbe(nowMs);
      this.#probesSent++;
      if (!this.#sendPacket(PROBE, true, emit)) return;
    }
    let hasSent = false;
    while (this.#outbox.nextDueMs(nowMs) <= nowMs) {
      if (!this.#mayLeave()) break;
      const wasStalled = this.#stalled;
      if (!this.#sendPacket(NORMAL, false, emit)) {
        if (this.#stalled !== wasStalled) return;
        break;
      }
      hasSent = true;
    }
    if (hasSent) this.#ackTimer.onMessagesSent(nowMs);
    if (this.#outbox.queuedBytes === 0) recovery.markAppLimited();
    if (hasSent && !this.#probeMtu(emit)) return;
    if (this.#ackAtMs <= nowMs) {
      this.#sendPacket(BARE, false, emit);
    } else if (this.#keepaliveAtMs() <= nowMs) {
      this.#idleMs = Math.min(2 * this.#idleMs, this.#maxKeepaliveMs);
      this.#isAsked = false;
      this.#passiveFactor = PASSIVE_FACTOR +
        PASSIVE_SPREAD * this.#random.nextU32();
      this.#sendPacket(BARE, true, emit);
    }
    if (this.#phase === Phase.Draining && this.#outbox.isEmpty) {
      this.#startClosing();
      this.#flushClose(emit);
    }
  }

  /**
   * Closes it. What was sent before is still delivered as its channel promises, then
   * the other end is told, unless `code` says that it is at fault (1 to 3): then it is
   * told at once. What had come in and was not polled is lost.
   *
   * @param code A {@linkcode CloseCode}, or the game's own from 64 to 2^32 - 1.
   * @param reason Why; cut to 123 bytes of UTF-8.
   * @throws {RangeError} If `code` is not an integer from 0 to 2^32 - 1.
   */
  close(code: number = CloseCode.Closed, reason = ""): void {
    checkInteger("code", code, 0, 0xffff_ffff);
    const end = this.#unseenEnd;
    if (end !== undefined) {
      // The first reason stays.
      this.#unseenEnd = undefined;
      this.#tellEnd(end);
      return;
    }
    if (this.#phase !== Phase.Open) return;
    this.#close = { code, reason: cutCloseReason(reason) };
    this.#phase = Phase.Draining;
    this.#tellEnd({
      type: "ended",
      state: ConnectionState.Disconnected,
      code,
      reason: this.#close.reason,
      isRemote: false,
    });
    this.#inbox.poll(ignore);
    const isFault = code >= CloseCode.Kicked && code <= CloseCode.ProtocolError;
    if (isFault || this.#outbox.isEmpty) this.#startClosing();
  }

  /**
   * The other end is at another address: what was learnt about the path is forgotten, and
   * the next flush asks whether it stands.
   *
   * @param nowMs The time.
   */
  onPathChange(nowMs: number): void {
    this.#advance(nowMs);
    this.#recovery.onPathChange(nowMs);
    this.#congestion.onPathChange(nowMs);
    this.#pathMtu.reset(nowMs);
    // With nothing in flight there is nobody to find out: a ping is due now.
    this.#isAsked = false;
    this.#idleMs = this.#keepaliveMs;
    this.#sentMs = nowMs - this.#keepaliveMs;
  }

  /** Takes out what happened. */
  drainEvents(): IterableIterator<ConnectionEvent> {
    return this.#events?.drain() ?? [][Symbol.iterator]();
  }

  /** Nothing is handed out any more after a call of `close()`. */
  #handOut(bytes: Uint8Array, channel: number): void {
    if (this.#phase === Phase.Open || this.#unseenEnd !== undefined) {
      this.#sink!(bytes, channel);
    }
  }

  #advance(nowMs: number): void {
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#nowMs = nowMs;
      this.#heardMs = nowMs;
      this.#sentMs = nowMs;
      this.#flushedMs = nowMs;
      return;
    }
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
  }

  #onUse(nowMs: number): void {
    this.#usedMs = nowMs;
    this.#idleMs = this.#keepaliveMs;
    this.#isAsked = false;
  }

  /** Lets go of what messages needed, once after they have come to an end. */
  #rest(): void {
    this.#usedMs = Infinity;
    this.#outbox.rest();
    this.#inbox.rest();
    this.#recovery.rest();
  }

  /** When to ask the other end whether it is there: not while a probe is going to. */
  #keepaliveAtMs(): number {
    if (this.#recovery.inFlightBytes > 0) return Infinity;
    return this.#sentMs +
      (this.#isAsked ? this.#passiveFactor * this.#idleMs : this.#idleMs);
  }

  #mayLeave(): boolean {
    const { windowBytes, pacingRate, burstBytes } = this.#congestion;
    if (this.#recovery.inFlightBytes >= windowBytes) return false;
    this.#pacer.setRate(pacingRate, burstBytes);
    return this.#pacer.waitMs(this.#nowMs) < PACING_SLACK_MS;
  }

  /** Where this end slept, the other one's silence says nothing. */
  #forgiveSleep(): void {
    const recovery = this.#recovery;
    const timerMs = recovery.inFlightBytes === 0
      ? this.#keepaliveAtMs()
      : recovery.lossAtMs < Infinity
      ? recovery.lossAtMs
      : recovery.probeAtMs;
    const lateMs = this.#nowMs - Math.max(timerMs, this.#flushedMs);
    if (lateMs <= ASLEEP_MS && lateMs <= this.#peerTimeoutMs / 2) return;
    this.#heardMs += lateMs;
    recovery.forgive(lateMs);
  }

  #isSilent(): boolean {
    const nowMs = this.#nowMs;
    if (nowMs - this.#heardMs >= this.#peerTimeoutMs) return true;
    // It talks, but answers nothing.
    const recovery = this.#recovery;
    return recovery.isForsaken &&
      nowMs - recovery.firstProbeMs >= this.#peerTimeoutMs;
  }

  /** Builds and sends a packet. `false` if there was nothing to send, or no room for it. */
  #sendPacket(mode: number, isPing: boolean, emit: PacketSink): boolean {
    const nowMs = this.#nowMs;
    const out = this.#buffer.bytes;
    const start = this.#writeHeader(out);
    let at = start;
    let refs = 0;
    if (mode !== BARE) {
      at = this.#outbox.writeFrames(out, at, this.#limit(), nowMs, mode);
      if (at > start) refs = this.#outbox.lastRefCount;
    }
    const hasFrames = at > start;
    if (!hasFrames) {
      if (isPing) out[at++] = PING;
      else if (mode === NORMAL) return false;
    }
    const flags = hasFrames || isPing ? ELICITING : 0;
    return this.#emit(at, flags, this.#outbox.lastRef, refs, emit);
  }

  #writeHeader(out: Uint8Array): number {
    const recovery = this.#recovery;
    return writeHeader(
      out,
      recovery.next,
      recovery.largestAcked,
      this.#acks,
      this.#nowMs,
    );
  }

  /** The most bytes of a payload on this path. */
  #limit(): number {
    const limit = this.#pathMtu.datagramBytes - this.#overheadBytes;
    return limit < this.#maxPayloadBytes ? limit : this.#maxPayloadBytes;
  }

  /** Sends what was built; keeps it if there is no room. */
  #emit(
    length: number,
    flags: number,
    firstRef: number,
    refs: number,
    emit: PacketSink,
  ): boolean {
    const isTelling = this.#acks.form !== AckForm.None;
    const told = isTelling ? this.#acks.largest : -1;
    const toldFrom = this.#acks.toldFrom;
    const packet = this.#buffer.view(length);
    if (!emit(packet)) {
      this.#socketFull++;
      this.#stalled = {
        packet: packet.slice(),
        flags,
        firstRef,
        refs,
        told,
        toldFrom,
      };
      return false;
    }
    this.#onSent(length, flags, firstRef, refs, told, toldFrom);
    return true;
  }

  /** Sends what a full socket did not take. */
  #sendStalled(emit: PacketSink): boolean {
    const stalled = this.#stalled!;
    const { packet, flags, firstRef, refs, told, toldFrom } = stalled;
    if (hasAck(packet)) {
      // It tells of what was the largest then.
      packet[delayOffset(packet)] = told === this.#acks.largest
        ? this.#acks.delayByte(this.#nowMs)
        : 255;
    }
    if (!emit(packet)) {
      this.#socketFull++;
      return false;
    }
    this.#stalled = undefined;
    this.#onSent(packet.length, flags, firstRef, refs, told, toldFrom);
    return true;
  }

  #onSent(
    length: number,
    flags: number,
    firstRef: number,
    refs: number,
    told: number,
    toldFrom: number,
  ): void {
    const nowMs = this.#nowMs;
    const recovery = this.#recovery;
    const bytes = length + this.#overheadBytes;
    recovery.onSent(bytes, flags, firstRef, refs, told, toldFrom, nowMs);
    this.#packetsSent++;
    this.#up.record(bytes, nowMs);
    this.#sentMs = nowMs;
    if (refs > 0) this.#onUse(nowMs);
    if ((flags & ELICITING) !== 0) this.#pacer.onSent(bytes, nowMs);
    if (told === this.#acks.largest) {
      this.#unacked = 0;
      this.#ackAtMs = Infinity;
    }
    if (recovery.next >= this.#skipAt) {
      recovery.skip();
      this.#skipAt += SKIP + this.#random.nextU32() % (2 * SKIP);
    }
  }

  /** Sends a probe of the path's MTU if one is wanted. `false` if there was no room. */
  #probeMtu(emit: PacketSink): boolean {
    const bytes = this.#pathMtu.probeBytes(this.#nowMs);
    if (bytes === 0 || !this.#mayLeave()) return true;
    const out = this.#buffer.bytes;
    const start = this.#writeHeader(out);
    const end = bytes - this.#overheadBytes;
    out[start] = PING;
    out.fill(PADDING, start + 1, end);
    this.#pathMtu.onProbeSent(this.#nowMs);
    return this.#emit(end, ELICITING | MTU_PROBE, 0, 0, emit);
  }

  /** It is over, but not by a call of this end. */
  #fail(code: number, reason: string, state: ConnectionState): void {
    if (this.#phase === Phase.Open) {
      this.#unseenEnd = {
        type: "ended",
        state,
        code,
        reason,
        isRemote: false,
      };
      this.#close = { code, reason };
    }
    this.#startClosing();
  }

  #onClose(close: CloseFrame): void {
    if (this.#phase === Phase.Open) {
      const { code, reason } = close;
      this.#unseenEnd = {
        type: "ended",
        state: stateAfter(code),
        code,
        reason,
        isRemote: true,
      };
    }
    this.#phase = Phase.Over;
  }

  #startClosing(): void {
    this.#phase = Phase.Closing;
    this.#stalled = undefined;
    this.#closeSends = CLOSE_SENDS;
    this.#closeAtMs = this.#nowMs;
    // close() does not know the time: it counts from the first flush.
    this.#lingerUntilMs = Infinity;
  }

  /** What comes in from an end that does not know yet. */
  #answerWithClose(packet: Uint8Array, start: number, end: number): void {
    if (start < end && packet[start] === CLOSE) {
      if (readClose(packet, start + 1, end) !== undefined) {
        this.#phase = Phase.Over;
      }
      return;
    }
    if (this.#closeSends === 0) this.#closeSends = 1;
  }

  #flushClose(emit: PacketSink): void {
    const nowMs = this.#nowMs;
    if (this.#lingerUntilMs === Infinity) {
      const lingerMs = LINGER_RTTS * this.#recovery.rtt.smoothedMs;
      this.#lingerUntilMs = nowMs + Math.max(MIN_LINGER_MS, lingerMs);
    }
    if (this.#closeSends > 0 && nowMs >= this.#closeAtMs) {
      const { code, reason } = this.#close!;
      const out = this.#buffer.bytes;
      const end = writeClose(out, this.#writeHeader(out), code, reason);
      this.#closeAtMs = nowMs + CLOSE_INTERVAL_MS;
      if (emit(this.#buffer.view(end))) {
        this.#onSent(end, 0, 0, 0, -1, 0);
        this.#closeSends--;
      } else {
        this.#socketFull++;
      }
    }
    if (nowMs >= this.#lingerUntilMs) this.#phase = Phase.Over;
  }

  #nextCloseMs(): number {
    if (this.#phase === Phase.Over) return Infinity;
    return this.#closeSends > 0
      ? Math.min(this.#closeAtMs, this.#lingerUntilMs)
      : this.#lingerUntilMs;
  }

  #tellEnd(end: ConnectionEvent): void {
    this.#state = end.state;
    this.#events = new EventQueue<ConnectionEvent>({ capacity: 1 });
    this.#events.push(end);
  }
}

function stateAfter(code: number): ConnectionState {
  if (code === CloseCode.Kicked) return ConnectionState.Kicked;
  return code === CloseCode.TimedOut
    ? ConnectionState.TimedOut
    : ConnectionState.Disconnected;
}

function ignore(): void {}
