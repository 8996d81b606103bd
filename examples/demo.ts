/**
 * A game loop at 60 frames per second that talks to a real server, over HTTP, over a WebSocket
 * that is cut every few seconds, to leaderboards and a collector of telemetry that go down as
 * often, and over UDP to a match on a line that becomes worse and worse, without ever blocking a frame.
 *
 *     deno task demo
 *
 * The server (demo_server.ts) runs in a thread of its own. The loop ticks the scenes in
 * examples/demo and measures what they cost each frame.
 */

import { PollLoop } from "../core/mod.ts";
import { AnalyticsScene } from "./demo/analytics_scene.ts";
import { FrameStats } from "./demo/frame_stats.ts";
import { HttpScene } from "./demo/http_scene.ts";
import { LeaderboardScene } from "./demo/leaderboard_scene.ts";
import { type DemoOptions, parseOptions, USAGE } from "./demo/options.ts";
import { OwnTime } from "./demo/own_time.ts";
import { renderReport } from "./demo/report.ts";
import type { Scene } from "./demo/scene.ts";
import type { DemoUrls } from "./demo_server.ts";
import { showCursor, Terminal } from "./demo/terminal.ts";
import { TransportScene } from "./demo/transport_scene.ts";
import { WebSocketScene } from "./demo/websocket_scene.ts";
import { renderView, type ViewState } from "./demo/view.ts";

const HZ = 60;
const FRAMES_PER_PICTURE = 6;
const FRAMES_PER_LINE = 60;
/** How long it goes on at most until everything was to be seen. */
const MAX_SECONDS = 300;

async function main(): Promise<void> {
  let options: DemoOptions;
  try {
    options = parseOptions(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exitCode = 2;
    return;
  }
  if (options.help) {
    console.log(USAGE);
    return;
  }
  using server = await startServer();
  await play(options, server);
}

async function play(
  options: DemoOptions,
  server: DemoUrls,
): Promise<void> {
  const seconds = options.frames / HZ;
  const scenes: readonly Scene[] = [
    new HttpScene({ ...server, seconds }),
    new WebSocketScene({ ...server, seconds }),
    new LeaderboardScene({ ...server, seconds }),
    new AnalyticsScene({ ...server, seconds }),
    new TransportScene({ ...server, seconds }),
  ];
  const stats = new FrameStats(1000 / HZ);
  using ownTime = new OwnTime();
  const terminal = !options.json && Terminal.isAvailable()
    ? new Terminal()
    : undefined;
  const colour = !Deno.env.get("NO_COLOR");
  const stop = new AbortController();
  let lastMs: number | undefined;
  let playedSecs = 0;

  function picture(): string[] {
    const state: ViewState = {
      stats,
      totalFrames: options.frames,
      seconds: playedSecs,
      scenes,
    };
    return renderView(state, { ...terminal!.size(), colour });
  }

  function show(): void {
    if (terminal !== undefined) {
      if (stats.frames % FRAMES_PER_PICTURE === 0) terminal.draw(picture());
    } else if (
      !options.json && stats.frames > 0 && stats.frames % FRAMES_PER_LINE === 0
    ) {
      const { p99 } = stats.summary().frameMs;
      console.log(
        `frame ${stats.frames} of ${options.frames}  p99 ${
          p99.toFixed(2)
        } ms  ` +
          scenes.map((scene) => scene.line()).join("  "),
      );
    }
  }

  function isEnough(): boolean {
    return !options.all || playedSecs >= MAX_SECONDS ||
      scenes.every((scene) => scene.isComplete);
  }

  function frame(dt: number): void {
    const startMs = performance.now();
    playedSecs += dt;
    ownTime.begin();
    const networkFromMs = performance.now();
    for (const scene of scenes) scene.tick(dt);
    const networkMs = performance.now() - networkFromMs;
    const networkOwnMs = ownTime.end(networkMs);
    show();
    const workMs = performance.now() - startMs;
    stats.add(
      lastMs === undefined ? undefined : startMs - lastMs,
      workMs,
      networkMs,
      networkOwnMs,
    );
    lastMs = startMs;
    if (stats.frames >= options.frames && isEnough()) stop.abort();
  }

  const loop = new PollLoop();
  loop.add({ tick: frame });
  const interrupt = (): void => {
    if (stop.signal.aborted) {
      // The second time somebody is in a hurry.
      if (terminal !== undefined) showCursor();
      Deno.exit(130);
    }
    stop.abort();
  };
  Deno.addSignalListener("SIGINT", interrupt);
  // The first request costs the runtime some milliseconds that are not to fall into a frame.
  for (const scene of scenes) await scene.load();
  const startMs = performance.now();
  let endMs = startMs;
  try {
    await loop.run({ hz: HZ, signal: stop.signal });
  } finally {
    endMs = performance.now();
    const lines = terminal === undefined ? [] : picture();
    await Promise.all(scenes.map((scene) => scene.close()));
    await terminal?.close(lines);
    Deno.removeSignalListener("SIGINT", interrupt);
  }

  const run = {
    ...stats.summary(),
    seconds: Math.round(endMs - startMs) / 1000,
  };
  if (options.json) {
    const summaries = scenes.map((scene) => [scene.name, scene.summary()]);
    const summary = { ...run, ...Object.fromEntries(summaries) };
    console.log(JSON.stringify(summary, undefined, 2));
  } else {
    console.log(`\n${renderReport(run, scenes)}`);
  }
}

function startServer(): Promise<DemoUrls & Disposable> {
  const worker = new Worker(
    new URL("./demo/server_worker.ts", import.meta.url),
    { type: "module" },
  );
  return new Promise((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<DemoUrls>) =>
      resolve({
        ...event.data,
        [Symbol.dispose]: () => worker.terminate(),
      });
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

if (import.meta.main) await main();
