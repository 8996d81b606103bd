// This module is browser compatible.

/** What `new WebSocket` takes in every runtime, or `undefined` if the text is no URL for it. */
export function targetUrl(text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  // Older runtimes know neither http(s) here nor fragments.
  if (url.protocol === "http:") url.protocol = "ws:";
  else if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return undefined;
  url.hash = "";
  return url.href;
}
