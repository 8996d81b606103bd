import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  ByteWriter,
  Channel,
  MemoryLinkPair,
  type MessageLink,
  Packet,
  PacketEncoder,
  PacketKind,
} from "../../protocol/mod.ts";
import type { FileEvent, FileTransferId } from "./file_event.ts";
import { FileTransfers, type FileTransfersOptions } from "./file_transfers.ts";

const DT = 1 / 60;
const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

/** One end of a link, with what happened there. */
class End {
  readonly files: FileTransfers;
  readonly link: MessageLink;
  readonly events: FileEvent[] = [];
  /** Changes a message that comes in; `undefined` loses it. */
  tamper: (message: Uint8Array) => Uint8Array | undefined = (same) => same;

  constructor(
    link: MessageLink,
    options: Partial<FileTransfersOptions> = {},
    channel: Channel = Channel.Reliable,
  ) {
    this.link = link;
    this.files = new FileTransfers({
      send: (message) => link.send(message, channel),
      ...options,
    });
  }

  tick(): void {
    this.link.poll((message) => {
      assert(message.length <= 1_200, `a message of ${message.length} bytes`);
      const tampered = this.tamper(message);
      if (tampered !== undefined) assert(this.files.receive(tampered));
    });
    this.files.tick(DT);
    this.events.push(...this.files.drainEvents());
  }

  of<T extends FileEvent["type"]>(type: T): Extract<FileEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<
      FileEvent,
      { type: T }
    >[];
  }
}

function run(
  pair: MemoryLinkPair,
  ends: readonly End[],
  isDone: () => boolean,
  maxFrames = 10_000,
): number {
  for (let frame = 0; frame < maxFrames; frame++) {
    if (isDone()) return frame;
    pair.tick(DT);
    for (const end of ends) end.tick();
  }
  throw new Error(`It takes more than ${maxFrames} frames`);
}

function content(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  new SeededRandom(seed).fill(bytes);
  return bytes;
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length &&
    a.every((byte, i) => byte === b[i]);
}

Deno.test("FileTransfers sends what was asked for, with progress", () => {
  const pair = new MemoryLinkPair({ latencyMs: 20 });
  const [server, client] = [new End(pair.a), new End(pair.b)];
  const file = content(300_000);
  const id = client.files.request("maps/level 1 🗺")!;
  run(pair, [server, client], () => server.of("requested").length > 0);
  const { transfer, name } = server.of("requested")[0]!;
  assertEquals(name, "maps/level 1 🗺");
  assertEquals(server.files.serve(transfer, file, { version: "v7" }), true);
  assertEquals(server.files.serve(transfer, file), false);
  run(pair, [server, client], () => server.of("sent").length > 0);
  const [received] = client.of("received");
  assertEquals(
    [received?.transfer, received?.size, received?.version],
    [id, 300_000, "v7"],
  );
  assert(isEqual(received?.bytes, file));
  for (const end of [server, client]) {
    const steps = end.of("progress").map(({ bytes }) => bytes);
    assert(steps.length > 3, `${steps}`);
    assertEquals(steps, [...steps].sort((a, b) => a - b));
    assertEquals(steps.at(-1)! <= 300_000, true);
    assertEquals(end.files.size, 0);
  }
});

Deno.test("FileTransfers sends what was offered, into a sink", () => {
  const pair = new MemoryLinkPair({ latencyMs: 5 });
  const [server, client] = [new End(pair.a), new End(pair.b)];
  const file = content(54_321);
  const id = server.files.offer("replay", file, { version: "9" });
  run(pair, [server, client], () => client.of("offered").length > 0);
  const [offered] = client.of("offered");
  assertEquals(
    [offered?.name, offered?.size, offered?.version],
    ["replay", 54_321, "9"],
  );
  const taken = new Uint8Array(54_321);
  let next = 0;
  const isAccepted = client.files.accept(offered!.transfer, {
    sink(bytes, offset) {
      assertEquals(offset, next);
      taken.set(bytes, offset);
      next += bytes.length;
    },
  });
  assertEquals(isAccepted, true);
  assertEquals(client.files.accept(offered!.transfer), false);
  run(pair, [server, client], () => server.of("sent").length > 0);
  assertEquals(server.of("sent")[0]?.transfer, id);
  assertEquals(client.of("received")[0]?.bytes, undefined);
  assert(isEqual(taken, file));
});

