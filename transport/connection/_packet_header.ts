// This module is browser compatible.
import { ACK_WINDOW } from "../constants.ts";
import { type AckAccumulator, AckForm } from "./ack_accumulator.ts";
import { varintBytes, varintValue } from "./_varint.ts";

/** Of acknowledgements, as PROTOCOL.md has it. */
const MAX_RANGES = 32;
const DELAY_UNIT_MS = 0.25;
/** With fewer, a packet that is late by some seconds would be taken for a new one. */
const MIN_NUMBER_BYTES = 2;

/**
 * Writes the header of a packet at the beginning of `out`.
 *
 * @param number The packet's number.
 * @param largestAcked The largest one that was acknowledged; -1 before any was.
 * @param acks What there is to tell.
 * @returns The offset after it: 64 at most.
 */
export function writeHeader(
  out: Uint8Array,
  number: number,
  largestAcked: number,
  acks: AckAccumulator,
  nowMs: number,
): number {
  const length = largestAcked < 0 ? 4 : numberBytes(number - largestAcked);
  out[0] = (length - 1) | (acks.form << 2);
  out[1] = number;
  const low = number | 0;
  out[2] = low >>> 8;
  if (length > 2) {
    out[3] = low >>> 16;
    if (length > 3) out[4] = low >>> 24;
  }
  return acks.write(out, 1 + length, nowMs);
}

/** Where in a packet that has one the delay of its acknowledgement stands. */
export function delayOffset(packet: Uint8Array): number {
  return 1 + (packet[0]! & 3) + 1 + 2;
}

/** Whether a packet acknowledges anything. */
export function hasAck(packet: Uint8Array): boolean {
  return (packet[0]! & 0x0c) !== 0;
}

/**
 * How many bytes of a number are sent so that eight times its distance fits: the
 * sender's part is twice of it (RFC 9000, appendix A.2), and the rest is for packets
 * that come late.
 */
function numberBytes(distance: number): number {
  if (distance < 0x2000) return MIN_NUMBER_BYTES;
  return distance < 0x20_0000 ? 3 : 4;
}

/** A header that was read. One object for all packets of a connection. */
export class PacketHeader {
  /** The packet's number. */
  number = 0;
  /** How many ranges are acknowledged: 0 to 32. */
  rangeCount = 0;
  /** Their ends and starts, both included, from the newest down: `ranges[2 * i]` >= `ranges[2 * i + 1]`. */
  ranges: Float64Array = new Float64Array(2);
  /** How long the peer waited with it, in milliseconds. */
  delayMs = 0;
  /** Whether `delayMs` is only the least that it can be. */
  isDelayCut = false;

  /**
   * Reads the header of a packet.
   *
   * @param packet The whole packet.
   * @param expected The number after the largest that has arrived.
   * @param peerFirst The first number of the peer.
   * @param first The first number of this end.
   * @param next The number after the newest that this end has sent.
   * @returns The offset after it, or -1 if it is malformed.
   */
  read(
    packet: Uint8Array,
    end: number,
    expected: number,
    peerFirst: number,
    first: number,
    next: number,
  ): number {
    if (end < 1) return -1;
    const flags = packet[0]!;
    const form = flags >>> 2;
    if (form > AckForm.Ranges) return -1;
    const length = (flags & 3) + 1;
    let offset = 1 + length;
    if (end < offset) return -1;
    let low = packet[1]!;
    if (length > 1) low |= packet[2]! << 8;
    if (length > 2) low |= packet[3]! << 16;
    if (length > 3) low |= packet[4]! << 24;
    this.number = expandNumber(low, length, expected);
    // Beyond the safe integers a count would stand still, and a loop up to it not end.
    if (this.number < peerFirst || this.number > Number.MAX_SAFE_INTEGER) {
      return -1;
    }
    this.rangeCount = 0;
    if (form === AckForm.None) return offset;

    if (end < offset + 3) return -1;
    const largestLow = packet[offset]! | (packet[offset + 1]! << 8);
    const largest = next - 1 - ((next - 1 - largestLow) & 0xffff);
    if (largest < first) return -1;
    const units = packet[offset + 2]!;
    this.delayMs = units * DELAY_UNIT_MS;
    this.isDelayCut = units === 255;
    offset += 3;
    if (form === AckForm.Window) {
      const start = largest - (ACK_WINDOW - 1);
      this.ranges[0] = largest;
      this.ranges[1] = start > first ? start : first;
      this.rangeCount = 1;
      return offset;
    }
    return this.#readRanges(packet, offset, end, largest, first);
  }

  /** Whether `number` is among what is acknowledged. */
  acknowledges(number: number): boolean {
    for (let i = 0; i < this.rangeCount; i++) {
      if (number > this.ranges[2 * i]!) return false;
      if (number >= this.ranges[2 * i + 1]!) return true;
    }
    return false;
  }

  #readRanges(
    packet: Uint8Array,
    offset: number,
    end: number,
    largest: number,
    first: number,
  ): number {
    // Never more than 31, so one byte.
    if (offset === end) return -1;
    const pairs = packet[offset++]!;
    if (pairs >= MAX_RANGES) return -1;
    if (this.ranges.length < 2 * pairs + 2) {
      this.ranges = new Float64Array(2 * MAX_RANGES);
    }
    let length = varintBytes(packet, offset, end);
    if (length === 0) return -1;
    let start = largest - varintValue(packet, offset, length);
    offset += length;
    if (start < first) return -1;
    this.ranges[0] = largest;
    this.ranges[1] = start;
    for (let i = 1; i <= pairs; i++) {
      length = varintBytes(packet, offset, end);
      if (length === 0) return -1;
      const top = start - varintValue(packet, offset, length) - 2;
      offset += length;
      length = varintBytes(packet, offset, end);
      if (length === 0) return -1;
      start = top - varintValue(packet, offset, length);
      offset += length;
      if (start < first) return -1;
      this.ranges[2 * i] = top;
      this.ranges[2 * i + 1] = start;
    }
    this.rangeCount = pairs + 1;
    return offset;
  }
}

/**
 * The number closest to `expected` with the lowest `length` bytes `low` (RFC 9000,
 * appendix A.3). Only differences are taken modulo 2^32: numbers themselves go beyond.
 */
export function expandNumber(
  low: number,
  length: number,
  expected: number,
): number {
  const shift = 32 - 8 * length;
  return expected + (((low - expected) << shift) >> shift);
}
