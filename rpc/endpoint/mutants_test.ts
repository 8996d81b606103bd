// Both ends under seeded mutants of what the other end says, handshakes among it: whatever comes, nothing throws, handlers
// get what their contract allows, each ticket has one outcome, and what is kept is bounded by what came. The whole count is
// 1,000,000 mutants at either end and as many handshakes (TICKWIRE_SOAK=1); an ordinary run takes a slice. A failure names
// its round.
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import {
  bool,
  bytes,
  Channel,
  choice,
  type LinkState,
  list,
  MemoryLinkPair,
  type MessageLink,
  type MessageSink,
  optional,
  string,
  struct,
  varint,
  vec3,
  zigzag,
} from "../../protocol/mod.ts";
import { Mutator } from "../../protocol/_testing/mutator.ts";
import { heldBytes } from "../_testing/held_bytes.ts";
import {
  clientId,
  defineRpc,
  RpcClient,
  RpcServer,
  RpcTarget,
} from "../mod.ts";
import { bytesOf } from "../wire/_testing/reference_packet.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MUTANTS_OF_EACH = 50;
const ROUNDS = IS_SOAK ? 20_000 : 60;
const GREETINGS = IS_SOAK ? 1_000_000 : 1_500;
const DT = 1 / 60;
const MAX_BYTES = 4_096;
const UNLIMITED = { perSecond: 1e9, burst: 1e9 };

const contents = {
  note: string({ maxBytes: 200 }),
  flags: list(bool, { maxLength: 3_000 }),
  parts: list(struct({ on: bool, at: optional(vec3) }), { maxLength: 500 }),
  data: bytes({ maxBytes: 100 }),
};
const reply = struct({ ok: bool, notes: list(string, { maxLength: 50 }) });
const game = defineRpc({
  ask: { params: { n: varint }, from: "any", reply },
  paint: { params: contents, from: "any" },
  ping: { params: {}, from: "any" },
  steer: {
    params: { by: zigzag, how: choice("left", "right") },
    from: "any",
    channel: Channel.Unreliable,
  },
});
/** Another version: a call that differs, one that is new, and one that is not there. */
const newer = defineRpc({
  ask: { params: { n: varint }, from: "any", reply },
  jump: { params: { high: bool }, from: "any" },
  paint: { params: { ...contents, more: bool }, from: "any" },
  ping: { params: {}, from: "any" },
});

/** A link that hands out whatever it is given. */
class FedLink implements MessageLink {
  state: LinkState = { type: "open" };
  readonly maxMessageBytes = 65_536;
  readonly rttMs = 0;
  readonly inbox: Uint8Array[] = [];
  fedBytes = 0;

  feed(message: Uint8Array): void {
    this.inbox.push(message.slice());
    this.fedBytes += message.length;
  }

  send(): boolean {
    return this.state.type === "open";
  }

  poll(sink: MessageSink): void {
    for (const message of this.inbox.splice(0)) {
      sink(message, Channel.ReliableOrdered);
    }
  }

  close(reason: string): void {
    this.state = { type: "closed", reason, isLocal: true } as LinkState;
    this.inbox.length = 0;
  }
}

/** What goes over a link from its other end. */
interface Said {
  readonly greetings: Uint8Array[];
  readonly packets: Uint8Array[];
}

function recording(link: MessageLink, said: Said): MessageLink {
  return {
    get state() {
      return link.state;
    },
    maxMessageBytes: link.maxMessageBytes,
    rttMs: 0,
    send: (bytes, channel) => link.send(bytes, channel),
    poll: (sink) =>
      link.poll((bytes, channel) => {
        (bytes[0] === 0 ? said.greetings : said.packets).push(bytes.slice());
        sink(bytes, channel);
      }),
    close: (reason) => link.close(reason),
  };
}

