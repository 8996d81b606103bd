import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import {
  type DatagramSocket,
  type NetworkConditions,
  SendResult,
  SimulatedNetwork,
} from "../mod.ts";

interface Pair {
  readonly network: SimulatedNetwork;
  readonly server: DatagramSocket;
  readonly client: DatagramSocket;
}

function makePair(conditions: NetworkConditions = {}, seed = 1): Pair {
  const network = new SimulatedNetwork({ seed, conditions });
  const server = network.socket("10.0.0.1", 9000);
  const client = network.socket("10.0.0.2", 5000);
  return { network, server, client };
}

/** Polls a socket and copies what has come in. */
function received(socket: DatagramSocket): string[] {
  const lines: string[] = [];
  socket.poll((bytes, from) => lines.push(`${from}: ${bytes}`));
  return lines;
}

function numbered(number: number, length = 4): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** Sends numbered datagrams, one each `everyMs`, and tells the numbers in the order of arrival. */
function numbersThrough(
  conditions: NetworkConditions,
  count: number,
  everyMs: number,
  seed = 1,
): { readonly numbers: number[]; readonly times: number[]; pair: Pair } {
  const pair = makePair(conditions, seed);
  const { network, server, client } = pair;
  const to = client.address("10.0.0.1", 9000);
  const numbers: number[] = [];
  const times: number[] = [];
  function drain(untilMs: number): void {
    while (network.nextEventMs <= untilMs) {
      network.advanceTo(network.nextEventMs);
      server.poll((bytes) => {
        numbers.push(
          new DataView(bytes.buffer, bytes.byteOffset).getUint32(0),
        );
        times.push(network.clock.nowMs());
      });
    }
  }
  for (let i = 0; i < count; i++) {
    drain(i * everyMs);
    network.advanceTo(i * everyMs);
    client.send(numbered(i), to);
  }
  drain(Number.MAX_VALUE);
  return { numbers, times, pair };
}

function isSorted(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || numbers[i - 1]! <= number);
}

Deno.test("SimulatedNetwork carries datagrams both ways after the latency", () => {
  const { network, server, client } = makePair({ latencyMs: 25 });
  client.send(new Uint8Array([1, 2]), client.address("10.0.0.1", 9000));
  network.advance(24.9);
  assertEquals(received(server), []);
  network.advance(0.1);
  assertEquals(received(server), ["10.0.0.2:5000: 1,2"]);
  server.send(new Uint8Array(0), server.address("10.0.0.2", 5000));
  network.tick(0.025);
  assertEquals(received(client), ["10.0.0.1:9000: "]);
  assertEquals(client.counters.sentBytes, 2);
  assertEquals(server.counters.receivedBytes, 2);
  assertEquals(client.counters.received, 1);
});

Deno.test("SimulatedNetwork goes by a clock that it was given", () => {
  const clock = new ManualClock();
  const network = new SimulatedNetwork({
    clock,
    conditions: { latencyMs: 10 },
  });
  const one = network.socket("::1", 1);
  const two = network.socket("::1", 2);
  one.send(new Uint8Array([7]), one.address("::1", 2));
  clock.advance(10);
  assertEquals(received(two), ["[::1]:1: 7"]);
  const other = new SimulatedNetwork({
    clock: { nowMs: () => 0, epochMs: () => 0 },
  });
  assertThrows(() => other.advance(1), TypeError, "ManualClock");
});

Deno.test("SimulatedNetwork tells where something has come in", () => {
  const { network, server, client } = makePair();
  assertEquals(network.nextReadable(), undefined);
  client.send(new Uint8Array(1), client.address("10.0.0.1", 9000));
  client.send(new Uint8Array(1), client.address("10.0.0.1", 9000));
  assertEquals(network.nextReadable(), server);
  assertEquals(network.nextReadable(), undefined);
  assertEquals(server.poll(() => {}, 1), 1);
  assertEquals(network.nextReadable(), server, "one is left");
  assertEquals(server.poll(() => {}), 1);
  assertEquals(network.nextReadable(), undefined);
});

