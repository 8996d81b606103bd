import { assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import {
  canonicalEndpoint,
  decodeEndpoint,
  encodeEndpoint,
  endpointLength,
} from "./_endpoint.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 5_000;

/** As it is written, as it is written best, and on the wire. */
const ENDPOINTS: [text: string, canonical: string, hex: string][] = [
  ["203.0.113.7:40000", "203.0.113.7:40000", "01cb007107409c"],
  ["0.0.0.0:0", "0.0.0.0:0", "01000000000000"],
  ["255.255.255.255:65535", "255.255.255.255:65535", "01ffffffffffff"],
  [
    "[2001:DB8:0:0::7]:40000",
    "[2001:db8::7]:40000",
    "020120b80d0000000000000000000007" + "00409c",
  ],
  ["[::]:1", "[::]:1", `02${"00".repeat(16)}0100`],
  [
    "[1:203:405:607:809:a0b:c0d:e0f]:258",
    "[1:203:405:607:809:a0b:c0d:e0f]:258",
    "020100030205040706" + "09080b0a0d0c0f0e" + "0201",
  ],
  [
    "[::ffff:cb00:7107]:40000",
    "[::ffff:203.0.113.7]:40000",
    "0200000000000000000000ffff00cb0771409c",
  ],
];

const REFUSED = [
  "",
  ":",
  ":40000",
  "203.0.113.7",
  "203.0.113.7:",
  "203.0.113.7:65536",
  "203.0.113.7:040000",
  "203.0.113.7:-1",
  "203.0.113.7:+1",
  "203.0.113.7:1e3",
  "203.0.113.7: 1",
  "203.0.113.7:40000 ",
  "203.0.113.07:40000",
  "203.0.113:40000",
  "[203.0.113.7]:40000",
  "2001:db8::7:40000",
  "[2001:db8::7]",
  "[2001:db8::7]:",
  "[2001:db8::7]40000",
  "[2001:db8::7:40000",
  "2001:db8::7]:40000",
  "[[2001:db8::7]]:40000",
  "[]:40000",
  "[:]:40000",
  "[fe80::1%2]:40000",
  "[fe80::1%eth0]:40000",
  "example.com:40000",
  "localhost:40000",
  "203.0.113.7:40000\n",
];

Deno.test("encodeEndpoint() and decodeEndpoint() are each other's opposite", () => {
  for (const [text, canonical, hex] of ENDPOINTS) {
    const bytes = encodeEndpoint(text)!;
    assertEquals(encodeHex(bytes), hex, text);
    assertEquals(endpointLength(bytes, 0), bytes.length, text);
    assertEquals(decodeEndpoint(bytes, 0), canonical);
    assertEquals(canonicalEndpoint(text), canonical);
    assertEquals(canonicalEndpoint(canonical), canonical);
  }
});

Deno.test("encodeEndpoint() refuses what is no address with a port, or has a zone", () => {
  for (const text of REFUSED) {
    assertEquals(encodeEndpoint(text), undefined, text);
    assertEquals(canonicalEndpoint(text), undefined, text);
  }
});

Deno.test("endpointLength() gives 0 for what is cut off or of no known type", () => {
  for (const [text] of ENDPOINTS) {
    const bytes = encodeEndpoint(text)!;
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(endpointLength(bytes.subarray(0, length), 0), 0, text);
    }
    for (let type = 0; type < 256; type++) {
      if (type === 1 || type === 2) continue;
      assertEquals(endpointLength(new Uint8Array(19).fill(type), 0), 0);
    }
    assertEquals(endpointLength(bytes, bytes.length), 0);
  }
});

Deno.test("decodeEndpoint() gives a text of its own to any bytes, which encodeEndpoint() gives back", () => {
  const seed = 20_001;
  const random = new SeededRandom(seed);
  for (let run = 0; run < RUNS; run++) {
    const type = 1 + random.nextU32() % 2;
    const bytes = new Uint8Array(type === 1 ? 7 : 19);
    random.fill(bytes);
    bytes[0] = type;
    // Zeros, as random bytes have no runs of them.
    for (let i = 1; i < bytes.length; i++) {
      if (random.nextU32() % 2 === 0) bytes[i] = 0;
    }
    const text = decodeEndpoint(bytes, 0);
    assertEquals(encodeEndpoint(text), bytes, `seed ${seed}: ${text}`);
  }
});
