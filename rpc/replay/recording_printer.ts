// This module is browser compatible.
import type { Rpc, RpcContract } from "../contract/define_rpc.ts";
import { RpcCall } from "../call/rpc_call.ts";
import { RpcId } from "../call/rpc_id.ts";
import { ResultReader } from "../wire/result_reader.ts";
import { ResultStatus } from "../wire/result_status.ts";
import { CallReader, type ReceivedCall } from "../wire/call_reader.ts";
import { RpcPacketKind, TargetTag } from "../wire/packet_kind.ts";
import type { Recorded } from "./recorded.ts";

/** Options for {@linkcode RecordingPrinter}. */
export interface RecordingPrinterOptions {
  /** The contract of the recording; without it packets show as their lengths. */
  readonly contract?: RpcContract | undefined;
  /** Only calls of this name, their answers, and what was refused of them. */
  readonly rpc?: string | undefined;
  /** Only what goes to or comes from this peer: a client's id, 0 for the server. */
  readonly peer?: number | undefined;
  /**
   * Whether ticks and clock readings are shown.
   *
   * @default {false}
   */
  readonly showsTime?: boolean;
}

/** A line is cut here: texts come from players. */
const MAX_VALUE_CHARACTERS = 200;
/** Calls that wait for their answers, in each direction of a link. */
const MAX_PENDING = 65_536;
const TIME_WIDTH = 10;

/**
 * Turns records into lines for people: the time in seconds, the direction and the peer,
 * then what it is. `<-` came in, `->` went out, `-x` went out but was not taken by the
 * link, `!!` was refused.
 *
 * @example What a recording of calls says
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientId, loadRecording, RecordingPrinter, RpcReplay, rpcPlaySound } from "@tickwire/net/rpc";
 *
 * const replay = new RpcReplay();
 * replay.startRecording();
 * replay.record(rpcPlaySound({ sound: 12, at: { x: 1, y: 0, z: 0 } }));
 *
 * const printer = new RecordingPrinter();
 * const lines = [...loadRecording(replay.export())].flatMap((record) => printer.lines(record));
 * assertEquals(lines.length, 1);
 * assertEquals(lines[0]!.includes("server  PlaySound"), true);
 * ```
 */
export class RecordingPrinter {
  readonly #options: RecordingPrinterOptions;
  readonly #calls: CallReader | undefined;
  readonly #results = new ResultReader();
  /** The calls that wait, by peer and direction. */
  readonly #pending = new Map<string, Map<number, Rpc>>();

  /**
   * Creates a printer for one recording.
   *
   * @param options What is shown, and how much of it is understood.
   */
  constructor(options: RecordingPrinterOptions = {}) {
    this.#options = options;
    const { contract } = options;
    if (contract !== undefined) this.#calls = new CallReader(contract.rpcs);
  }

  /**
   * Shows a record. They are to come in their order.
   *
   * @param record Which.
   * @returns Its lines: none if it is left out, several for a packet of several calls.
   */
  lines(record: Recorded): string[] {
    const { peer: only, rpc, showsTime = false } = this.#options;
    if ("peer" in record && only !== undefined && record.peer !== only) {
      return [];
    }
    switch (record.type) {
      case "tick":
        return showsTime ? [line(record, `tick ${record.dt} s`)] : [];
      case "clock":
        return showsTime ? [line(record, `clock ${record.elapsedMs} ms`)] : [];
      case "packetIn":
        return this.#packet(record, "<-");
      case "packetOut":
        return this.#packet(record, record.isTaken ? "->" : "-x");
      case "call":
        return this.#call(record);
      case "rejected": {
        if (rpc !== undefined && record.rpc !== rpc) return [];
        const what = record.rpc === ""
          ? "a packet"
          : isContractName(record.rpc)
          ? record.rpc
          : quote(record.rpc);
        const text = `${what} refused: ${quote(record.reason)}`;
        return [line(record, `!! ${nameOf(record.peer)}  ${text}`)];
      }
      default:
        if (rpc !== undefined) return [];
        return [line(record, `** ${nameOf(record.peer)}  ${told(record)}`)];
    }
  }

