// This module is browser compatible.
import { JournalError, type JournalLimits } from "./journal.ts";

/** Fills in the defaults and checks them. */
export function resolveLimits(
  limits: JournalLimits,
  defaultMaxBytes = 4_194_304,
): Required<JournalLimits> {
  const { maxBytes = defaultMaxBytes, maxEntries = 10_000 } = limits;
  checkLimit("maxBytes", maxBytes);
  checkLimit("maxEntries", maxEntries);
  return { maxBytes, maxEntries };
}

/** Throws if a journal with this content has no room for `added` more bytes. */
export function checkRoom(
  limits: Required<JournalLimits>,
  bytes: number,
  entries: number,
  added: number,
): void {
  if (bytes + added > limits.maxBytes) {
    throw new JournalError(
      "full",
      `Cannot append to the journal as its bytes must be <= ${limits.maxBytes}: current value is ${bytes} and ${added} to add`,
    );
  }
  if (entries >= limits.maxEntries) {
    throw new JournalError(
      "full",
      `Cannot append to the journal as its entries must be <= ${limits.maxEntries}: current value is ${entries} and 1 to add`,
    );
  }
}

export function checkBytes(bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot append to the journal as bytes must be a Uint8Array: current value is of type ${typeof bytes}`,
    );
  }
}

export function checkId(action: string, name: string, id: number): void {
  if (!Number.isSafeInteger(id) || id < 0) {
    throw new RangeError(
      `Cannot ${action} the journal as ${name} must be a safe integer >= 0: current value is ${id}`,
    );
  }
}

export function checkMaxBytes(maxBytes: number): void {
  if (!(maxBytes >= 0)) {
    throw new RangeError(
      `Cannot read the journal as maxBytes must be >= 0: current value is ${maxBytes}`,
    );
  }
}

/** The id to give after `lastId`. */
export function nextId(lastId: number): number {
  if (lastId >= Number.MAX_SAFE_INTEGER) {
    throw new JournalError(
      "full",
      `Cannot append to the journal as its last id must be < ${Number.MAX_SAFE_INTEGER}: current value is ${lastId}`,
    );
  }
  return lastId + 1;
}

/** Browsers give the error of a full storage one of these names. */
const QUOTA_ERRORS: ReadonlySet<string> = new Set([
  "QuotaExceededError",
  "NS_ERROR_DOM_QUOTA_REACHED",
]);
/** The same of operating systems: the disk, or the user's share of it. */
const QUOTA_CODES: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

/** Says what a storage threw in the words of a journal. */
export function toJournalError(error: unknown): Error {
  if (
    error instanceof JournalError || error instanceof RangeError ||
    error instanceof TypeError
  ) {
    return error;
  }
  const { name, code, message } = error as Error & { code?: unknown };
  return QUOTA_ERRORS.has(name) || QUOTA_CODES.has(code)
    ? new JournalError(
      "full",
      `Cannot append to the journal as its storage has no room: ${message}`,
      { cause: error },
    )
    : new JournalError(
      "storage",
      `Cannot use the journal as its storage failed: ${message}`,
      { cause: error },
    );
}

export function closedError(): JournalError {
  return new JournalError("closed", "Cannot use the journal as it is closed");
}

function checkLimit(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(
      `Cannot create a journal as ${name} must be an integer >= 1: current value is ${value}`,
    );
  }
}
