import { assertEquals } from "@std/assert";
import { Channel, isChannel, isOrdered, isReliable } from "./channel.ts";

Deno.test("Channel has the numbers that go over the wire", () => {
  assertEquals(Channel, {
    Reliable: 0,
    Unreliable: 1,
    ReliableOrdered: 2,
    UnreliableOrdered: 3,
  });
});

Deno.test("isReliable() and isOrdered() tell the channels apart", () => {
  const { Reliable, Unreliable, ReliableOrdered, UnreliableOrdered } = Channel;
  const all = [Reliable, Unreliable, ReliableOrdered, UnreliableOrdered];
  assertEquals(all.filter(isReliable), [Reliable, ReliableOrdered]);
  assertEquals(all.filter(isOrdered), [ReliableOrdered, UnreliableOrdered]);
});

Deno.test("isChannel() accepts the four and nothing else", () => {
  for (const value of [0, 1, 2, 3]) assertEquals(isChannel(value), true);
  for (
    const value of [
      -1,
      4,
      5,
      0.5,
      2.5,
      2 ** 32,
      2 ** 32 + 1,
      NaN,
      Infinity,
      "1",
      undefined,
      null,
    ]
  ) {
    assertEquals(isChannel(value as number), false, `${value}`);
  }
});