Deno.test("FileTransfers sends files of every size", () => {
  for (const size of [0, 1, 63, 64, 65, 1_099, 1_100, 1_101, 2_200, 8_800]) {
    const pair = new MemoryLinkPair();
    const [server, client] = [
      new End(pair.a),
      new End(pair.b, { windowBytes: 4_400 }),
    ];
    const file = content(size, size);
    server.files.offer("file", file);
    run(pair, [server, client], () => client.of("offered").length > 0);
    client.files.accept(client.of("offered")[0]!.transfer);
    run(pair, [server, client], () => server.of("sent").length > 0);
    assert(isEqual(client.of("received")[0]?.bytes, file), `${size} bytes`);
  }
});

Deno.test("FileTransfers keeps its promise over bad links, in every direction", () => {
  const seeds = IS_SOAK ? 2_000 : 60;
  for (let seed = 1; seed <= seeds; seed++) {
    const random = new SeededRandom(seed);
    const pick = (max: number): number => random.nextU32() % max;
    const pair = new MemoryLinkPair({
      latencyMs: pick(80),
      jitterMs: pick(80),
      loss: pick(50) / 100,
      maxQueuedMessages: 8 + pick(100),
      random,
    });
    const ends = [pair.a, pair.b].map((link) =>
      new End(link, {
        windowBytes: 4_400 + pick(60_000),
        chunkBytes: 64 + pick(1_037),
        maxBytesPerTick: 1_100 + pick(50_000),
        maxTransfers: 4,
      }, seed % 2 === 0 ? Channel.Reliable : Channel.ReliableOrdered)
    );
    const files = [...Array(4)].map((_, i) => content(pick(40_000), seed + i));
    for (const [i, file] of files.entries()) {
      const end = ends[i % 2]!;
      if (i < 2) assert(end.files.offer(`${i}`, file) !== undefined);
      else assert(end.files.request(`${i}`) !== undefined);
    }
    const seen = new Set<FileEvent>();
    run(pair, ends, () => {
      for (const end of ends) {
        for (const event of end.events) {
          if (seen.has(event)) continue;
          seen.add(event);
          if (event.type === "offered") end.files.accept(event.transfer);
          else if (event.type === "requested") {
            end.files.serve(event.transfer, files[Number(event.name)]!);
          }
        }
      }
      return ends.every(({ files }) => files.size === 0);
    });
    const received = ends.flatMap((end) => end.of("received"));
    assertEquals(received.length, 4, `seed ${seed}`);
    assertEquals(ends.flatMap((end) => end.of("failed")), [], `seed ${seed}`);
    for (const { name, bytes } of received) {
      assert(isEqual(bytes, files[Number(name)]!), `${name} of seed ${seed}`);
    }
  }
});

Deno.test("FileTransfers gives the same messages for the same inputs", () => {
  function record(): string[] {
    const pair = new MemoryLinkPair({
      latencyMs: 30,
      jitterMs: 30,
      loss: 0.2,
      random: new SeededRandom(5),
    });
    const messages: string[] = [];
    const [server, client] = [new End(pair.a), new End(pair.b)];
    for (const end of [server, client]) {
      end.tamper = (message) => {
        messages.push(`${message}`);
        return message;
      };
    }
    server.files.offer("a", content(20_000));
    run(pair, [server, client], () => {
      for (const { transfer } of client.of("offered")) {
        client.files.accept(transfer);
      }
      return server.of("sent").length > 0;
    });
    return messages;
  }
  assertEquals(record(), record());
});

