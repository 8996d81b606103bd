// This module is browser compatible.

import type { Journal } from "../core/mod.ts";
import { HttpRequest } from "./request.ts";

/**
 * A record of the journal: u32 (little-endian) length of the JSON in bytes, the JSON, then the request's body
 * to the end of the record. The JSON is a {@linkcode RequestRecord} or a {@linkcode DoneRecord}.
 */
interface RequestRecord {
  readonly v: 1;
  readonly key: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly priority: number;
  readonly tag?: string;
  readonly hasBody: boolean;
}

/** Says that an earlier record was answered, while an older one still is not. */
interface DoneRecord {
  readonly v: 1;
  readonly done: number;
}

/** A request found in the journal. */
export interface RestoredRequest {
  readonly journalId: number;
  readonly request: HttpRequest;
}

/** Fields that hold secrets: they are not written to a disk. */
const SECRET_FIELDS = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
]);
const READ_BYTES = 262_144;

/**
 * Keeps durable requests in a journal. A journal only forgets from its start, so an answer that comes out of
 * order is noted by a record of its own until everything before it is answered too.
 */
export class DurableQueue {
  readonly #journal: Journal;
  /** Journal ids of what is not answered, ascending. */
  readonly #pending = new Set<number>();
  #lastId = 0;
  #removedUpTo = 0;
  /** Until everything was read, nothing may be removed: it could be an unanswered request. */
  #isRestored = false;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Reads everything that an earlier run left unanswered. */
  async restore(): Promise<RestoredRequest[]> {
    const found = new Map<number, HttpRequest>();
    let afterId = 0;
    while (true) {
      const entries = await this.#journal.read(afterId, READ_BYTES);
      if (entries.length === 0) break;
      for (const { id, bytes } of entries) {
        afterId = id;
        const record = decodeRecord(bytes);
        if (record === undefined) continue;
        if (typeof record === "number") found.delete(record);
        else found.set(id, record);
      }
    }
    this.#lastId = Math.max(this.#lastId, afterId);
    // What this run appended while it read is not for a second job.
    const restored: RestoredRequest[] = [];
    for (const [journalId, request] of found) {
      if (this.#pending.has(journalId)) continue;
      restored.push({ journalId, request });
    }
    const mine = [...this.#pending];
    this.#pending.clear();
    for (const id of [...found.keys(), ...mine].sort((a, b) => a - b)) {
      this.#pending.add(id);
    }
    this.#isRestored = true;
    await this.#trim();
    return restored;
  }

  /**
   * Writes a request down.
   *
   * @returns The record's id, once the journal has it.
   */
  async append(request: HttpRequest, idempotencyKey: string): Promise<number> {
    const id = await this.#journal.append(
      encodeRequest(request, idempotencyKey),
    );
    this.#pending.add(id);
    this.#lastId = Math.max(this.#lastId, id);
    return id;
  }

  /** Notes that a request was answered. */
  async done(journalId: number): Promise<void> {
    if (!this.#pending.delete(journalId)) return;
    const [oldest] = this.#pending;
    if (this.#isRestored && (oldest === undefined || oldest > journalId)) {
      await this.#trim();
      return;
    }
    const bytes = encodeRecord({ v: 1, done: journalId });
    this.#lastId = Math.max(this.#lastId, await this.#journal.append(bytes));
  }

  async #trim(): Promise<void> {
    const [oldest] = this.#pending;
    const upTo = oldest === undefined ? this.#lastId : oldest - 1;
    if (upTo <= this.#removedUpTo) return;
    this.#removedUpTo = upTo;
    await this.#journal.remove(upTo);
  }
}

/** Whether a body can be written down at once. */
export function isStorableBody(body: HttpRequest["body"]): boolean {
  return body === undefined || typeof body === "string" ||
    body instanceof Uint8Array || body instanceof ArrayBuffer;
}

function encodeRequest(request: HttpRequest, key: string): Uint8Array {
  const { method, url, priority, tag, body } = request;
  const headers = [...request.headers].filter(([name]) =>
    !SECRET_FIELDS.has(name)
  );
  if (typeof body === "string" && !request.headers.has("content-type")) {
    headers.push(["content-type", "text/plain;charset=UTF-8"]);
  }
  const bytes = body === undefined
    ? undefined
    : typeof body === "string"
    ? new TextEncoder().encode(body)
    : new Uint8Array(body as ArrayBuffer);
  return encodeRecord({
    v: 1,
    key,
    method,
    url,
    headers,
    priority,
    ...(tag !== undefined && { tag }),
    hasBody: bytes !== undefined,
  }, bytes);
}

function encodeRecord(
  record: RequestRecord | DoneRecord,
  body: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(record));
  const bytes = new Uint8Array(4 + json.length + body.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  bytes.set(body, 4 + json.length);
  return bytes;
}

/** A request, the id of an answered one, or `undefined` if the record is not ours or is broken. */
export function decodeRecord(
  bytes: Uint8Array,
): HttpRequest | number | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  if (length > bytes.length - 4) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true })
      .decode(bytes.subarray(4, 4 + length));
    const record = JSON.parse(text) as Partial<RequestRecord & DoneRecord>;
    if (record.v !== 1) return undefined;
    if (typeof record.done === "number") return record.done;
    return decodeRequest(record, bytes.slice(4 + length));
  } catch {
    // The journal's own checksum guards against damage; what is left is a record of another program.
    return undefined;
  }
}

function decodeRequest(
  record: Partial<RequestRecord>,
  body: Uint8Array,
): HttpRequest | undefined {
  const { key, method, url, headers, priority, tag, hasBody } = record;
  if (
    typeof key !== "string" || key === "" || typeof url !== "string" ||
    typeof method !== "string" ||
    !Array.isArray(headers) || !Number.isFinite(priority)
  ) {
    return undefined;
  }
  let request = HttpRequest.create(method, url).withDurability()
    .withPriority(priority!).withIdempotencyKey(key);
  for (const [name, value] of headers as [string, string][]) {
    request = request.withHeader(String(name), String(value));
  }
  if (typeof tag === "string") request = request.withTag(tag);
  if (hasBody === true) request = request.withBody(body);
  return request;
}
