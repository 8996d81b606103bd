// The server of the throughput figures, in a process of its own. It prints its port and
// ends when its standard input does.
const BODY = new TextEncoder().encode(JSON.stringify({
  rank: 12,
  playerId: "ada",
  name: "Ada Lovelace",
  score: 4200,
  metadata: { level: 7, ship: "falcon" },
  timestamp: "2030-01-01T00:00:00Z",
}));

const server = Deno.serve(
  {
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(port),
  },
  () => new Response(BODY, { headers: { "content-type": "application/json" } }),
);

// A parent that dies takes the server along.
for await (const _ of Deno.stdin.readable);
await server.shutdown();