Deno.test("FileTransfers goes on after a link has broken, from memory and from a sink", () => {
  for (const isSink of [false, true]) {
    for (const by of ["request", "offer"] as const) {
      const file = content(100_000);
      const taken = new Uint8Array(file.length);
      const sink = (bytes: Uint8Array, offset: number): void =>
        taken.set(bytes, offset);
      let have: Uint8Array | undefined;
      let offset = 0;
      let version = "";
      let links = 0;
      let sentBytes = 0;
      for (;; links++) {
        assert(links < 20, "too many links");
        const pair = new MemoryLinkPair({ latencyMs: 10 });
        const server = new End(pair.a);
        const client = new End(pair.b, { windowBytes: 8_800 });
        const options = {
          version,
          ...(isSink ? { sink, offset } : have === undefined ? {} : { have }),
        };
        if (by === "request") client.files.request("file", options);
        else server.files.offer("file", file, { version: "1" });
        run(pair, [server, client], () => {
          for (const { transfer } of server.of("requested")) {
            server.files.serve(transfer, file, { version: "1" });
          }
          for (const { transfer } of client.of("offered")) {
            client.files.accept(transfer, options);
          }
          const progress = client.of("progress").at(-1)?.bytes ?? 0;
          return progress > offset + 30_000 || client.of("received").length > 0;
        });
        const [received] = client.of("received");
        if (received !== undefined) {
          assert(isEqual(isSink ? taken : received.bytes, file));
          break;
        }
        client.files.close();
        client.files.close();
        client.events.push(...client.files.drainEvents());
        const [failed] = client.of("failed");
        assertEquals(failed?.reason, "closed");
        assertEquals(
          failed?.bytes?.length,
          isSink ? undefined : failed!.offset,
        );
        assert(failed!.offset > offset);
        sentBytes += failed!.offset - offset;
        ({ offset, version } = failed!);
        have = failed!.bytes;
        assertEquals(version, "1");
        assertEquals(client.files.request("more"), undefined);
      }
      assert(links >= 2 && sentBytes < 100_000, `${links} links`);
    }
  }
});

Deno.test("FileTransfers does not go on with another version, or with more than there is", () => {
  for (const [version, length] of [["2", 50], ["1", 5]] as const) {
    for (const by of ["request", "offer"] as const) {
      const pair = new MemoryLinkPair();
      const [server, client] = [new End(pair.a), new End(pair.b)];
      const options = { have: content(10), version: "1" };
      if (by === "request") client.files.request("file", options);
      else server.files.offer("file", content(length), { version });
      run(pair, [server, client], () => {
        for (const { transfer } of server.of("requested")) {
          server.files.serve(transfer, content(length), { version });
        }
        for (const { transfer } of client.of("offered")) {
          client.files.accept(transfer, options);
        }
        return server.files.size + client.files.size === 0;
      }, 100);
      for (const end of [server, client]) {
        assertEquals(end.of("failed").map(({ reason }) => reason), ["changed"]);
      }
    }
  }
});

Deno.test("FileTransfers finds a bit that was changed on the way", () => {
  const pair = new MemoryLinkPair();
  const [server, client] = [new End(pair.a), new End(pair.b)];
  let count = 0;
  client.tamper = (message) => {
    const copy = message.slice();
    if (message.length > 1_000 && count++ === 7) copy[500]! ^= 1;
    return copy;
  };
  server.files.offer("file", content(20_000));
  run(pair, [server, client], () => client.of("offered").length > 0);
  client.files.accept(client.of("offered")[0]!.transfer);
  run(pair, [server, client], () => server.files.size === 0);
  for (const end of [server, client]) {
    assertEquals(end.of("failed").map(({ reason }) => reason), ["corrupt"]);
  }
});

Deno.test("FileTransfers.cancel() ends a transfer at both ends, at any time", () => {
  for (const by of ["server", "client"] as const) {
    for (let frames = 0; frames < 24; frames++) {
      const pair = new MemoryLinkPair({ latencyMs: 30 });
      const [server, client] = [new End(pair.a), new End(pair.b)];
      const id = server.files.offer("file", content(50_000))!;
      let left = frames;
      let hasCanceled = false;
      run(pair, [server, client], () => {
        const [offered] = client.of("offered");
        if (offered !== undefined && !hasCanceled) {
          client.files.accept(offered.transfer);
        }
        if (left-- <= 0 && !hasCanceled) {
          const canceler = by === "server" ? server : client;
          const transfer = by === "server" ? id : offered?.transfer;
          if (transfer !== undefined) {
            hasCanceled = true;
            canceler.files.cancel(transfer);
            canceler.files.cancel(transfer);
          }
        }
        // Then what is on its way arrives.
        return hasCanceled && left < -30;
      }, 200);
      assertEquals(server.files.size + client.files.size, 0);
      const [canceler, other] = by === "server"
        ? [server, client]
        : [client, server];
      assertEquals(canceler.of("failed"), []);
      const reasons = other.of("failed").map(({ reason }) => reason);
      const isOver = other.of("sent").length + other.of("received").length > 0;
      assertEquals(reasons, isOver ? [] : ["canceled"], `${by} ${frames}`);
    }
  }
});