Deno.test("SimulatedNetwork loses the share that it is told to", () => {
  const { numbers, pair } = numbersThrough({ loss: 0.2 }, 20_000, 1);
  const { lost, sent, carried } = pair.network.counters;
  assertEquals(sent, 20_000);
  assertEquals(carried, numbers.length);
  assertEquals(lost, 20_000 - numbers.length);
  assert(Math.abs(lost / sent - 0.2) < 0.01, `${lost}`);
});

Deno.test("SimulatedNetwork loses bursts of exactly n in the share that it is told to", () => {
  const { numbers, pair } = numbersThrough(
    { burstLoss: { share: 0.03, length: 4 } },
    50_000,
    1,
  );
  const { lostInBurst } = pair.network.counters;
  assert(Math.abs(lostInBurst / 50_000 - 0.03) < 0.005, `${lostInBurst}`);
  const gaps = numbers.map((number, i) => number - (numbers[i - 1] ?? -1) - 1);
  // Two bursts may follow one another without a datagram between them.
  assert(gaps.every((gap) => gap % 4 === 0));
  assert(gaps.filter((gap) => gap === 4).length > 200);
});

Deno.test("SimulatedNetwork loses by the model of Gilbert and Elliott", () => {
  const { pair } = numbersThrough(
    { gilbertElliott: { enterBad: 0.01, leaveBad: 0.25, lossInBad: 0.8 } },
    50_000,
    1,
  );
  const share = pair.network.counters.lostInBadState / 50_000;
  assert(Math.abs(share - 0.8 * 0.01 / 0.26) < 0.006, `${share}`);
});

Deno.test("SimulatedNetwork reorders by jitter, or keeps the order", () => {
  for (const jitterShape of ["uniform", "gamma"] as const) {
    const jitter = { latencyMs: 10, jitterMs: 20, jitterShape };
    const loose = numbersThrough(jitter, 2_000, 1);
    assert(!isSorted(loose.numbers));
    const strict = numbersThrough(
      { ...jitter, jitterReorders: false },
      2_000,
      1,
    );
    assert(isSorted(strict.numbers));
    assertEquals(strict.numbers.length, 2_000);
    assert(loose.times.every((timeMs) => timeMs >= 10));
    const delays = loose.numbers.map((number, i) => loose.times[i]! - number);
    const mean = delays.reduce((sum, delay) => sum + delay) / delays.length;
    const wanted = jitterShape === "uniform" ? 20 : 30;
    assert(Math.abs(mean - wanted) < 1, `${jitterShape} ${mean}`);
    const most = Math.max(...delays);
    assert(jitterShape === "uniform" ? most < 30 : most > 60, `${most}`);
  }
});

Deno.test("SimulatedNetwork holds back and doubles", () => {
  const { numbers, pair } = numbersThrough(
    { reordering: 0.1, reorderingMs: 5.5, duplication: 0.1 },
    10_000,
    1,
  );
  const { heldBack, duplicated } = pair.network.counters;
  assert(Math.abs(heldBack - 1_100) < 150, `${heldBack}`);
  assert(Math.abs(duplicated - 1_000) < 150, `${duplicated}`);
  assertEquals(numbers.length, 10_000 + duplicated);
  assertEquals(new Set(numbers).size, 10_000);
  assert(!isSorted(numbers));
});

Deno.test("SimulatedNetwork damages copies, never what was sent", () => {
  const { network, server, client } = makePair({
    corruption: 0.5,
    truncation: 0.25,
  });
  const to = client.address("10.0.0.1", 9000);
  const sent = new Uint8Array(50).fill(0xaa);
  let flipped = 0;
  let cut = 0;
  for (let i = 0; i < 2_000; i++) {
    client.send(sent, to);
    server.poll((bytes) => {
      if (bytes.length < 50) cut += 1;
      let bits = 0;
      for (const byte of bytes) {
        for (let rest = byte ^ 0xaa; rest > 0; rest &= rest - 1) bits += 1;
      }
      assert(bits <= 8);
      if (bits > 0) flipped += 1;
    });
  }
  assert(sent.every((byte) => byte === 0xaa));
  const { corrupted, truncated } = network.counters;
  assertEquals(cut, truncated);
  assert(truncated > 400 && truncated < 600, `${truncated}`);
  // A bit may be flipped twice, and nothing is left of some.
  assert(flipped <= corrupted && flipped > corrupted * 0.9, `${flipped}`);
  assert(corrupted > 900 && corrupted < 1_100, `${corrupted}`);
});