/** What two ends say to each other: the first of what servers hear, and clients. */
function talk(theirs: typeof game): readonly [Said, Said] {
  const atServer: Said = { greetings: [], packets: [] };
  const atClient: Said = { greetings: [], packets: [] };
  const pair = new MemoryLinkPair();
  const server = new RpcServer(game, { clock: new ManualClock() });
  server.connect(recording(pair.a, atServer), clientId(1));
  const client = new RpcClient(theirs, recording(pair.b, atClient));
  const answer = ({ n }: { readonly n: number }) => ({
    ok: true,
    notes: new Array(n % 4).fill("é".repeat(n)),
  });
  server.answer("ask", answer);
  client.answer("ask", answer);
  const paint = {
    note: "€ and more",
    flags: new Array(40).fill(true),
    parts: [{ on: true, at: { x: 1, y: 2, z: 3 } }, {
      on: false,
      at: undefined,
    }],
    data: new Uint8Array(9),
  };
  for (let n = 0; n < 24; n++) {
    for (let i = 0; i <= n % 3; i++) {
      client.call("ask", { n });
      server.call("ask", { n }, clientId(1));
      client.send("ping", {}, i === 0 ? RpcTarget.team(n) : RpcTarget.all());
      server.send("ping", {}, RpcTarget.all());
      server.send("paint", paint, RpcTarget.all());
      if (theirs !== game) continue;
      client.send("paint", paint, RpcTarget.all());
      client.send("steer", { by: -n, how: "left" });
      server.send("steer", { by: n, how: "right" }, RpcTarget.all());
    }
    client.tick(DT);
    server.tick(DT);
  }
  assert(atServer.packets.length > 20 && atClient.packets.length > 20);
  return [atServer, atClient];
}

const SAME = talk(game);
const OTHER = talk(newer as unknown as typeof game);

const mutator = new Mutator(MAX_BYTES);

function mutant(
  corpus: readonly Uint8Array[],
  pool: readonly Uint8Array[],
  seed: number,
): Uint8Array {
  return mutator.buffer.subarray(0, mutator.mutate(corpus, pool, seed));
}

/** One end of either kind, its tickets, and what it handled. */
interface End {
  tick(): void;
  /** Of what the events hold. */
  drain(): number;
  call(): void;
  finish(): void;
  readonly isReady: boolean;
}

/** What is the same at both ends: tickets that are awaited, and handlers that look at what they get. */
class Game {
  readonly waiting = new Set<number>();
  readonly counts: Record<string, number> = {};

  handle(
    end:
      | RpcServer<typeof game.definitions>
      | RpcClient<typeof game.definitions>,
  ): void {
    for (const name of ["paint", "ping", "steer"] as const) {
      end.on(name, (params: Readonly<Record<string, unknown>>) => {
        this.count(name);
        const { params: field } = game.byName.get(name)!;
        assert(bytesOf(field, params) !== undefined, `${name} is wrong`);
      });
    }
    end.answer("ask", ({ n }) => {
      this.count("ask");
      assert(Number.isSafeInteger(n) && n >= 0);
      return { ok: true, notes: [] };
    });
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  drain(events: Iterable<{ readonly type: string }>): number {
    let held = 0;
    for (const event of events) {
      this.count(event.type);
      const { error, peer: _, ...told } = event as {
        readonly error?: unknown;
        readonly peer?: unknown;
      };
      if (error !== undefined) throw error;
      held += heldBytes(told);
      if (!("ticket" in event)) continue;
      assert(this.waiting.delete(event.ticket as number), "once each");
    }
    return held;
  }
}

/** A client takes the same end to a new link; a server gets another client. */
function serverEnd(
  game_: Game,
  link: FedLink,
  server: RpcServer<typeof game.definitions>,
): End {
  const peer = server.connect(link, clientId(1))!;
  return {
    get isReady() {
      return peer.isReady;
    },
    tick: () => server.tick(DT),
    drain: () => game_.drain(server.drainEvents()),
    call: () => {
      const ticket = server.call("ask", { n: 1 }, clientId(1), {
        timeoutMs: 60_000,
      });
      if (ticket !== undefined) game_.waiting.add(ticket);
    },
    finish: () => {
      server.disconnect(peer);
      assertEquals([...server.peers()], []);
    },
  };
}

function clientEnd(game_: Game, link: FedLink): End {
  const client = new RpcClient(game, link);
  game_.handle(client);
  return {
    get isReady() {
      return client.isReady;
    },
    tick: () => client.tick(DT),
    drain: () => game_.drain(client.drainEvents()),
    call: () => {
      const ticket = client.call("ask", { n: 1 }, { timeoutMs: 60_000 });
      if (ticket !== undefined) game_.waiting.add(ticket);
    },
    finish: () => client.close(),
  };
}

/** Feeds an end one round's mutants, and looks at what becomes of them. */
function feed(
  { greetings, packets }: Said,
  game_: Game,
  link: FedLink,
  end: End,
  round: number,
  greets: boolean,
): void {
  for (const greeting of greetings) link.feed(greeting);
  for (let i = 0; i < 30; i++) end.call();
  end.tick();
  assertEquals(end.isReady, true);
  let held = end.drain();
  const seed = round * MUTANTS_OF_EACH;
  for (let i = 0; i < MUTANTS_OF_EACH; i++) {
    // Among them also greetings, for which it is too late.
    const corpus = greets && i % 8 === 0 ? greetings : packets;
    link.feed(mutant(corpus, packets, seed + i));
    if (i % 5 !== 4) continue;
    end.tick();
    held += end.drain();
  }
  // Of each ticket, and of each packet that is refused, an event of some words.
  const most = 16 * link.fedBytes + 65_536 + 200 * (30 + MUTANTS_OF_EACH);
  assert(held <= most, `${held} bytes held of ${link.fedBytes}`);
  end.finish();
  end.drain();
  assertEquals([...game_.waiting], []);
}

const LIMITS = {
  calls: UNLIMITED,
  bytes: UNLIMITED,
  relays: UNLIMITED,
  malformed: UNLIMITED,
  refusals: UNLIMITED,
} as const;

function newServer(game_: Game): RpcServer<typeof game.definitions> {
  const server = new RpcServer(game, {
    clock: new ManualClock(),
    limits: LIMITS,
    isOwner: () => true,
  });
  game_.handle(server);
  return server;
}

function inRound(round: number, run: () => void): void {
  try {
    run();
  } catch (cause) {
    throw new Error(`round ${round} fails`, { cause });
  }
}

/** Mutants must not all end alike. */
function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (
    const type of ["ask", "paint", "ping", "steer", "result", "packetRefused"]
  ) {
    assert(
      (counts[type] ?? 0) > ROUNDS / 2,
      `${type}: ${JSON.stringify(counts)}`,
    );
  }
}

