import { assertEquals } from "@std/assert";
import {
  clientAddress,
  networkOf,
  normalizeAddress,
} from "./client_address.ts";

Deno.test("clientAddress() takes the last address that is no trusted proxy's", () => {
  const trusted = new Set(["10.0.0.1", "10.0.0.2", "::1"]);
  for (
    const [remote, forwarded, expected] of [
      ["198.51.100.1", null, "198.51.100.1"],
      ["198.51.100.1", "203.0.113.1", "198.51.100.1"],
      ["10.0.0.1", null, "10.0.0.1"],
      ["10.0.0.1", "", "10.0.0.1"],
      ["10.0.0.1", "203.0.113.1", "203.0.113.1"],
      ["::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1"],
      ["::1", "6.6.6.6, 203.0.113.1 , 10.0.0.2", "203.0.113.1"],
      ["10.0.0.1", "10.0.0.2,10.0.0.1", "10.0.0.2"],
      ["10.0.0.1", "6.6.6.6, unknown", "10.0.0.1"],
      ["10.0.0.1", "6.6.6.6,,10.0.0.2", "10.0.0.2"],
      ["10.0.0.1", "[2001:DB8::1]:4711", "2001:db8::1"],
      ["10.0.0.1", "203.0.113.1:80", "203.0.113.1"],
      ["10.0.0.1", ",".repeat(10_000), "10.0.0.1"],
      ["10.0.0.1", `${"1".repeat(60)}`, "10.0.0.1"],
      ["", "203.0.113.1", ""],
    ] as const
  ) {
    const address = clientAddress(remote, forwarded, trusted);
    assertEquals(address, expected, `${remote} ${forwarded}`);
  }
});

Deno.test("normalizeAddress() gives one text for one address", () => {
  for (
    const [text, expected] of [
      [" 10.0.0.1 ", "10.0.0.1"],
      ["::FFFF:10.0.0.1", "10.0.0.1"],
      ["[::1]", "::1"],
      ["[::1]:80", "::1"],
      ["2001:db8::1", "2001:db8::1"],
      ["10.0.0.1:80", "10.0.0.1"],
      ["_hidden", "_hidden"],
    ] as const
  ) assertEquals(normalizeAddress(text), expected);
});

Deno.test("networkOf() counts all addresses of an IPv6 network as one", () => {
  for (
    const [address, expected] of [
      ["10.0.0.1", "10.0.0.1"],
      ["", ""],
      ["2001:db8::1", "2001:db8:0:0::/64"],
      ["2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0:0::/64"],
      ["2001:0db8:0000::9:8", "2001:db8:0:0::/64"],
      ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
      ["::1", "0:0:0:0::/64"],
      ["::", "0:0:0:0::/64"],
      ["fe80::1%eth0", "fe80:0:0:0::/64"],
      ["1:2:3:4:5:6:7::", "1:2:3:4::/64"],
      // Nobody's address, and counted all the same.
      [":::::::::::", "0:0:0:0::/64"],
    ] as const
  ) assertEquals(networkOf(address), expected);
});