Deno.test("SimulatedNetwork delays by a queue in bytes and drops what does not fit", () => {
  const { network, server, client } = makePair({
    bytesPerSecond: 100_000,
    queueBytes: 5_000,
    latencyMs: 5,
  });
  const to = client.address("10.0.0.1", 9000);
  for (let i = 0; i < 8; i++) client.send(numbered(i, 1_000), to);
  const times: number[] = [];
  while (network.nextEventMs < Infinity) {
    network.advanceTo(network.nextEventMs);
    server.poll(() => times.push(network.clock.nowMs()));
  }
  assertEquals(times, [15, 25, 35, 45, 55]);
  assertEquals(network.countersOf(client, server).queueFull, 3);
  // Half of the rate while two of them wait.
  client.send(numbered(0, 1_000), to);
  network.setConditions({ bytesPerSecond: 50_000, queueBytes: 5_000 });
  client.send(numbered(0, 1_000), to);
  network.advance(40);
  assertEquals(server.poll(() => {}), 2);
  assertEquals(network.nextEventMs, Infinity);
});

Deno.test("SimulatedNetwork swallows what is larger than the MTU, and all in a blackout", () => {
  const { network, server, client } = makePair({ mtuBytes: 1_300 });
  const to = client.address("10.0.0.1", 9000);
  client.send(new Uint8Array(1_300), to);
  client.send(new Uint8Array(1_301), to);
  assertEquals(server.poll(() => {}), 1);
  network.setConditions({ isBlackout: true }, client, server);
  assertEquals(client.send(new Uint8Array(1), to), SendResult.Sent);
  server.send(new Uint8Array(1), server.address("10.0.0.2", 5000));
  assertEquals(server.poll(() => {}), 0);
  assertEquals(client.poll(() => {}), 1, "the other direction goes on");
  // The default does not change a direction with conditions of its own.
  network.setConditions({});
  client.send(new Uint8Array(1), to);
  assertEquals(server.poll(() => {}), 0);
  network.setConditions({}, client, server);
  client.send(new Uint8Array(1), to);
  assertEquals(server.poll(() => {}), 1);
  const { tooLarge, blackout, sent, carried } = network.counters;
  assertEquals([tooLarge, blackout, sent, carried], [1, 2, 6, 3]);
});

Deno.test("SimulatedNetwork.rebind() changes what others see, and ends the old mapping", () => {
  const { network, server, client } = makePair({ latencyMs: 10 });
  const toServer = client.address("10.0.0.1", 9000);
  const toOld = server.address("10.0.0.2", 5000);
  client.send(new Uint8Array([1]), toServer);
  server.send(new Uint8Array([2]), toOld);
  const seen = network.rebind(client, 0, "192.0.2.1");
  client.send(new Uint8Array([3]), toServer);
  network.advance(10);
  assertEquals(received(server), [
    "10.0.0.2:5000: 1",
    `192.0.2.1:${seen.port}: 3`,
  ]);
  assertEquals(client.poll(() => {}), 0, "on its way to the old mapping");
  server.send(new Uint8Array([4]), toOld);
  server.send(new Uint8Array([5]), server.address("192.0.2.1", seen.port));
  network.advance(10);
  assertEquals(received(client), ["10.0.0.1:9000: 5"]);
  assertEquals(network.counters.unreachable, 2);
  assertEquals(`${client.localAddress}`, "10.0.0.2:5000");
  assertEquals(network.countersOf(client, server).sent, 2);
});

