// Runs the demo's server in a thread of its own, so that its work does not disturb the frames.

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { startDemoServer } from "../demo_server.ts";

const {
  url,
  matchUrl,
  shopUrl,
  hubUrl,
  boardsUrl,
  collectorUrl,
  matchToken,
} = await startDemoServer();
self.postMessage({
  url,
  matchUrl,
  shopUrl,
  hubUrl,
  boardsUrl,
  collectorUrl,
  matchToken,
});