Deno.test("FileTransfers.cancel() refuses what was offered or asked for", () => {
  const pair = new MemoryLinkPair();
  const [a, b] = [new End(pair.a), new End(pair.b)];
  a.files.offer("x", content(10));
  a.files.request("y");
  run(pair, [a, b], () => b.events.length === 2);
  for (const event of b.events) b.files.cancel(event.transfer);
  run(pair, [a, b], () => a.files.size === 0);
  assertEquals(a.of("failed").map(({ name, reason }) => [name, reason]), [
    ["x", "refused"],
    ["y", "refused"],
  ]);
  assertEquals(b.of("failed"), []);
});

Deno.test("FileTransfers ends what was canceled before it had begun at the other end", () => {
  const held: Uint8Array[] = [];
  const a = new FileTransfers({ send: (message) => held.push(message) > 0 });
  const pair = new MemoryLinkPair();
  const b = new End(pair.b);
  a.cancel(a.offer("x", content(10))!);
  a.cancel(a.request("y")!);
  for (const message of held.reverse()) b.files.receive(message);
  b.tick();
  b.files.accept(b.of("offered")[0]!.transfer);
  b.files.serve(b.of("requested")[0]!.transfer, content(10));
  held.length = 0;
  pair.tick(DT);
  pair.a.poll((message) => a.receive(message));
  for (const message of held) b.files.receive(message);
  b.tick();
  assertEquals(b.of("failed").map(({ reason }) => reason), [
    "canceled",
    "canceled",
  ]);
});

Deno.test("FileTransfers refuses what is too large, and more transfers than it may have", () => {
  const pair = new MemoryLinkPair();
  const a = new End(pair.a, { maxTransfers: 5 });
  const b = new End(pair.b, { maxTransfers: 3, maxBytes: 1_000 });
  a.files.offer("large", content(1_001));
  for (let i = 0; i < 4; i++) a.files.offer(`${i}`, content(1_000));
  assertEquals(a.files.offer("more", content(1)), undefined);
  run(pair, [a, b], () => b.events.length === 3 && a.of("failed").length === 2);
  assertEquals(a.of("failed").map(({ name, reason }) => [name, reason]), [
    ["large", "tooLarge"],
    ["3", "busy"],
  ]);
  // The size of what is asked for is known with the answer.
  b.files.request("large");
  run(pair, [a, b], () => a.of("requested").length === 1);
  a.files.serve(a.of("requested")[0]!.transfer, content(1_001));
  run(pair, [a, b], () => b.of("failed").length === 1);
  assertEquals(b.of("failed")[0]!.reason, "tooLarge");
});

Deno.test("FileTransfers fails what does not move, at both ends", () => {
  const pair = new MemoryLinkPair();
  const [a, b] = [
    new End(pair.a, { timeoutMs: 2_000 }),
    new End(pair.b, { timeoutMs: 5_000 }),
  ];
  a.files.offer("x", content(10));
  const frames = run(pair, [a, b], () => a.of("failed").length > 0);
  assert(Math.abs(frames - 120) <= 2, `${frames} frames`);
  assertEquals(a.of("failed")[0]!.reason, "stalled");
  run(pair, [a, b], () => b.of("failed").length > 0, 5);
  assertEquals(b.of("failed")[0]!.reason, "stalled");
});