Deno.test("SimulatedNetwork tells nobody that a port is closed, and lets it be opened again", () => {
  const { network, server, client } = makePair();
  const to = client.address("10.0.0.1", 9000);
  network.setConditions({ latencyMs: 3 }, client, server);
  client.send(new Uint8Array(1), to);
  server.close();
  server.close();
  assertEquals(server.send(new Uint8Array(1), to), SendResult.Closed);
  network.advance(3);
  assertEquals(client.send(new Uint8Array(1), to), SendResult.Sent);
  assertEquals(client.poll(() => {}), 0);
  assertEquals(network.counters.unreachable, 2);
  const again = network.socket("10.0.0.1", 9000);
  client.send(new Uint8Array([9]), to);
  assertEquals(received(again), [], "it keeps its latency");
  network.advance(3);
  assertEquals(received(again), ["10.0.0.2:5000: 9"]);
});

Deno.test("SimulatedNetwork answers that there is no room, too much, or another's address", () => {
  const { network, server, client } = makePair();
  const to = client.address("10.0.0.1", 9000);
  network.setFull(client, true);
  assertEquals(client.send(new Uint8Array(1), to), SendResult.Full);
  network.setFull(client, false);
  assertEquals(client.send(new Uint8Array(65_508), to), SendResult.TooLarge);
  assertEquals(client.send(new Uint8Array(65_507), to), SendResult.Sent);
  assertEquals(server.send(new Uint8Array(1), to), SendResult.Refused);
  assertEquals(client.counters.full, 1);
  assertEquals(client.counters.failed, 1);
  assertEquals(server.counters.failed, 1);
});

Deno.test("SimulatedNetwork bounds what waits and what is on its way", () => {
  const network = new SimulatedNetwork({
    receiveBufferBytes: 1_000,
    maxInFlight: 20,
  });
  const server = network.socket("10.0.0.1", 9000);
  const client = network.socket("10.0.0.2");
  const to = client.address("10.0.0.1", 9000);
  for (let i = 0; i < 25; i++) client.send(new Uint8Array(36), to);
  assertEquals(server.poll(() => {}), 10);
  assertEquals(server.counters.dropped, 10);
  const { crowded, receiveFull, inFlight } = network.counters;
  assertEquals([crowded, receiveFull, inFlight], [5, 10, 0]);
});

Deno.test("SimulatedNetwork.inject() spoofs without filling a table", () => {
  const { network, server } = makePair();
  const kept = server.address("203.0.113.1", 1);
  kept.retain();
  for (let i = 0; i < 5_000; i++) {
    network.inject(
      new Uint8Array([i]),
      server.address(`198.51.${i >> 8}.${i & 255}`, 1 + i),
    );
    assertEquals(
      server.poll((_, from) => assertEquals(from.port, 1 + i)),
      1,
    );
  }
  assertEquals(server.address("203.0.113.1", 1), kept);
  kept.release();
  assertThrows(
    () =>
      network.inject(
        new Uint8Array(1),
        makePair().server.address("10.0.0.9", 1),
      ),
    TypeError,
  );
});

Deno.test("SimulatedNetwork interns addresses", () => {
  const { server, client } = makePair();
  client.send(new Uint8Array(1), client.address("10.0.0.1", 9000));
  const known = server.address("10.0.0.2", 5000);
  server.poll((_, from) => assert(from === known));
  assert(server.address("::ffff:10.0.0.2", 5000) === known);
  assertEquals([...known.key.subarray(10)], [255, 255, 10, 0, 0, 2, 19, 136]);
  assertEquals(known.socket, server);
});

Deno.test("SimulatedNetwork overwrites what a sink was given", () => {
  const { server, client } = makePair();
  client.send(new Uint8Array([5]), client.address("10.0.0.1", 9000));
  const kept: Uint8Array[] = [];
  server.poll((bytes) => kept.push(bytes));
  assertEquals(kept, [new Uint8Array(1)]);
});

