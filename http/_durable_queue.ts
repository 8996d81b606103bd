// This module is browser compatible.

import type { Journal } from "../core/mod.ts";
import { CachePolicy } from "./cache_policy.ts";
import { HttpRequest } from "./request.ts";

/**
 * A record of the journal: u32 (little-endian) length of the JSON in bytes, the JSON, then the request's body
 * to the end of the record. The JSON is a {@linkcode RequestRecord} or a {@linkcode DoneRecord}.
 */
interface RequestRecord {
  readonly v: 1;
  /** The id of the request's first record, if this is not it: this one stands for that one then. */
  readonly moved?: number;
  readonly key: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly priority: number;
  readonly tag?: string;
  /** `null` for `Infinity`, which JSON does not have. */
  readonly timeoutMs?: number | null;
  readonly maxBodyBytes?: number;
  readonly cachePolicy?: CachePolicy;
  readonly redirect?: RequestRedirect;
  readonly expiresMs?: number;
  readonly orderKeys?: readonly string[];
  readonly hasBody: boolean;
}

/** Says that a request was answered, while an older one still is not. */
interface DoneRecord {
  readonly v: 1;
  /** The id of the request's first record. */
  readonly done: number;
}

/** What a record says. */
export type DecodedRecord =
  | { readonly done: number }
  | { readonly request: HttpRequest; readonly moved: number | undefined };

/** A request found in the journal. */
export interface RestoredRequest {
  /** The id of its first record, its name over all runs. */
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

/** Records that only wait to be forgotten, up to which nothing is moved. */
const MAX_DEAD_RECORDS = 64;

/**
 * Keeps durable requests in a journal. A journal only forgets from its start, so an answer that comes out of
 * order is noted by a record of its own until everything before it is answered too. So that one request that is
 * never answered does not fill the journal, it is written again at the end once the dead records outweigh the
 * others; only then may the first record go, so that no crash loses it.
 */
export class DurableQueue {
  readonly #journal: Journal;
  /** The current record of each request that is not answered, by the id of its first; oldest record first. */
  readonly #pending = new Map<number, number>();
  /** Ids of all records that the journal may still hold, ascending. */
  #records: number[] = [];
  /** The request that is being written again. */
  #moving: number | undefined;
  #lastId = 0;
  /** Appends under way, oldest first, with the last id that was known when they began. */
  readonly #openAppends = new Set<{ readonly afterId: number }>();
  #removedUpTo = 0;
  /** Until everything was read, nothing may be removed: it could be an unanswered request. */
  #isRestored = false;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Reads everything that an earlier run left unanswered. */
  async restore(): Promise<RestoredRequest[]> {
    const found = new Map<number, { recordId: number; request: HttpRequest }>();
    const ids = new Set<number>();
    let afterId = 0;
    while (true) {
      const entries = await this.#journal.read(afterId, READ_BYTES);
      if (entries.length === 0) break;
      for (const { id, bytes } of entries) {
        afterId = id;
        ids.add(id);
        const record = decodeRecord(bytes);
        if (record === undefined) continue;
        if ("done" in record) found.delete(record.done);
        else {
          const { request, moved = id } = record;
          found.set(moved, { recordId: id, request });
        }
      }
    }
    // What this run appended while it read is not for a second job.
    for (const id of this.#records) {
      found.delete(id);
      ids.add(id);
    }
    this.#records = [...ids].sort((a, b) => a - b);
    this.#lastId = Math.max(this.#lastId, afterId);
    const mine = [...this.#pending];
    this.#pending.clear();
    const earlier = [...found].map(([id, { recordId }]) =>
      [id, recordId] as const
    );
    for (const [id, recordId] of [...earlier, ...mine].sort(byRecord)) {
      this.#pending.set(id, recordId);
    }
    this.#isRestored = true;
    // What cannot be removed now costs room, not requests; the next answer tries again.
    await this.#tidy().catch(() => {});
    return [...found].sort(([a], [b]) => a - b)
      .map(([journalId, { request }]) => ({ journalId, request }));
  }

  /**
   * Writes a request down.
   *
   * @returns The record's id, once the journal has it.
   */
  async append(request: HttpRequest, idempotencyKey: string): Promise<number> {
    return await this.#append(
      encodeRequest(request, idempotencyKey),
      (id) => this.#pending.set(id, id),
    );
  }

  /** Notes that a request was answered. */
  async done(journalId: number): Promise<void> {
    const recordId = this.#pending.get(journalId);
    if (recordId === undefined) return;
    this.#pending.delete(journalId);
    const isForgotten = this.#isRestored && recordId <= this.#removable() &&
      // Its second record is on its way to the end of the journal.
      this.#moving !== journalId;
    if (!isForgotten) {
      await this.#append(encodeRecord({ v: 1, done: journalId }), () => {});
    }
    if (this.#isRestored) await this.#tidy();
  }

  /** `note` is called in the same turn as the id is known: nothing may be trimmed between the two. */
  async #append(
    bytes: Uint8Array,
    note: (id: number) => void,
  ): Promise<number> {
    const open = { afterId: this.#lastId };
    this.#openAppends.add(open);
    try {
      const id = await this.#journal.append(bytes);
      this.#records.push(id);
      this.#lastId = Math.max(this.#lastId, id);
      note(id);
      return id;
    } finally {
      this.#openAppends.delete(open);
    }
  }

  /** The id up to which the journal holds nothing that is not answered. */
  #removable(): number {
    const [oldest] = this.#pending.values();
    let upTo = oldest === undefined ? this.#lastId : oldest - 1;
    // The journal may have a record already that it has not told us of.
    for (const { afterId } of this.#openAppends) upTo = Math.min(upTo, afterId);
    return upTo;
  }

  async #tidy(): Promise<void> {
    await this.#trim();
    await this.#compact();
  }

