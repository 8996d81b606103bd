// Requests per second of the leaderboard server over real HTTP on loopback, on SQLite with each acknowledged submission
// synced: beside a bare Deno.serve that answers a constant of the same length, which is the ceiling of the runtime. The
// servers run in a process of their own, the load comes from this one over connections that are kept.
import { median, quantile, type Row, type Section } from "../_report.ts";
import {
  type Load,
  playerName,
  requestBytes,
  runLoad,
} from "./_server_load.ts";

interface Part {
  readonly name: string;
  readonly isBare?: boolean;
  request(i: number): Uint8Array<ArrayBuffer>;
}

/** Measures the server. */
export async function measureServer(isSmoke: boolean): Promise<Section[]> {
  const playerCount = isSmoke ? 2_000 : 100_000;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      import.meta.resolve("./_server_process.ts"),
      `${playerCount}`,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const stdout = child.stdout.getReader();
  const { value } = await stdout.read();
  const [bare = 0, served = 0] = new TextDecoder().decode(value).split(" ")
    .map(Number);
  try {
    const sections: Section[] = [];
    for (const connections of [16, 64]) {
      sections.push(
        await measureAt(bare, served, connections, playerCount, isSmoke),
      );
    }
    return sections;
  } finally {
    await child.stdin.close();
    await stdout.cancel();
    await child.status;
  }
}

async function measureAt(
  bare: number,
  served: number,
  connections: number,
  playerCount: number,
  isSmoke: boolean,
): Promise<Section> {
  const parts = makeParts(playerCount);
  const [count, rounds] = isSmoke ? [500, 2] : [10_000, 9];
  const loads = new Map<Part, Load[]>(parts.map((part) => [part, []]));
  // The first round is for the compiler. They take turns, so that what disturbs the machine meets them all.
  for (let round = -1; round < rounds; round++) {
    for (const part of parts) {
      const port = part.isBare ? bare : served;
      const load = await runLoad(port, connections, count, part.request);
      if (round >= 0) loads.get(part)!.push(load);
    }
  }
  const perSecond = (part: Part) =>
    median(loads.get(part)!.map((load) => load.perSecond));
  const ceiling = perSecond(parts[0]!);
  return {
    title: `leaderboard: HTTP over loopback, ${connections} connections`,
    notes: [
      `SQLite with ${
        playerCount.toLocaleString("en-US")
      } players on a board of three periods; an API key and a bearer token with each`,
      "request, no two submissions with one key. Medians of the rounds; latencies of all requests.",
    ],
    rows: parts.map((part): Row => {
      const latencies = loads.get(part)!.flatMap((load) => load.latenciesMs);
      return {
        name: part.name,
        "requests/s": perSecond(part),
        "p50 ms": quantile(latencies, 0.5),
        "p99 ms": quantile(latencies, 0.99),
        "% of bare": 100 * perSecond(part) / ceiling,
      };
    }),
    bars: [],
  };
}

function makeParts(playerCount: number): readonly Part[] {
  let submitted = 0;
  const player = (i: number) => playerName((i * 7_907) % playerCount);
  return [
    {
      name: "bare Deno.serve, a constant",
      isBare: true,
      request: (i) => requestBytes("GET", "/v1/constant", player(i)),
    },
    {
      name: "rank of a player",
      request: (i) =>
        requestBytes("GET", `/v1/boards/bench/players/${player(i)}`, player(i)),
    },
    {
      name: "page of ten",
      request: (i) => {
        const page = (i * 7_907) % Math.floor(playerCount / 10) + 1;
        const path = `/v1/boards/bench/entries?pageSize=10&page=${page}`;
        return requestBytes("GET", path, player(i));
      },
    },
    {
      name: "ten around a player",
      request: (i) => {
        const path = `/v1/boards/bench/entries?pageSize=10&around=${player(i)}`;
        return requestBytes("GET", path, player(i));
      },
    },
    {
      name: "submit, synced",
      request: () => {
        const number = submitted++;
        const playerId = player(number);
        const score = 1_000_003 + number;
        return requestBytes(
          "POST",
          "/v1/boards/bench/scores",
          playerId,
          `Idempotency-Key: bench-${number}\r\nContent-Type: application/json\r\n`,
          JSON.stringify({ playerId, score }),
        );
      },
    },
  ];
}
