// What a game is told that has no types to say it: at the call that is wrong, and why.
import { assertEquals, assertThrows } from "@std/assert";
import {
  MemoryLinkPair,
  string,
  struct,
  u8,
  varint,
  vec3,
} from "../../protocol/mod.ts";
import { clientId, defineRpc, RpcClient, RpcServer } from "../mod.ts";

const game = defineRpc({
  fire: { params: { at: vec3, weapon: u8 }, from: "client" },
  say: { params: { text: string({ maxBytes: 4 }) }, from: "any" },
  hit: { params: { amount: u8 }, from: "server" },
  buy: { params: {}, from: "client", reply: struct({ gold: varint }) },
  ask: { params: {}, from: "server", reply: u8 },
});

/** As those see it who write no types. */
// deno-lint-ignore no-explicit-any
type Untyped = any;

const at = { x: 0, y: 0, z: 0 };
const CASES: readonly [
  mistake: (client: Untyped, server: Untyped) => unknown,
  error: string,
][] = [
  [
    (client) => client.send("jump", {}),
    'TypeError: Cannot use an rpc as its name must be defined: current value is "jump"',
  ],
  [
    (client) => client.send("hit", { amount: 1 }),
    'TypeError: Cannot send "hit" as it must be from the client: current definition is from "server"',
  ],
  [
    (_, server) => server.call("buy", {}, clientId(1)),
    'TypeError: Cannot call "buy" as it must be from the server: current definition is from "client"',
  ],
  [
    (client) => client.send("buy", {}),
    'TypeError: Cannot send "buy" as it must be defined without a reply: call() is for those with one',
  ],
  [
    (client) => client.call("fire", { at, weapon: 1 }),
    'TypeError: Cannot call "fire" as it must be defined with a reply: send() is for those without',
  ],
  [
    (client) => client.send("fire"),
    'TypeError: Cannot call "fire" as its parameters must be an object: current value is undefined',
  ],
  [
    (client) => client.send("fire", { at, weapon: 300 }),
    'RangeError: Cannot call "fire" as "weapon" must be allowed by u8: current value is 300',
  ],
  [
    (client) => client.send("fire", { weapon: 1 }),
    'RangeError: Cannot call "fire" as "at" must be allowed by vec3: current value is undefined',
  ],
  [
    (client) => client.send("say", { text: "secret" }),
    'RangeError: Cannot call "say" as "text" must be allowed by string(4): current value is a string of 6 bytes',
  ],
  [
    (client) => client.send("say", { text: "a" }, 7),
    "TypeError: Cannot send to a target as a client's must be one of RpcTarget: current value is undefined",
  ],
  [
    (client) => client.send("say", { text: "a" }, { type: "client", id: 0.5 }),
    'RangeError: Cannot call "say" as its target must have an id from 1 to 2^53 - 1 or a team from 0 to 65535: current one has not',
  ],
  [
    (_, server) => server.connect(new MemoryLinkPair().a, 0),
    "RangeError: Cannot make a client id as it must be an integer from 1 to 2^53 - 1: current value is 0",
  ],
  [
    (_, server) => server.on("fire"),
    'TypeError: Cannot handle "fire" as its handler must be a function: current value is of type "undefined"',
  ],
  [
    (_, server) => server.on("hit", noop),
    'TypeError: Cannot handle "hit" as it must be from the client: current definition is from "server"',
  ],
  [
    (client) => client.answer("buy", noop),
    'TypeError: Cannot answer "buy" as it must be from the server: current definition is from "client"',
  ],
  [
    (_, server) => server.on("buy", noop),
    'TypeError: Cannot handle "buy" as it must be defined without a reply: answer() is for those with one',
  ],
  [
    (_, server) => server.answer("fire", noop),
    'TypeError: Cannot answer "fire" as it must be defined with a reply: on() is for those without',
  ],
  [
    (client) => [client.on("hit", noop), client.on("hit", noop)],
    'TypeError: Cannot handle "hit" as it must have no handler yet: off() takes the current one',
  ],
];

Deno.test("RpcServer and RpcClient say what is wrong with a call, without its texts", () => {
  for (const [mistake, message] of CASES) {
    const pair = new MemoryLinkPair();
    const server = new RpcServer(game);
    server.connect(pair.a, clientId(1));
    const client = new RpcClient(game, pair.b);
    const error = assertThrows(() => mistake(client, server));
    assertEquals(String(error), message);
  }
});

Deno.test("RpcClient handles what other clients call as well, but answers the server alone", () => {
  const client = new RpcClient(game, new MemoryLinkPair().b);
  client.on("fire", noop);
  client.on("say", noop);
  client.on("hit", noop);
  client.answer("ask", () => 1);
});

Deno.test("RpcServer.answer() says what to do instead of a promise", () => {
  const pair = new MemoryLinkPair();
  const server = new RpcServer(game);
  server.connect(pair.a, clientId(1));
  const untyped: Untyped = server;
  untyped.answer("buy", () => Promise.resolve({ gold: 1 }));
  const client = new RpcClient(game, pair.b);
  client.call("buy", {});
  const errors: string[] = [];
  for (let frame = 0; frame < 6; frame++) {
    client.tick(1 / 60);
    server.tick(1 / 60);
    for (const event of server.drainEvents()) {
      if (event.type === "handlerFailed") errors.push(String(event.error));
    }
  }
  assertEquals(errors, [
    'TypeError: Cannot answer "buy" as its handler must not return a promise: return context.defer(), and settle that later',
  ]);
});

function noop(): void {}
