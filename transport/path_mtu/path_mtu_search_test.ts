import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { PathMtuSearch } from "./path_mtu_search.ts";

/** Lets it search on a path until it wants no more probes; returns how many it sent. */
function search(mtu: PathMtuSearch, pathBytes: number, fromMs = 0): number {
  mtu.onPacketAcked(1200, fromMs);
  let probes = 0;
  for (let nowMs = fromMs; nowMs < fromMs + 60_000; nowMs += 50) {
    const bytes = mtu.probeBytes(nowMs);
    if (bytes === 0) continue;
    probes += 1;
    mtu.onProbeSent(nowMs);
    if (bytes <= pathBytes) mtu.onProbeAcked(nowMs + 40);
    else mtu.onProbeLost(nowMs + 40);
  }
  return probes;
}

Deno.test("PathMtuSearch takes the limit with one probe where it arrives", () => {
  const mtu = new PathMtuSearch(1400);
  assertEquals(search(mtu, 1500), 1);
  assertEquals(mtu.datagramBytes, 1400);
});

Deno.test("PathMtuSearch finds what each path takes", () => {
  for (let pathBytes = 1200; pathBytes <= 1400; pathBytes++) {
    const mtu = new PathMtuSearch(1400);
    const probes = search(mtu, pathBytes);
    assert(mtu.datagramBytes <= pathBytes, `${pathBytes}`);
    assert(pathBytes - mtu.datagramBytes < 16, `${pathBytes}`);
    assert(probes <= 16, `${pathBytes}: ${probes} probes`);
  }
});

Deno.test("PathMtuSearch never goes beyond its limit", () => {
  assertEquals(search(new PathMtuSearch(1200), 1500), 0);
  const mtu = new PathMtuSearch(1232);
  search(mtu, 1500);
  assertEquals(mtu.datagramBytes, 1232);
});

Deno.test("PathMtuSearch sends no probe before a large packet has arrived", () => {
  const mtu = new PathMtuSearch();
  for (let i = 0; i < 100; i++) mtu.onPacketAcked(130, i);
  assertEquals(mtu.probeBytes(1000), 0);
  mtu.onPacketAcked(1100, 1000);
  assertEquals(mtu.probeBytes(1000), 1400);
});

Deno.test("PathMtuSearch has one probe under way, and waits between two", () => {
  const mtu = new PathMtuSearch();
  mtu.onPacketAcked(1200, 0);
  mtu.onProbeSent(0);
  assertEquals(mtu.probeBytes(5000), 0);
  mtu.onProbeLost(20);
  assertEquals(mtu.probeBytes(99), 0);
  assertEquals(mtu.probeBytes(100), 1400);
});

Deno.test("PathMtuSearch rules a size out after three losses, not before", () => {
  const mtu = new PathMtuSearch();
  mtu.onPacketAcked(1200, 0);
  for (const nowMs of [0, 200]) {
    mtu.onProbeSent(nowMs);
    mtu.onProbeLost(nowMs + 50);
    assertEquals(mtu.probeBytes(nowMs + 100), 1400);
  }
  mtu.onProbeSent(400);
  mtu.onProbeLost(450);
  assertEquals(mtu.probeBytes(500), 1300);
});

Deno.test("PathMtuSearch looks again after ten minutes", () => {
  const mtu = new PathMtuSearch();
  search(mtu, 1280);
  const before = mtu.datagramBytes;
  assertEquals(mtu.probeBytes(500_000), 0);
  assertEquals(mtu.probeBytes(700_000), 1400);
  assertEquals(search(mtu, 1280, 700_000), 3);
  assertEquals(mtu.datagramBytes, before);
  assertEquals(search(mtu, 1500, 1_400_000), 1);
  assertEquals(mtu.datagramBytes, 1400);
});

Deno.test("PathMtuSearch falls back when only large packets are lost", () => {
  const mtu = new PathMtuSearch();
  search(mtu, 1500);
  for (let i = 0; i < 6; i++) {
    assertEquals(mtu.datagramBytes, 1400);
    mtu.onPacketLost(1400, 1000);
    mtu.onPacketAcked(130, 1000);
  }
  assertEquals(mtu.datagramBytes, 1200);
  assertEquals(mtu.probeBytes(10_999), 0);
  assertEquals(mtu.probeBytes(11_000), 1400);
});

Deno.test("PathMtuSearch falls back when nothing but large packets is sent", () => {
  const mtu = new PathMtuSearch();
  search(mtu, 1500);
  for (let i = 0; i < 12; i++) mtu.onPacketLost(1400, 1000);
  assertEquals(mtu.datagramBytes, 1200);
});

Deno.test("PathMtuSearch waits longer after each black hole", () => {
  const mtu = new PathMtuSearch();
  let nowMs = 0;
  search(mtu, 1500);
  for (const pauseMs of [10_000, 20_000, 40_000, 80_000, 160_000, 320_000]) {
    nowMs += 1_000_000;
    for (let i = 0; i < 12; i++) mtu.onPacketLost(1400, nowMs);
    assertEquals(mtu.probeBytes(nowMs + pauseMs - 1), 0);
    assertEquals(mtu.probeBytes(nowMs + pauseMs), 1400);
    mtu.onProbeSent(nowMs + pauseMs);
    mtu.onProbeAcked(nowMs + pauseMs);
  }
});

Deno.test("PathMtuSearch keeps large packets under random loss", () => {
  const random = new SeededRandom(7);
  const mtu = new PathMtuSearch();
  search(mtu, 1500);
  for (let i = 0; i < 200_000; i++) {
    const bytes = random.nextFloat() < 0.5 ? 1400 : 130;
    if (random.nextFloat() < 0.05) mtu.onPacketLost(bytes, i);
    else mtu.onPacketAcked(bytes, i);
    assertEquals(mtu.datagramBytes, 1400);
  }
});

Deno.test("PathMtuSearch.reset() begins anew", () => {
  const mtu = new PathMtuSearch();
  search(mtu, 1500);
  mtu.onProbeSent(70_000);
  mtu.reset(70_000);
  assertEquals(mtu.datagramBytes, 1200);
  mtu.onProbeAcked(70_010);
  assertEquals(mtu.datagramBytes, 1200);
  assertEquals(mtu.probeBytes(70_010), 1400);
});

Deno.test("PathMtuSearch refuses a limit out of range", () => {
  for (const bytes of [1199, 1401, 1300.5, NaN, Infinity]) {
    assertThrows(
      () => new PathMtuSearch(bytes),
      RangeError,
      `Cannot create a PathMtuSearch as limitBytes must be an integer from 1200 to 1400: current value is ${bytes}`,
    );
  }
});