  #call(record: Recorded & { readonly type: "call" }): string[] {
    const call = RpcCall.tryDeserialize(record.bytes, undefined);
    if (!(call instanceof RpcCall)) {
      return [line(record, `${nameOf(record.peer)}  not a call: ${call}`)];
    }
    const { id, target, params, sequence } = call;
    const name = NAMES.get(id) ?? `rpc ${id}`;
    const { rpc } = this.#options;
    if (rpc !== undefined && rpc !== name && rpc !== String(id)) return [];
    const values = params.map(({ value }) => show(value)).join(", ");
    return [
      line(
        record,
        `${nameOf(record.peer)}  ${name}(${values}) to ${
          show(target)
        } #${sequence}`,
      ),
    ];
  }

  #packet(
    record: Recorded & { readonly type: "packetIn" | "packetOut" },
    arrow: string,
  ): string[] {
    const { bytes, channel, peer } = record;
    const { rpc } = this.#options;
    const head = `${arrow} ${nameOf(peer)}  `;
    const size = `${bytes.length} bytes, channel ${channel}`;
    const kind = bytes[0];
    const fault = (): string[] =>
      rpc === undefined ? [line(record, `${head}unreadable, ${size}`)] : [];
    if (kind === RpcPacketKind.Handshake) {
      return rpc === undefined
        ? [line(record, `${head}handshake, ${size}`)]
        : [];
    }
    const calls = this.#calls;
    if (calls === undefined) {
      return rpc === undefined ? [line(record, `${head}packet, ${size}`)] : [];
    }
    const isIn = record.type === "packetIn";
    if (kind === RpcPacketKind.Results) {
      return this.#answers(record, head, isIn) ?? fault();
    }
    if (
      kind !== RpcPacketKind.ClientCalls && kind !== RpcPacketKind.ServerCalls
    ) return fault();
    if (calls.read(bytes, kind) !== undefined) return fault();
    const lines: string[] = [];
    for (let i = 0; i < calls.count; i++) {
      const call = calls.at(i);
      if (call.ticket !== 0) this.#remember(peer, isIn, call);
      if (rpc !== undefined && rpc !== call.rpc.name) continue;
      const whom = kind === RpcPacketKind.ClientCalls
        ? targetText(call)
        : call.id === 0
        ? ""
        : ` of client ${call.id}`;
      const ticket = call.ticket === 0 ? "" : ` ticket ${call.ticket}`;
      const text = `${call.rpc.name} ${
        show(call.params)
      }${whom} #${call.sequence}${ticket}`;
      lines.push(line(record, head + text));
    }
    if (calls.unknownRuns > 0 && rpc === undefined) {
      lines.push(line(record, `${head}calls that the contract does not have`));
    }
    return lines;
  }

  #answers(
    record: Recorded & { readonly type: "packetIn" | "packetOut" },
    head: string,
    isIn: boolean,
  ): string[] | undefined {
    // What was asked went the other way.
    const pending = this.#pending.get(`${record.peer} ${!isIn}`);
    const results = this.#results;
    const fault = results.read(
      record.bytes,
      (ticket) => pending?.get(ticket),
    );
    if (fault !== undefined) return undefined;
    const lines: string[] = [];
    for (let i = 0; i < results.count; i++) {
      const { ticket, status, code, text, value } = results.at(i);
      const rpc = pending?.get(ticket);
      pending?.delete(ticket);
      if (rpc === undefined) continue;
      if (
        this.#options.rpc !== undefined && this.#options.rpc !== rpc.name
      ) continue;
      const outcome = status === ResultStatus.Value
        ? show(value)
        : status === ResultStatus.Failure
        ? `failed ${code} ${quote(text)}`
        : `refused, status ${status}`;
      lines.push(
        line(record, `${head}${rpc.name} = ${outcome} ticket ${ticket}`),
      );
    }
    return lines;
  }

  #remember(peer: number, isIn: boolean, { ticket, rpc }: ReceivedCall): void {
    const key = `${peer} ${isIn}`;
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = new Map();
      this.#pending.set(key, pending);
    }
    if (pending.size < MAX_PENDING) pending.set(ticket, rpc);
  }
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(RpcId).map(([name, id]) => [id as number, name]),
);

function line({ timeMs }: Recorded, text: string): string {
  return `${(timeMs / 1_000).toFixed(3).padStart(TIME_WIDTH)}  ${text}`;
}

/** A recording may be made up. */
function isContractName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_.]*$/.test(name);
}

function nameOf(peer: number): string {
  return peer === 0 ? "server" : `client ${peer}`;
}

function told(
  record: Recorded & {
    readonly type: "connected" | "opened" | "closed" | "disconnected";
  },
): string {
  switch (record.type) {
    case "connected":
      return record.isOpen ? "connected, open" : "connected, connecting";
    case "opened":
      return "open";
    case "closed":
      return `closed: ${quote(record.reason)}`;
    case "disconnected":
      return `disconnected by the game: ${quote(record.reason)}`;
  }
}

function targetText({ tag, id }: ReceivedCall): string {
  switch (tag) {
    case TargetTag.All:
      return " to all";
    case TargetTag.Client:
      return ` to client ${id}`;
    case TargetTag.Team:
      return ` to team ${id}`;
    case TargetTag.AllExcept:
      return ` to all except client ${id}`;
    default:
      return "";
  }
}

/** Escaped, so that no text of a player's can steer a terminal. */
function quote(text: string): string {
  return show(text);
}

function show(value: unknown): string {
  const text = JSON.stringify(value, replacer) ?? "undefined";
  // JSON leaves DEL and the C1 controls as they are.
  const safe = text.replace(
    /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return safe.length <= MAX_VALUE_CHARACTERS
    ? safe
    : `${safe.slice(0, MAX_VALUE_CHARACTERS)}…`;
}

function replacer(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return Array.from(
      value,
      (byte) => byte.toString(16).padStart(2, "0"),
    ).join("");
  }
  return typeof value === "bigint" ? String(value) : value;
}
