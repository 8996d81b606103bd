import { ROOT } from "../../tools/run.ts";
import { deno } from "../_programs.ts";
import { atMost, median, type Section } from "../_report.ts";

const PLAYER_PROCESSES = 2;

/** Kills a server with many lobbies, starts it again, and waits for everybody to sit where they sat. */
export async function measureRestart(isSmoke: boolean): Promise<Section> {
  const lobbies = isSmoke ? 20 : 1_000;
  const rounds = isSmoke ? 1 : 3;
  const runs: Run[] = [];
  for (let i = 0; i < rounds; i++) runs.push(await runOnce(lobbies));
  const restored = median(runs.map((run) => run.restoredMs));
  const seated = median(runs.map((run) => run.seatedMs));
  return {
    title: `Restart: kill -9 with ${lobbies} lobbies of four`,
    notes: [
      `Server on SQLite and ${PLAYER_PROCESSES} processes of players on one machine; medians of ${rounds} runs.`,
      "restored: from the opening of the file until the server answers; seated: from the kill until all players have been told their lobby again, with all the others connected.",
    ],
    rows: runs.map((run, i) => ({
      name: `run ${i + 1}`,
      "restored ms": run.restoredMs,
      "process up ms": run.startedMs,
      "seated ms": run.seatedMs,
    })),
    bars: [
      atMost("lobbies restored after the restart", 1_000, restored, "ms"),
      atMost("everybody reseated after the kill", 10_000, seated, "ms"),
    ],
  };
}

interface Run {
  readonly restoredMs: number;
  readonly startedMs: number;
  readonly seatedMs: number;
}

async function runOnce(lobbies: number): Promise<Run> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/lobbies.db`;
  const players: Process[] = [];
  let server = await start("_server_process.ts", path, "0");
  try {
    const port = String(server.hello.port);
    const share = Math.ceil(lobbies / PLAYER_PROCESSES);
    for (let first = 0; first < lobbies; first += share) {
      const count = Math.min(share, lobbies - first);
      players.push(
        await start("_players_process.ts", port, `${first}`, `${count}`),
      );
    }
    const killedAtMs = Date.now();
    server.child.kill("SIGKILL");
    await server.child.status;
    server = await start("_server_process.ts", path, port);
    const { restoredMs, startedMs, lobbies: found } = server.hello;
    if (found !== lobbies) {
      throw new Error(`${found} lobbies were restored of ${lobbies}`);
    }
    const done = await Promise.all(players.map((it) => it.next()));
    const lastMs = Math.max(...done.map((line) => line.allBackAtMs as number));
    return {
      restoredMs: restoredMs as number,
      startedMs: startedMs as number,
      seatedMs: lastMs - killedAtMs,
    };
  } finally {
    for (const { child } of players) await end(child);
    await end(server.child);
    await Deno.remove(folder, { recursive: true });
  }
}

type Line = Readonly<Record<string, unknown>>;

interface Process {
  readonly child: Deno.ChildProcess;
  readonly hello: Line;
  next(): Promise<Line>;
}

async function start(
  file: string,
  ...args: readonly string[]
): Promise<Process> {
  const [command, ...rest] = deno(new URL(file, import.meta.url).href, ...args);
  const child = new Deno.Command(command!, {
    args: rest,
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  async function next(): Promise<Line> {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`${file} has ended`);
      text += value;
    }
    const at = text.indexOf("\n");
    const line = JSON.parse(text.slice(0, at));
    text = text.slice(at + 1);
    return line;
  }
  return { child, hello: await next(), next };
}

/** Ends a process, if it has not ended. */
async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  await child.stdin.close().catch(() => {});
  await child.stdout.cancel().catch(() => {});
  await child.status;
}