Deno.test("RpcServer is not hurt by mutants of what clients say", () => {
  const game_ = new Game();
  const server = newServer(game_);
  for (let round = 0; round < ROUNDS; round++) {
    inRound(round, () => {
      const link = new FedLink();
      const end = serverEnd(game_, link, server);
      feed(SAME[0], game_, link, end, round, true);
    });
  }
  checkCounts(game_.counts);
});

Deno.test("RpcClient is not hurt by mutants of what servers say", () => {
  const game_ = new Game();
  for (let round = 0; round < ROUNDS; round++) {
    inRound(round, () => {
      const link = new FedLink();
      feed(SAME[1], game_, link, clientEnd(game_, link), round, true);
    });
  }
  checkCounts(game_.counts);
});

Deno.test("RpcServer and RpcClient are not hurt by mutants of greetings", () => {
  const game_ = new Game();
  const server = newServer(game_);
  const corpora = [0, 1].map((i) => [
    ...SAME[i]!.greetings,
    ...OTHER[i]!.greetings,
  ]);
  const outcomes = new Map<string, number>();
  for (let round = 0; round < GREETINGS; round++) {
    inRound(round, () => {
      const link = new FedLink();
      const isServer = round % 2 === 0;
      const end = isServer
        ? serverEnd(game_, link, server)
        : clientEnd(game_, link);
      const { greetings } = (round % 3 === 0 ? SAME : OTHER)[isServer ? 0 : 1];
      const corpus = corpora[isServer ? 0 : 1]!;
      // One of them is a mutant, the others are as they should be.
      const changed = round % greetings.length;
      for (const [i, greeting] of greetings.entries()) {
        link.feed(i === changed ? mutant(corpus, corpus, round) : greeting);
      }
      end.tick();
      const held = end.drain();
      assert(
        held <= 16 * link.fedBytes + 8_192,
        `${held} bytes held of ${link.fedBytes}`,
      );
      const outcome = end.isReady ? "ready" : link.state.type;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      end.finish();
      end.drain();
    });
  }
  for (const outcome of ["ready", "open", "closed"]) {
    assert(
      (outcomes.get(outcome) ?? 0) > GREETINGS / 50,
      JSON.stringify([...outcomes]),
    );
  }
});
