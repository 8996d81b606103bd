// This module is browser compatible.
import type { Run } from "./_entry.ts";
import { batchText } from "./_sender.ts";
import type { Settings } from "./_settings.ts";

/** What browsers let a page send while it is closed is 64 KiB, with all that is under way. */
const MAX_BYTES = 61_440;
const UTF_8 = new TextEncoder();

/** The newest runs that fit into a request of a page that is closed; `undefined` if there is none. */
export function pageBody(
  runs: readonly Run[],
  sentAtMs: number,
): string | undefined {
  const fitting: Run[] = [];
  // What is around the runs.
  let bytes = 64;
  for (let i = runs.length - 1; i >= 0; i--) {
    const run = runs[i]!;
    // With a comma and the time, whatever it is.
    bytes += UTF_8.encode(run.body).length + 32;
    if (bytes > MAX_BYTES) break;
    fitting.unshift(run);
  }
  return fitting.length === 0 ? undefined : batchText(fitting, sentAtMs);
}

/**
 * Sends a batch that outlives the page: a request that needs no leave (text, no field of its own), the key in its query.
 * The answer is of no use, as nobody may be there to hear it: what the batch has is sent again, and is a duplicate then.
 */
export function sendFromPage(
  endpoint: string,
  body: string,
  { apiKey, http }: Settings,
  signal: AbortSignal,
): void {
  const query = apiKey === undefined
    ? ""
    : `?key=${encodeURIComponent(apiKey)}`;
  const url = `${endpoint}v1/batch${query}`;
  if (!canOutlive() && sendBeacon(url, body)) return;
  const send = http.fetch ?? fetch;
  try {
    const answer = send(url, {
      method: "POST",
      body,
      headers: { "content-type": "text/plain;charset=UTF-8" },
      keepalive: true,
      credentials: "omit",
      redirect: "error",
      signal,
    });
    // A page that is closed hears of a failure where there is none.
    answer.then((response) => response.body?.cancel()).catch(() => {});
  } catch {
    // There is no way left but the journal.
  }
}

/** Whether a request of `fetch` can outlive its page. */
function canOutlive(): boolean {
  return "keepalive" in Request.prototype;
}

/** The older way, which follows a redirection anywhere and takes cookies along: only where there is no other. */
function sendBeacon(url: string, body: string): boolean {
  const { navigator } = globalThis as {
    navigator?: { sendBeacon?: (url: string, body: string) => boolean };
  };
  try {
    return navigator?.sendBeacon?.(url, body) === true;
  } catch {
    return false;
  }
}
