// This module is browser compatible.
import type { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import {
  MAX_REPORT_INPUT_BYTES,
  type SyncFault,
  SyncPacketKind,
} from "./packet_kind.ts";
import { faultOf } from "./snapshot_header.ts";

const ACKS = 1;
const ECHO = 2;
const INPUTS = 4;
const ALL_FLAGS = 7;

/** What a client tells its server. Inputs follow it, if there are any. */
export class Report {
  /** Whether the client has decoded any snapshot that it still holds. */
  hasAcks = false;
  /** The number of the newest one that it has decoded: 0 to 65535, wraps. */
  newest = 0;
  /** Which of the 32 before it it has decoded: bit i is that of `newest - 1 - i`. */
  mask = 0;
  /** When it was sent, by the client's clock. */
  sentStamp = 0;
  /** Whether there is an echo. */
  hasEcho = false;
  /** The server's newest stamp that the client has. */
  echoStamp = 0;
  /** How long it had it when it sent this: 0 to 65535. */
  echoHeld = 0;
  /** Whether inputs follow: the rest of the message, 1 to 1024 bytes. */
  hasInputs = false;

  /** Writes it. */
  write(writer: ByteWriter): void {
    writer.u8(SyncPacketKind.Report);
    writer.u8(
      (this.hasAcks ? ACKS : 0) | (this.hasEcho ? ECHO : 0) |
        (this.hasInputs ? INPUTS : 0),
    );
    if (this.hasAcks) {
      writer.u16(this.newest);
      writer.u32(this.mask);
    }
    writer.u32(this.sentStamp);
    if (this.hasEcho) {
      writer.u32(this.echoStamp);
      writer.u16(this.echoHeld);
    }
  }

  /**
   * Reads one.
   *
   * @param reader At the start of a message, of which the kind is known; afterwards
   * at the inputs, or the end.
   * @returns What is wrong, if anything.
   */
  read(reader: ByteReader): SyncFault | undefined {
    reader.skip(1);
    const flags = reader.u8();
    this.hasAcks = (flags & ACKS) !== 0;
    this.hasEcho = (flags & ECHO) !== 0;
    this.hasInputs = (flags & INPUTS) !== 0;
    if (this.hasAcks) {
      this.newest = reader.u16();
      this.mask = reader.u32();
    }
    this.sentStamp = reader.u32();
    if (this.hasEcho) {
      this.echoStamp = reader.u32();
      this.echoHeld = reader.u16();
    }
    if (!reader.ok) return faultOf(reader);
    if (flags > ALL_FLAGS) return "range";
    const { remaining } = reader;
    if (!this.hasInputs) return remaining > 0 ? "trailing" : undefined;
    if (remaining === 0) return "truncated";
    return remaining > MAX_REPORT_INPUT_BYTES ? "range" : undefined;
  }
}