  async #trim(): Promise<void> {
    const upTo = this.#removable();
    if (upTo <= this.#removedUpTo) return;
    this.#removedUpTo = upTo;
    const kept = this.#records.findIndex((id) => id > upTo);
    this.#records.splice(0, kept < 0 ? this.#records.length : kept);
    await this.#journal.remove(upTo);
  }

  /** Moves the oldest requests to the end until the journal can forget the dead records between them. */
  async #compact(): Promise<void> {
    while (this.#moving === undefined && this.#hasTooManyDead()) {
      const [[journalId, recordId] = [0, 0]] = this.#pending;
      this.#moving = journalId;
      try {
        const [entry] = await this.#journal.read(recordId - 1, 0);
        if (entry?.id !== recordId) return;
        if (this.#pending.has(journalId)) {
          await this.#append(moveRecord(entry.bytes, journalId), (id) => {
            // If it was answered meanwhile, the note of that stands behind the new record.
            if (this.#pending.delete(journalId)) {
              this.#pending.set(journalId, id);
            }
          });
        }
      } finally {
        this.#moving = undefined;
      }
      await this.#trim();
    }
  }

  #hasTooManyDead(): boolean {
    const live = this.#pending.size;
    const dead = this.#records.length - live;
    return live > 0 && dead > MAX_DEAD_RECORDS && dead > live;
  }
}

function byRecord(
  [, a]: readonly [number, number],
  [, b]: readonly [number, number],
): number {
  return a - b;
}

/** Whether a body can be written down at once. */
export function isStorableBody(body: HttpRequest["body"]): boolean {
  return body === undefined || typeof body === "string" ||
    body instanceof Uint8Array || body instanceof ArrayBuffer;
}

function encodeRequest(request: HttpRequest, key: string): Uint8Array {
  const { method, url, priority, tag, body, redirect } = request;
  const { timeoutMs, maxBodyBytes, cachePolicy, expiresMs, orderKeys } =
    request;
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
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    ...(cachePolicy !== undefined && { cachePolicy }),
    ...(redirect !== "follow" && { redirect }),
    // -Infinity, which JSON does not have, is as long ago.
    ...(expiresMs !== Infinity && { expiresMs: Math.max(expiresMs, 0) }),
    ...(orderKeys.length > 0 && { orderKeys }),
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

/** The same record for another place in the journal. */
function moveRecord(bytes: Uint8Array, journalId: number): Uint8Array {
  const { json, body } = splitRecord(bytes)!;
  return encodeRecord({ ...json as RequestRecord, moved: journalId }, body);
}

/** What a record says, or `undefined` if it is not ours or is broken. */
export function decodeRecord(bytes: Uint8Array): DecodedRecord | undefined {
  try {
    const { json, body } = splitRecord(bytes) ?? {};
    if (json?.v !== 1 || body === undefined) return undefined;
    const { done, moved } = json;
    if (typeof done === "number") return { done };
    const request = decodeRequest(json, body);
    if (request === undefined) return undefined;
    return { request, moved: typeof moved === "number" ? moved : undefined };
  } catch {
    // The journal's own checksum guards against damage; what is left is a record of another program.
    return undefined;
  }
}

function splitRecord(bytes: Uint8Array):
  | { json: Partial<RequestRecord & DoneRecord>; body: Uint8Array }
  | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  if (length > bytes.length - 4) return undefined;
  const text = new TextDecoder("utf-8", { fatal: true })
    .decode(bytes.subarray(4, 4 + length));
  return { json: JSON.parse(text), body: bytes.slice(4 + length) };
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
  return withOptions(request, record);
}

/** What is missing or makes no sense is left at its default: the request itself must not be lost for it. */
function withOptions(
  request: HttpRequest,
  record: Partial<RequestRecord>,
): HttpRequest {
  const { timeoutMs, maxBodyBytes, cachePolicy, redirect } = record;
  const { expiresMs, orderKeys } = record;
  if (typeof expiresMs === "number") request = request.withExpiry(expiresMs);
  if (Array.isArray(orderKeys)) {
    request = request.withOrder(...orderKeys.map(String));
  }
  if (timeoutMs === null) request = request.withTimeout(Infinity);
  else if (typeof timeoutMs === "number" && timeoutMs > 0) {
    request = request.withTimeout(timeoutMs);
  }
  if (Number.isSafeInteger(maxBodyBytes) && maxBodyBytes! >= 0) {
    request = request.withMaxBodyBytes(maxBodyBytes!);
  }
  const policy = Object.values(CachePolicy).find((it) => it === cachePolicy);
  if (policy !== undefined) request = request.withCache(policy);
  return redirect === "error" || redirect === "manual"
    ? request.withRedirect(redirect)
    : request;
}
