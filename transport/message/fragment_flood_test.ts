import { assert, assertEquals } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { Inbox } from "./inbox.ts";
import { resolveMessageLimits } from "./resolve_limits.ts";

function inbox(): Inbox {
  const channels = [
    { delivery: Channel.Reliable },
    { delivery: Channel.Unreliable },
  ];
  return new Inbox({ channels, limits: resolveMessageLimits() });
}

/** The last fragment, of one byte, of a message of so many whole ones before it. */
function lastFragment(number: number, whole: number): number[] {
  const size = 1100 * whole + 1;
  const length = [size & 0x7f | 0x80, size >> 7 & 0x7f];
  if (size >= 1 << 14) {
    length[1]! |= 0x80;
    length.push(size >> 14);
  }
  return [3, Channel.Unreliable, number & 0xff, number >> 8, ...length, whole];
}

/** A packet of `count` messages, of each of which the last byte comes and nothing else. */
function bomb(first: number, count: number, whole: number): Uint8Array {
  const frames: number[] = [];
  for (let i = 0; i < count; i++) {
    frames.push(...lastFragment(first + i, whole), 7);
  }
  return new Uint8Array(frames);
}

function take(inbox: Inbox, packet: Uint8Array): void {
  inbox.beginPacket();
  for (let at = 0; at < packet.length;) {
    at = inbox.check(packet, at, packet.length);
    assert(at > 0);
  }
  for (let at = 0; at < packet.length;) {
    at = inbox.receive(packet, at, packet.length, 0);
  }
}

Deno.test("Inbox takes memory for a message as its fragments come, not as they promise it", () => {
  const before = Deno.memoryUsage().external;
  const inboxes = Array.from({ length: 20 }, () => inbox());
  for (const one of inboxes) take(one, bomb(0, 64, 59));
  const taken = Deno.memoryUsage().external - before;
  assertEquals(inboxes[0]!.heldBytes, 64 * 64_901);
  assert(taken < 16_000_000, `${taken} bytes for 11,520 that came`);
});