Deno.test("SimulatedNetwork lets a sink send, and poll takes what had come in before it", () => {
  const network = new SimulatedNetwork();
  const one = network.socket("10.0.0.1", 1);
  const itself = one.address("10.0.0.1", 1);
  one.send(new Uint8Array([1]), itself);
  for (let i = 1; i < 20; i++) {
    assertEquals(
      one.poll((bytes) => {
        assertEquals(bytes[0], i);
        one.send(new Uint8Array([i + 1]), itself);
        one.send(new Uint8Array([i + 1]), itself);
      }, 1),
      1,
    );
    one.poll(() => {});
    one.send(new Uint8Array([i + 1]), itself);
  }
  one.poll(() => one.close());
  assert(one.isClosed);
});

Deno.test("SimulatedNetwork gives the same bytes at the same times for the same seed", () => {
  const conditions: NetworkConditions = {
    latencyMs: 20,
    jitterMs: 15,
    jitterShape: "gamma",
    loss: 0.1,
    burstLoss: { share: 0.05, length: 3 },
    gilbertElliott: { enterBad: 0.02, leaveBad: 0.3 },
    duplication: 0.1,
    reordering: 0.1,
    bytesPerSecond: 20_000,
  };
  const one = numbersThrough(conditions, 3_000, 0.5, 11);
  const two = numbersThrough(conditions, 3_000, 0.5, 11);
  const other = numbersThrough(conditions, 3_000, 0.5, 12);
  assertEquals(one.numbers, two.numbers);
  assertEquals(one.times, two.times);
  assertEquals(one.pair.network.counters, two.pair.network.counters);
  assert(`${one.numbers}` !== `${other.numbers}`);
});

Deno.test("SimulatedNetwork counts every datagram exactly once", () => {
  const { pair } = numbersThrough(
    {
      loss: 0.1,
      burstLoss: { share: 0.1, length: 5 },
      gilbertElliott: { enterBad: 0.1, leaveBad: 0.1, lossInGood: 0.01 },
      bytesPerSecond: 3_000,
      queueBytes: 10,
      mtuBytes: 4,
    },
    10_000,
    1,
  );
  const c = pair.network.counters;
  const fates = c.carried + c.blackout + c.tooLarge + c.queueFull + c.lost +
    c.lostInBurst + c.lostInBadState;
  assertEquals(fates, c.sent);
  assert(c.queueFull > 0 && c.lost > 0 && c.lostInBurst > 0);
  assert(c.lostInBadState > 0);
});

Deno.test("SimulatedNetwork refuses what is out of its range", () => {
  const wrong: NetworkConditions[] = [
    { loss: 1.1 },
    { loss: NaN },
    { duplication: -1 },
    { latencyMs: -1 },
    { latencyMs: Infinity },
    { jitterMs: NaN },
    { bytesPerSecond: 0 },
    { queueBytes: 0 },
    { mtuBytes: 0 },
    { burstLoss: { share: 1, length: 2 } },
    { burstLoss: { share: 0.1, length: 0 } },
    { gilbertElliott: { enterBad: 2, leaveBad: 0 } },
  ];
  for (const conditions of wrong) {
    assertThrows(() => new SimulatedNetwork({ conditions }), RangeError);
    const { network, server, client } = makePair();
    assertThrows(() => network.setConditions(conditions), RangeError);
    assertThrows(
      () => network.setConditions(conditions, client, server),
      RangeError,
    );
  }
  const { network, server } = makePair();
  assertThrows(
    () => network.setConditions({}, server),
    TypeError,
    "one of this network",
  );
  assertThrows(() => network.socket("10.0.0.1", 9000), RangeError, "free");
  assertThrows(() => network.socket("localhost", 1), TypeError, "IP address");
  assertThrows(() => network.socket("10.0.0.1", 65_536), RangeError);
  assertThrows(() => server.address("10.0.0.1", 0), RangeError);
  for (
    const host of ["1.2.3", "1.2.3.256", "1::2::3", "1:2:3", "12345::", ""]
  ) {
    assertThrows(() => server.address(host, 1), TypeError);
  }
});
