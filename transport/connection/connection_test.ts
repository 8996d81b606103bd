// This module is browser compatible.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  Channel,
  type ChannelConfig,
  Connection,
  type ConnectionOptions,
  ConnectionState,
  KEEPALIVE_MS,
  NoRedundancy,
  PEER_TIMEOUT_MS,
} from "../mod.ts";
import { LossyPair } from "./_testing/lossy_pair.ts";

const MESSAGE = new Uint8Array([1, 2, 3]);

/** A pair whose RTT is known and where nothing waits. */
function settledPair(
  delayMs = 20,
  seed = 1,
  options: ConnectionOptions = {},
): LossyPair {
  const pair = new LossyPair(seed, { delayMs }, options);
  for (let i = 0; i < 40; i++) {
    pair.ends[0].send(Channel.ReliableOrdered, MESSAGE);
    pair.ends[1].send(Channel.ReliableOrdered, MESSAGE);
    pair.run(pair.nowMs + 16);
  }
  pair.run(pair.nowMs + 200);
  return pair;
}

/** Messages each 50 ms both ways; acknowledgements that ride wait for 17 ms here and for 33 ms there. */
function playSteadily(pair: LossyPair, messages: number): void {
  for (let i = 0; i < messages; i++) {
    pair.ends[0].send(Channel.ReliableOrdered, MESSAGE);
    pair.flush(0);
    pair.run(pair.nowMs + 17);
    pair.ends[1].send(Channel.ReliableOrdered, MESSAGE);
    pair.flush(1);
    pair.run(pair.nowMs + 33);
  }
}

function isZero(byte: number): boolean {
  return byte === 0;
}

/** When end 0 hands a packet over to the wire, from now on. */
function recordSends(pair: LossyPair, end: number): number[] {
  const times: number[] = [];
  pair.tap = (_packet, from) => {
    if (from === end) times.push(pair.nowMs);
    return true;
  };
  return times;
}

Deno.test("Connection refuses options outside their limits", () => {
  for (
    const options of [
      { overheadBytes: 65 },
      { maxPayloadBytes: 1199 },
      { maxPayloadBytes: 1401 },
      { maxPayloadBytes: 1375, overheadBytes: 26 },
      { keepaliveMs: 0 },
      { peerTimeoutMs: Infinity },
      { firstPacketNumber: -1 },
    ]
  ) {
    assertThrows(() => new Connection(options), RangeError);
  }
  const connection = new Connection();
  assertThrows(() => connection.send(4, MESSAGE), RangeError, "0 to 3");
  assertThrows(() => connection.close(-1), RangeError);
});

Deno.test("Connection measures the RTT of its path", () => {
  const pair = settledPair(25);
  const { rttMs, minRttMs, jitterMs } = pair.ends[0].stats;
  assertAlmostEquals(rttMs, 50, 1);
  assertEquals(minRttMs, 50);
  assert(jitterMs < 2);
  assertEquals(pair.ends[0].rttMs, rttMs);
});

Deno.test("Connection acknowledges after 10 ms, two full packets at once, and with what it sends", () => {
  const pair = settledPair(5);
  const answers = recordSends(pair, 1);
  const [a, b] = pair.ends;
  let startMs = pair.nowMs;
  a.send(Channel.Reliable, MESSAGE);
  pair.run(startMs + 100);
  assertEquals(answers.splice(0), [startMs + 15]);

  startMs = pair.nowMs;
  a.send(Channel.Reliable, MESSAGE);
  pair.run(startMs + 8);
  b.send(Channel.Reliable, MESSAGE);
  pair.run(startMs + 100);
  assertEquals(answers.splice(0), [startMs + 8]);

  startMs = pair.nowMs;
  a.send(Channel.Reliable, new Uint8Array(1000));
  pair.run(startMs + 2);
  a.send(Channel.Reliable, new Uint8Array(1000));
  pair.run(startMs + 100);
  assertEquals(answers.splice(0), [startMs + 7]);
});

Deno.test("Connection tells of a gap after a sixteenth of the RTT", () => {
  const pair = settledPair(40);
  const startMs = pair.nowMs;
  const answers: number[] = [];
  let count = 0;
  pair.tap = (_packet, from) => {
    if (from === 1) answers.push(pair.nowMs - startMs);
    return from === 1 || count++ !== 0;
  };
  for (let i = 0; i < 2; i++) {
    pair.ends[0].send(Channel.Reliable, MESSAGE);
    pair.flush(0);
  }
  pair.run(startMs + 60);
  assertEquals(answers.length, 1);
  assertAlmostEquals(answers[0]!, 45, 0.1);
});