Deno.test("FileTransfers waits while the link has no room, and forgets nothing", () => {
  let hasRoom = false;
  const sent: Uint8Array[] = [];
  const files = new FileTransfers({
    send: (message) => {
      if (hasRoom) sent.push(message.slice());
      return hasRoom;
    },
    maxTransfers: 100,
  });
  const ids = [...Array(70)].map((_, i) => files.offer(`${i}`, content(10)));
  assertEquals(ids.filter((id) => id === undefined).length, 6);
  for (let i = 0; i < 10; i++) files.tick(DT);
  hasRoom = true;
  files.tick(DT);
  assertEquals(sent.length, 64);
});

Deno.test("FileTransfers is bounded whatever comes: mutated messages", () => {
  const rounds = IS_SOAK ? 2_000 : 40;
  for (let seed = 1; seed <= rounds; seed++) {
    const random = new SeededRandom(seed);
    const pick = (max: number): number => random.nextU32() % max;
    const pair = new MemoryLinkPair({ latencyMs: 5, random });
    const options = { windowBytes: 8_800, maxBytes: 50_000, maxTransfers: 3 };
    const [a, b] = [new End(pair.a, options), new End(pair.b, options)];
    const mutate = (message: Uint8Array): Uint8Array | undefined => {
      const copy = message.slice();
      if (pick(4) === 0) {
        for (let n = pick(3); n >= 0; n--) {
          copy[pick(Math.min(copy.length, 40))] = pick(256);
        }
      }
      return pick(20) === 0 ? copy.subarray(0, pick(copy.length)) : copy;
    };
    for (const [end, other] of [[a, b], [b, a]] as const) {
      end.tamper = (message) => {
        const mutant = mutate(message)!;
        end.files.receive(mutant);
        // Twice: what is sent once may be sent again.
        if (pick(10) === 0) end.files.receive(mutant);
        return undefined;
      };
      other.files.offer("f", content(pick(20_000)));
      other.files.request("g");
    }
    for (let frame = 0; frame < 200; frame++) {
      pair.tick(DT);
      for (const end of [a, b]) {
        end.tick();
        for (const event of end.events.splice(0)) {
          if (event.type === "offered") end.files.accept(event.transfer);
          if (event.type === "requested") {
            end.files.serve(event.transfer, content(pick(9_000)));
          }
          if (event.type === "received") {
            assert(event.bytes!.length <= 50_000, `seed ${seed}`);
          }
        }
        assert(end.files.size <= 6, `seed ${seed}`);
      }
    }
  }
});

Deno.test("FileTransfers ends a transfer whose sender goes beyond its leave, or cuts otherwise", () => {
  // Chunks: [offset, length] of a file of 10,000 bytes, in pieces of 1,100.
  const wrong: [offset: number, length: number][] = [
    [4_400, 1_100], // beyond the window
    [1, 1_100], // not where one begins
    [1_100, 1_000], // too short
    [0, 64], // too short, and the first
  ];
  for (const [offset, length] of wrong) {
    const sent: Uint8Array[] = [];
    const client = new FileTransfers({
      send: (message) => sent.push(message.slice()) > 0,
      windowBytes: 4_400,
    });
    const pair = new MemoryLinkPair();
    const server = new End(pair.a);
    server.files.offer("file", content(10_000));
    pair.tick(DT);
    pair.b.poll((message) => client.receive(message));
    const [offered] = client.drainEvents();
    client.accept(offered!.transfer);
    client.receive(chunk(offered!.transfer, offset, length));
    const [failed] = client.drainEvents();
    assertEquals(
      failed?.type === "failed" && failed.reason,
      "misbehaved",
      `${offset}, ${length}`,
    );
    assertEquals(client.size, 0);
  }
});

/** A message with bytes of a transfer that the receiver numbers so. */
function chunk(
  transfer: FileTransferId,
  offset: number,
  length: number,
): Uint8Array {
  const body = new ByteWriter({ maxBytes: 2_000 });
  body.varint(offset);
  body.raw(new Uint8Array(length));
  return new PacketEncoder().encode(
    new Packet({
      kind: PacketKind.FileChunk,
      sequence: transfer ^ 1,
      payload: body.view(),
    }),
  );
}

