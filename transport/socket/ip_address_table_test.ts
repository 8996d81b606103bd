import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { IpAddressTable } from "./ip_address_table.ts";

Deno.test("IpAddressTable gives one object for one address", () => {
  const table = new IpAddressTable();
  const ada = table.parse("203.0.113.7", 9000);
  assertStrictEquals(table.parse("203.0.113.7", 9000), ada);
  assertStrictEquals(table.parse("::ffff:203.0.113.7", 9000), ada);
  assert(table.parse("203.0.113.7", 9001) !== ada);
  assert(table.parse("203.0.113.8", 9000) !== ada);
  assertEquals(`${ada}`, "203.0.113.7:9000");
  assertEquals(ada.host, "203.0.113.7");
  assertEquals(ada.key.toHex(), "00000000000000000000ffffcb0071072328");
});

Deno.test("IpAddressTable tells the zones of a link-local address apart", () => {
  const table = new IpAddressTable();
  const first = table.parse("fe80::1%2", 9000);
  assert(table.parse("fe80::1%3", 9000) !== first);
  assertEquals(`${first}`, "[fe80::1%2]:9000");
  assertEquals(
    first.key.toHex(),
    "fe8000000000000000000000000000012328" + "00000002",
  );
});

Deno.test("IpAddressTable keeps what is retained, whoever else comes", () => {
  const seed = 72;
  const random = new SeededRandom(seed);
  const table = new IpAddressTable({ maxStrangers: 64, seed });
  const kept = Array.from({ length: 3000 }, (_, i) => {
    const address = table.parse(`10.0.${i >> 8}.${i & 255}`, 1000 + i);
    address.retain();
    return address;
  });
  assertEquals(table.retainedCount, kept.length);
  const strangers = new Set<unknown>();
  for (let i = 0; i < 100_000; i++) {
    strangers.add(
      table.intern(
        random.nextU32() | 0,
        random.nextU32() | 0,
        0,
        1,
        random.nextU32() & 0xffff,
        0,
      ),
    );
  }
  assertEquals(strangers.size, 100_000);
  assertEquals(table.retainedCount, kept.length);
  for (const { host, port } of kept) {
    assertStrictEquals(
      table.parse(host, port),
      kept[port - 1000],
      `seed ${seed}`,
    );
  }
  for (const address of kept) address.release();
  assertEquals(table.retainedCount, 0);
});

Deno.test("IpAddressTable forgets strangers only for others", () => {
  const table = new IpAddressTable({ maxStrangers: 1 });
  const ada = table.parse("10.0.0.1", 1);
  assertStrictEquals(table.parse("10.0.0.1", 1), ada);
  table.parse("10.0.0.2", 1);
  assert(table.parse("10.0.0.1", 1) !== ada);
});

Deno.test("IpAddress.release() takes one retain() back", () => {
  const table = new IpAddressTable({ maxStrangers: 1 });
  const ada = table.parse("10.0.0.1", 1);
  ada.retain();
  ada.retain();
  ada.release();
  table.parse("10.0.0.2", 1);
  assertStrictEquals(table.parse("10.0.0.1", 1), ada);
  ada.release();
  // It is a stranger now, and still known.
  assertStrictEquals(table.parse("10.0.0.1", 1), ada);
  table.parse("10.0.0.2", 1);
  assert(table.parse("10.0.0.1", 1) !== ada);
  assertThrows(() => ada.release(), RangeError, "retained");
});

Deno.test("IpAddress.retain() holds also after it was forgotten", () => {
  const table = new IpAddressTable({ maxStrangers: 1 });
  const forgotten = table.parse("10.0.0.1", 1);
  table.parse("10.0.0.2", 1);
  const again = table.parse("10.0.0.1", 1);
  forgotten.retain();
  assertStrictEquals(table.parse("10.0.0.1", 1), forgotten);
  again.retain();
  assertStrictEquals(table.parse("10.0.0.1", 1), forgotten);
  forgotten.release();
  assertStrictEquals(table.parse("10.0.0.1", 1), again);
  again.release();
  assertEquals(table.retainedCount, 0);
});

Deno.test("IpAddressTable.parse() refuses what is no address or port", () => {
  const table = new IpAddressTable();
  for (const host of ["localhost", "", "1.2.3", "::1::"]) {
    assertThrows(() => table.parse(host, 1), TypeError, `"${host}"`);
  }
  for (const port of [0, 65_536, 1.5, -1, NaN]) {
    assertThrows(() => table.parse("::1", port), RangeError, `${port}`);
  }
});