Deno.test("Connection sends a lost message again as soon as three later packets arrived", () => {
  const pair = settledPair(50);
  const startMs = pair.nowMs;
  let count = 0;
  pair.tap = (_packet, from) => from === 1 || count++ !== 0;
  const arrived: number[] = [];
  for (let i = 0; i < 8; i++) {
    pair.ends[0].send(Channel.Reliable, new Uint8Array([i]));
    pair.run(startMs + 5 * (i + 1), (_end, bytes) => arrived.push(bytes[0]!));
  }
  pair.run(startMs + 500, (end, bytes) => {
    if (end === 1 && bytes[0] === 0) {
      // There and back of the third after it, and there once more; the gap is told 100 / 16 ms late.
      assert(pair.nowMs <= startMs + 15 + 150 + 7, `${pair.nowMs - startMs}`);
    }
    arrived.push(bytes[0]!);
  });
  assertEquals(arrived.sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
  const { retransmits, packetsLost, spuriousLosses } = pair.ends[0].stats;
  assertEquals([retransmits, packetsLost, spuriousLosses], [1, 1, 0]);
});

Deno.test("Connection finds a loss by time where few packets follow", () => {
  const pair = settledPair(50);
  const startMs = pair.nowMs;
  let count = 0;
  pair.tap = (_packet, from) => from === 1 || count++ !== 0;
  pair.ends[0].send(Channel.Reliable, new Uint8Array([7]));
  pair.run(startMs + 5);
  pair.ends[0].send(Channel.Reliable, new Uint8Array([8]));
  let arrivedMs = 0;
  pair.run(startMs + 500, (_end, bytes) => {
    if (bytes[0] === 7) arrivedMs = pair.nowMs;
  });
  // 9/8 of an RTT of 100 ms, and there.
  assert(arrivedMs > startMs + 150 && arrivedMs < startMs + 175);
  assertEquals(pair.ends[0].stats.probesSent, 0);
});

Deno.test("Connection probes for the last packet, and again twice as late", () => {
  const pair = settledPair(50);
  const startMs = pair.nowMs;
  const sends: number[] = [];
  pair.tap = (packet, from) => {
    // Not its answer to what the other end asks.
    if (from === 0 && packet.length > 40) sends.push(pair.nowMs - startMs);
    return from === 1 || sends.length > 3;
  };
  pair.ends[0].send(Channel.Reliable, new Uint8Array(50));
  let arrivedMs = 0;
  pair.run(startMs + 2000, () => arrivedMs = pair.nowMs - startMs);
  const [first, second, third, fourth] = sends as [
    number,
    number,
    number,
    number,
  ];
  assertEquals(first, 0);
  // The RTT, four times its variation, the peer's 10 ms.
  assert(second >= 110 && second < 150, `${second}`);
  assertAlmostEquals(third - second, 2 * (second - first), 1);
  assertAlmostEquals(fourth - third, 4 * (second - first), 1);
  assertEquals(arrivedMs, fourth + 50);
  assertEquals(pair.ends[0].stats.probesSent, 3);
});

Deno.test("Connection acknowledges with its messages where both ends send steadily", () => {
  for (const delayMs of [0, 1, 20, 45]) {
    const pair = new LossyPair(delayMs, { delayMs });
    const [a] = pair.ends;
    playSteadily(pair, 100);
    pair.packets = 0;
    const { probesSent } = a.stats;
    playSteadily(pair, 2000);
    const packets = `${pair.packets} packets with a delay of ${delayMs} ms`;
    assert(pair.packets >= 4000 && pair.packets < 4000 * 1.02, packets);
    const probes = a.stats.probesSent - probesSent;
    assert(probes < 20, `${probes} probes with a delay of ${delayMs} ms`);
    assertEquals(a.stats.packetsLost, 0);
  }
});

Deno.test("Connection acknowledges soon where packets are lost, however steady its messages", () => {
  const pair = new LossyPair(7, { delayMs: 5, loss: 0.1 });
  const [a, b] = pair.ends;
  let soon = 0;
  for (let i = 0; i < 1000; i++) {
    b.send(Channel.ReliableOrdered, MESSAGE);
    pair.flush(1);
    pair.run(pair.nowMs + 5);
    const before = a.stats.packetsAcked;
    a.send(Channel.ReliableOrdered, MESSAGE);
    pair.flush(0);
    pair.run(pair.nowMs + 21);
    if (a.stats.packetsAcked > before) soon++;
    pair.run(pair.nowMs + 24);
  }
  // Both ways of a message and what tells of it must have come through.
  assert(soon > 700, `${soon} of 1000`);
});

Deno.test("Connection becomes patient with a path that reorders, and forgets that", () => {
  const pair = new LossyPair(3, { delayMs: 20, jitterMs: 40 });
  const [a] = pair.ends;
  function talk(ms: number): number {
    const before = a.stats.spuriousLosses;
    const untilMs = pair.nowMs + ms;
    while (pair.nowMs < untilMs) {
      a.send(Channel.Reliable, MESSAGE);
      pair.run(pair.nowMs + 2);
    }
    return a.stats.spuriousLosses - before;
  }
  const early = talk(1000);
  assert(a.stats.packetThreshold > 3);
  const late = talk(1000);
  assert(late < early / 2, `${early} then ${late}`);
  pair.wire = { delayMs: 20 };
  talk(20_000);
  assertEquals(a.stats.packetThreshold, 3);
  assertEquals(talk(1000), 0);
  assertEquals(a.stats.packetsLost, 0);
});

Deno.test("Connection keeps an idle peer alive with ever fewer packets", () => {
  const pair = new LossyPair(1, { delayMs: 20 });
  const [a, b] = pair.ends;
  pair.flush(0);
  pair.flush(1);
  pair.run(60_000);
  assertEquals([a.state, b.state], [1, 1].map(() => ConnectionState.Connected));
  const early = pair.packets;
  const flushes = pair.flushes;
  pair.run(3_660_000);
  // One PING and one answer each two seconds.
  assert(pair.packets - early <= 3700, `${pair.packets - early}`);
  assert(pair.packets - early >= 3500, `${pair.packets - early}`);
  assert(pair.flushes - flushes <= 3700, `${pair.flushes - flushes}`);
  // In use again, it is silent for less.
  a.send(Channel.Reliable, MESSAGE);
  pair.run(pair.nowMs + 100);
  const before = pair.packets;
  // The end that is asked waits for up to half as long again.
  pair.run(pair.nowMs + 1.5 * KEEPALIVE_MS);
  assert(pair.packets > before);
});

Deno.test("Connection lets go of what messages needed when it rests, and goes on", () => {
  const pair = new LossyPair(3, { delayMs: 20, loss: 0.05 });
  const idleBytes = pair.ends[0].capacityBytes;
  const sent = [0, 0];
  const came = [0, 0];
  for (const messages of [1, 20, 2000, 3]) {
    for (let i = 0; i < messages; i++) {
      for (let end = 0; end < 2; end++) {
        const connection = pair.ends[end]!;
        connection.send(Channel.Unreliable, MESSAGE);
        connection.send(Channel.Reliable, new Uint8Array(i % 3000));
        connection.send(Channel.ReliableOrdered, new Uint8Array(100));
        sent[end]! += 2;
        pair.flush(end);
      }
      if (i % 10 === 0) pair.run(pair.nowMs + 10, count);
    }
    assert(pair.ends[0].capacityBytes > idleBytes);
    pair.run(pair.nowMs + 30_000, count);
    for (const { capacityBytes } of pair.ends) {
      assertEquals(capacityBytes, idleBytes, `after ${messages} messages`);
    }
    assertEquals([came[1], came[0]], sent, `of ${messages} messages`);
  }

  function count(end: number, _bytes: Uint8Array, channel: number): void {
    if (channel !== Channel.Unreliable) came[end]! += 1;
  }
});

Deno.test("Connection times a dead peer out, and asks it often enough before", () => {
  const pair = settledPair(20);
  const [a] = pair.ends;
  const startMs = pair.nowMs;
  pair.tap = () => false;
  a.send(Channel.Reliable, MESSAGE);
  pair.run(startMs + PEER_TIMEOUT_MS - 300);
  assertEquals(a.state, ConnectionState.Connected);
  assert(a.stats.probesSent >= 10, `${a.stats.probesSent}`);
  pair.run(startMs + PEER_TIMEOUT_MS + 10);
  assertEquals(a.state, ConnectionState.TimedOut);
  assertEquals([...a.drainEvents()], [{
    type: "ended",
    state: ConnectionState.TimedOut,
    code: 2,
    reason: "no answer in time",
    isRemote: false,
  }]);
  assertEquals(a.send(Channel.Reliable, MESSAGE), false);
  pair.run(startMs + 2 * PEER_TIMEOUT_MS);
  assert(a.isOver && a.nextWakeMs === Infinity);
});

Deno.test("Connection times an idle dead peer out", () => {
  const pair = new LossyPair(1);
  pair.flush(0);
  pair.flush(1);
  pair.run(100_000);
  const startMs = pair.nowMs;
  pair.tap = () => false;
  pair.run(startMs + PEER_TIMEOUT_MS + 2100);
  for (const end of pair.ends) {
    assertEquals(end.state, ConnectionState.TimedOut);
  }
});

Deno.test("Connection asks a peer anew that is heard for the first time: before it may not have known of the connection", () => {
  const pair = new LossyPair(1);
  const [a, b] = pair.ends;
  const heardMs = 8_650;
  pair.tap = () => pair.nowMs >= heardMs;
  a.send(Channel.Reliable, MESSAGE);
  pair.flush(0);
  pair.run(heardMs);
  assert(a.stats.probesSent >= 10, `${a.stats.probesSent}`);
  b.send(Channel.Reliable, MESSAGE);
  pair.flush(1);
  let atMs = 0;
  pair.run(heardMs + 1_000, (end) => {
    if (end === 1) atMs = pair.nowMs;
  });
  assertEquals(atMs, heardMs + 20);
});

Deno.test("Connection gives a peer that is heard late its time to answer", () => {
  const connection = new Connection({ random: new SeededRandom(1) });
  connection.send(Channel.Reliable, MESSAGE);
  let nowMs = 0;
  for (let number = 0; nowMs < 30_000; nowMs += 10) {
    // A ping, which acknowledges nothing.
    if (nowMs >= 9_000) {
      connection.receive(
        new Uint8Array([0x01, number, number++ >>> 8, 0x01]),
        nowMs,
      );
    }
    connection.flush(nowMs, () => true);
    connection.poll(() => {});
    if (connection.state !== ConnectionState.Connected) break;
  }
  assertEquals(connection.state, ConnectionState.TimedOut);
  assert(nowMs >= 9_000 + PEER_TIMEOUT_MS && nowMs < 21_000, `${nowMs}`);
});

Deno.test("Connection does not blame its peer for its own sleep", () => {
  const pair = settledPair(20);
  const [a, b] = pair.ends;
  pair.run(pair.nowMs + 5000);
  // The process of both is stopped for a minute.
  pair.nowMs += 60_000;
  pair.run(pair.nowMs + 3000);
  assertEquals(a.state, ConnectionState.Connected);
  assertEquals(b.state, ConnectionState.Connected);
});

for (const peerTimeoutMs of [1_000, PEER_TIMEOUT_MS]) {
  Deno.test(`Connection does not blame its peer for its own sleep with messages under way, peerTimeoutMs ${peerTimeoutMs}`, () => {
    const pair = settledPair(20, 1, { peerTimeoutMs });
    const [a, b] = pair.ends;
    a.send(Channel.Reliable, MESSAGE);
    pair.flush(0);
    // This end is the first to be awake: nothing has come in yet.
    pair.nowMs += peerTimeoutMs + 10;
    pair.flush(0);
    let got = 0;
    pair.run(pair.nowMs + 3_000, () => got++);
    assertEquals(got, 1);
    assertEquals(a.state, ConnectionState.Connected);
    assertEquals(b.state, ConnectionState.Connected);
  });
}

Deno.test("Connection finds a dead peer though it is flushed seldom", () => {
  const pair = settledPair(20);
  const [a] = pair.ends;
  a.send(Channel.Reliable, MESSAGE);
  pair.tap = () => false;
  let flushes = 0;
  for (; a.state === ConnectionState.Connected && flushes < 100; flushes++) {
    pair.flush(0);
    a.poll(() => {});
    pair.nowMs += 6_000;
  }
  assertEquals(a.state, ConnectionState.TimedOut);
  assert(flushes <= 30, `${flushes} flushes`);
});

Deno.test("Connection.nextWakeMs waits for a full socket, whatever else is due", () => {
  const { ends: [a, b] } = new LossyPair(9);
  b.send(Channel.Reliable, new Uint8Array([1]));
  b.flush(0, (packet) => {
    a.receive(packet, 0);
    return true;
  });
  a.send(Channel.Reliable, new Uint8Array([2]));
  for (let nowMs = 0; nowMs < 1_000; nowMs++) {
    a.flush(nowMs, () => false);
    // An acknowledgement, a keepalive and more are due, and cannot leave.
    assertEquals(a.nextWakeMs, nowMs + 1);
  }
});

Deno.test("Connection loses nothing where the socket is full", () => {
  const random = new SeededRandom(5);
  const a = new Connection({ random });
  const b = new Connection({ random });
  const got: number[] = [];
  const unreliable: number[] = [];
  let nowMs = 0;
  for (let i = 0; i < 200; i++) {
    a.send(Channel.ReliableOrdered, new Uint8Array([i]));
    a.send(Channel.Unreliable, new Uint8Array([i]));
    do {
      nowMs++;
      a.flush(nowMs, (packet) => {
        if (random.nextFloat() < 0.7) return false;
        b.receive(packet, nowMs);
        return true;
      });
    } while (a.queuedBytes > 0);
    b.poll((bytes, channel) =>
      (channel === Channel.Unreliable ? unreliable : got).push(bytes[0]!)
    );
    b.flush(nowMs, (packet) => {
      a.receive(packet, nowMs);
      return true;
    });
  }
  for (let i = 0; i < 50; i++) {
    assert(a.nextWakeMs > nowMs);
    nowMs = Math.max(nowMs + 1, Math.min(a.nextWakeMs, nowMs + 10));
    a.flush(nowMs, (packet) => {
      b.receive(packet, nowMs);
      return true;
    });
  }
  b.poll((bytes, channel) =>
    (channel === Channel.Unreliable ? unreliable : got).push(bytes[0]!)
  );
  const all = Array.from({ length: 200 }, (_, i) => i);
  assertEquals(got, all);
  assertEquals(unreliable, all);
  assert(a.stats.socketFull > 100);
  assertEquals(a.stats.packetsLost, 0);
});

Deno.test("Connection finds the largest datagram of its path, and falls back", () => {
  const pair = settledPair(10);
  const [a] = pair.ends;
  function pump(ms: number): void {
    const untilMs = pair.nowMs + ms;
    while (pair.nowMs < untilMs) {
      while (a.queuedBytes < 20_000) {
        a.send(Channel.Reliable, new Uint8Array(330));
      }
      pair.run(pair.nowMs + 5);
    }
  }
  pump(1000);
  assertEquals(a.stats.pathMtuBytes, 1400);
  pair.wire = { delayMs: 10, maxBytes: 1250 };
  pump(2000);
  assert(a.stats.pathMtuBytes <= 1250);
  const before = a.stats.channels[0]!.delivered;
  pump(500);
  assert(a.stats.channels[0]!.delivered > before);
});

Deno.test("Connection probes up to what the link takes, and no further", () => {
  // Netcode's: 1,225 bytes of datagram at most, though the path takes 1,400.
  const options = { overheadBytes: 25, maxPayloadBytes: 1_200 };
  for (
    const { maxBytes, proven, probes } of [
      { maxBytes: 1_200, proven: 1_225, probes: 1 },
      { maxBytes: 1_199, proven: 1_212, probes: 4 },
      { maxBytes: 1_175, proven: 1_200, probes: 6 },
    ]
  ) {
    const pair = new LossyPair(1, { delayMs: 10, maxBytes }, options);
    const [a] = pair.ends;
    let largest = 0;
    let count = 0;
    let bytes = 0;
    pair.tap = (packet, from) => {
      if (from !== 0) return true;
      bytes += packet.length;
      if (packet.length > largest) largest = packet.length;
      if (packet.length > 1_000 && packet.slice(-900).every(isZero)) count++;
      return true;
    };
    // The search ends within the first seconds, and is not begun again for minutes.
    while (pair.nowMs < 5_000) {
      while (a.queuedBytes < 20_000) {
        a.send(Channel.Reliable, new Uint8Array(330).fill(1));
      }
      pair.run(pair.nowMs + 5);
    }
    const about = `${maxBytes}`;
    assertEquals(a.stats.pathMtuBytes, proven, about);
    assertEquals(largest, 1_200, about);
    assertEquals(count, probes, about);
    // What is counted is datagrams, with what the link adds.
    const { bytesSent, packetsSent } = a.stats;
    assertEquals(bytesSent, bytes + 25 * packetsSent, about);
  }
});

Deno.test("Connection asks at once whether a new path stands", () => {
  const pair = settledPair(20);
  const [a] = pair.ends;
  // The peer has moved: nothing arrives for a second.
  pair.tap = () => false;
  for (let i = 0; i < 60; i++) {
    a.send(Channel.ReliableOrdered, new Uint8Array([i]));
    pair.run(pair.nowMs + 16);
  }
  pair.tap = () => true;
  const got: number[] = [];
  const movedMs = pair.nowMs;
  for (const end of pair.ends) end.onPathChange(movedMs);
  pair.run(movedMs + 80, (end, bytes) => {
    if (end === 1) got.push(bytes[0]!);
  });
  assert(got.length > 0, "silence for more than two RTTs");
  pair.run(movedMs + 1000, (end, bytes) => {
    if (end === 1) got.push(bytes[0]!);
  });
  assertEquals(got, Array.from({ length: 60 }, (_, i) => i));
});

Deno.test("Connection does the same for the same calls, to the byte", () => {
  function run(): number {
    const pair = new LossyPair(9, { loss: 0.2, jitterMs: 15, duplicates: 0.1 });
    let hash = 0;
    pair.tap = (packet, from) => {
      for (const byte of packet) hash = (Math.imul(hash, 31) + byte + from) | 0;
      return true;
    };
    for (let i = 0; i < 300; i++) {
      pair.ends[i % 2]!.send(i % 4, new Uint8Array(i));
      pair.run(pair.nowMs + 3);
    }
    pair.run(pair.nowMs + 5000);
    return hash;
  }
  assertEquals(run(), run());
});

Deno.test("Connection.nextWakeMs is later than now after a flush", () => {
  for (let seed = 0; seed < 20; seed++) {
    const pair = new LossyPair(seed, { loss: 0.2, jitterMs: 15 });
    let spins = 0;
    let lastMs = -1;
    for (let i = 0; i < 200; i++) {
      pair.ends[0].send(Channel.Reliable, new Uint8Array(900));
      const untilMs = pair.nowMs + 1.37;
      while (pair.step(untilMs)) {
        spins = pair.nowMs === lastMs ? spins + 1 : 0;
        lastMs = pair.nowMs;
        assert(spins < 4, `seed ${seed}: spins at ${lastMs}`);
      }
    }
  }
});

Deno.test("Connection refuses channels that there cannot be", () => {
  const { Reliable } = Channel;
  const wrong: [unknown, ErrorConstructor][] = [
    [{ delivery: 4 }, TypeError],
    [{ delivery: "latestt" }, TypeError],
    [{}, TypeError],
    [{ delivery: Reliable, priority: NaN }, RangeError],
    [{ delivery: Reliable, priority: 8 }, RangeError],
    [{ delivery: Reliable, bytesPerSecond: NaN }, RangeError],
    [{ delivery: "latest", bytesPerSecond: 0 }, RangeError],
  ];
  for (const [channel, error] of wrong) {
    const channels = [channel as ChannelConfig];
    assertThrows(() => new Connection({ channels }), error, "Cannot use");
  }
});

Deno.test("Connection.lateMessages() and stats tell what was late, at both ends", () => {
  const options = { redundancy: (): NoRedundancy => new NoRedundancy() };
  const [a, b] = [new Connection(options), new Connection(options)];
  for (let ms = 0; ms < 500; ms += 10) {
    // The RTT becomes known; then the first of two messages is lost.
    if (ms < 100 || ms === 200 || ms === 220) a.send(2, MESSAGE);
    const isOpen = ms < 200 || ms > 290;
    a.flush(ms, (packet) => {
      if (isOpen || ms === 220) b.receive(packet, ms);
      return true;
    });
    b.poll(() => {});
    b.flush(ms, (packet) => {
      if (isOpen) a.receive(packet, ms);
      return true;
    });
  }
  const [late] = a.lateMessages();
  assertEquals([late?.channel, late?.id], [Channel.ReliableOrdered, 10]);
  assert(late!.underWayMs > 50, JSON.stringify(late));
  const received = b.stats.channelsRecv[Channel.ReliableOrdered]!;
  assertEquals([received.received, received.held], [12, 0]);
});