Deno.test("FileTransfers.receive() leaves what is somebody else's", () => {
  const files = new FileTransfers({ send: () => true });
  const encoder = new PacketEncoder();
  for (
    const message of [
      new Uint8Array(0),
      content(50),
      encoder.encode(Packet.heartbeat(1)),
    ]
  ) assertEquals(files.receive(message), false);
  const empty = new Packet({ kind: PacketKind.FileRequest, sequence: 2 });
  assertEquals(files.receive(encoder.encode(empty)), true);
  assertEquals(files.malformed, 1);
  // A transfer that is over, or never was: dropped.
  assertEquals(files.receive(chunk(6 as FileTransferId, 0, 100)), true);
  assertEquals([files.malformed, files.size], [1, 0]);
});

Deno.test("FileTransfers lets no transfer wait for another to end", () => {
  const pair = new MemoryLinkPair({ latencyMs: 10 });
  const server = new End(pair.a, { maxBytesPerTick: 4_400 });
  const client = new End(pair.b);
  server.files.offer("large", content(1_000_000));
  server.files.offer("small", content(10_000));
  const frames = run(pair, [server, client], () => {
    for (const { transfer } of client.of("offered")) {
      client.files.accept(transfer);
    }
    return client.of("received").length > 0;
  });
  assertEquals(client.of("received")[0]?.name, "small");
  assert(frames < 30, `${frames} frames`);
});

Deno.test("FileTransfers refuses wrong arguments", () => {
  const send = (): boolean => true;
  for (
    const options of [
      { windowBytes: 4_399 },
      { chunkBytes: 63 },
      { chunkBytes: 1_101 },
      { maxBytes: -1 },
      { maxTransfers: 0 },
      { maxBytesPerTick: 1_099 },
      { timeoutMs: 0 },
    ]
  ) {
    assertThrows(
      () => new FileTransfers({ send, ...options }),
      RangeError,
      Object.keys(options)[0],
    );
  }
  const files = new FileTransfers({ send });
  const bytes = new Uint8Array(1);
  assertThrows(() => files.offer("", bytes), RangeError, "name");
  assertThrows(() => files.request("x".repeat(256)), RangeError, "name");
  assertThrows(
    () => files.offer("x", bytes, { version: "x".repeat(65) }),
    RangeError,
    "version",
  );
  assertThrows(
    () => files.request("x", { sink() {}, have: bytes }),
    TypeError,
    "both",
  );
  assertThrows(() => files.request("x", { offset: 0.5 }), RangeError, "offset");
  assertThrows(() => files.tick(-1), RangeError, "dt");
  assertEquals(files.size, 0);
});

Deno.test("FileTransfers lets a sink end its transfer, or all, at any piece", () => {
  for (const isAll of [false, true]) {
    for (let endAt = 1; endAt <= 5; endAt++) {
      const pair = new MemoryLinkPair();
      const [a, b] = [new End(pair.a), new End(pair.b, { maxTransfers: 2 })];
      let pieces = 0;
      const id: FileTransferId = b.files.request("a", {
        sink() {
          if (++pieces < endAt) return;
          if (isAll) b.files.close();
          else b.files.cancel(id);
        },
      })!;
      run(pair, [a, b], () => a.of("requested").length > 0);
      // The end overtakes the pieces, and all of them the first one.
      const held: Uint8Array[] = [];
      b.tamper = (message) => {
        held.push(message.slice());
        return undefined;
      };
      a.files.serve(a.of("requested")[0]!.transfer, content(5_000));
      for (let frame = 0; frame < 10; frame++) run(pair, [a, b], once());
      assertEquals(held.length, 7);
      const answer = held.shift()!;
      b.files.receive(answer);
      for (const message of held.reverse()) b.files.receive(message);
      b.events.push(...b.files.drainEvents());
      const text = `${isAll ? "close" : "cancel"} at ${endAt}`;
      assertEquals(pieces, endAt, text);
      assertEquals(b.of("received"), [], text);
      assertEquals(b.of("failed").length, isAll ? 1 : 0, text);
      assertEquals(b.files.size, 0, text);
      let begun = 0;
      while (b.files.request("b") !== undefined) begun++;
      assertEquals(begun, isAll ? 0 : 2, text);
    }
  }
});

/** True from the second time on. */
function once(): () => boolean {
  let count = 0;
  return () => count++ > 0;
}
