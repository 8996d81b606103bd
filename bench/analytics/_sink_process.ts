// Where all clients of these benches send to, in a process of its own, so that receiving costs them nothing: it counts
// bytes and events of each and answers what each expects. It prints its port, and ends when its standard input does.
//
// GET /NAME/count gives { requests, bytes, events } of what came to /NAME/… and begins anew.
interface Count {
  requests: number;
  bytes: number;
  events: number;
}

const counts = new Map<string, Count>();

function countOf(name: string): Count {
  let count = counts.get(name);
  if (count === undefined) {
    count = { requests: 0, bytes: 0, events: 0 };
    counts.set(name, count);
  }
  return count;
}

async function bodyOf(request: Request): Promise<[Uint8Array, unknown]> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const stream = new Blob([bytes]).stream();
  const plain = isGzip
    ? stream.pipeThrough(new DecompressionStream("gzip"))
    : stream;
  return [bytes, await new Response(plain).json()];
}

/** How many events are in a body, by whose it is. */
// deno-lint-ignore no-explicit-any
function eventsIn(name: string, body: any): number {
  switch (name) {
    case "tickwire": {
      // Only what the game recorded: not the beginning of the session, nor the report of what was dropped.
      const own = new Set(["sessionStart", "sessionEnd", "drop", "frameTime"]);
      let events = 0;
      for (const run of body.runs) {
        for (const [type] of run.e) if (!own.has(run.d[type][0])) events += 1;
      }
      return events;
    }
    case "otel": {
      let events = 0;
      for (const { scopeLogs } of body.resourceLogs) {
        for (const { logRecords } of scopeLogs) events += logRecords.length;
      }
      return events;
    }
    default:
      return body.batch.length;
  }
}

// deno-lint-ignore no-explicit-any
function answerTo(name: string, body: any): unknown {
  if (name !== "tickwire") return name === "posthog" ? { status: 1 } : {};
  let accepted = 0;
  for (const run of body.runs) accepted += run.e.length;
  return { accepted, duplicates: 0, refused: [] };
}

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  async (request) => {
    const [, name = "", rest] = new URL(request.url).pathname.split("/");
    if (rest === "count") {
      const count = countOf(name);
      counts.delete(name);
      return Response.json(count);
    }
    const [bytes, body] = await bodyOf(request);
    const count = countOf(name);
    count.requests += 1;
    count.bytes += bytes.length;
    count.events += eventsIn(name, body);
    return Response.json(answerTo(name, body));
  },
);
console.log(server.addr.port);

// A parent that dies takes the server along.
for await (const _ of Deno.stdin.readable);
await server.shutdown();
