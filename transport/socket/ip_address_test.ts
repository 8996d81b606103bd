import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { formatIp, IP_WORDS, parseIp } from "./ip_address.ts";

/** As it is written, and as it is written best. */
const ADDRESSES: [text: string, canonical: string, hex: string][] = [
  ["0.0.0.0", "0.0.0.0", "00000000000000000000ffff00000000"],
  ["127.0.0.1", "127.0.0.1", "00000000000000000000ffff7f000001"],
  ["255.255.255.255", "255.255.255.255", "00000000000000000000ffffffffffff"],
  ["::ffff:1.2.3.4", "1.2.3.4", "00000000000000000000ffff01020304"],
  ["::FFFF:0102:0304", "1.2.3.4", "00000000000000000000ffff01020304"],
  ["::", "::", "00000000000000000000000000000000"],
  ["::1", "::1", "00000000000000000000000000000001"],
  ["1::", "1::", "00010000000000000000000000000000"],
  ["2001:DB8::7", "2001:db8::7", "20010db8000000000000000000000007"],
  [
    "2001:db8:0:0:1:0:0:1",
    "2001:db8::1:0:0:1",
    "20010db8000000000001000000000001",
  ],
  [
    "2001:db8:0:1:1:1:1:1",
    "2001:db8:0:1:1:1:1:1",
    "20010db8000000010001000100010001",
  ],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", "00010002000300040005000600070000"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", "00000002000300040005000600070008"],
  [
    "64:ff9b::192.0.2.33",
    "64:ff9b::c000:221",
    "0064ff9b0000000000000000c0000221",
  ],
  [
    "1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4:5:6:102:304",
    "00010002000300040005000601020304",
  ],
  ["ff02::fb", "ff02::fb", "ff0200000000000000000000000000fb"],
];

const REFUSED = [
  "",
  ".",
  ":",
  "1",
  "1.2.3",
  "1.2.3.",
  ".1.2.3",
  "1.2.3.4.5",
  "1.2.3.4 ",
  " 1.2.3.4",
  "256.1.1.1",
  "01.2.3.4",
  "0x1.2.3.4",
  "1.2.3.-4",
  "1..2.3",
  "localhost",
  ":::",
  "1:::2",
  "1::2::3",
  ":1",
  "1:",
  ":1::",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "::1:2:3:4:5:6:7:8",
  "12345::",
  "g::",
  "1:2:3:4:5:6:7:1.2.3.4",
  "::1.2.3",
  "::1.2.3.4:5",
  "[::1]",
  "::1%",
  "::1%x",
  "::1%4294967296",
  "1.2.3.4%1",
  "::1/64",
];

Deno.test("parseIp() and formatIp() know every form", () => {
  for (const [text, canonical, hex] of ADDRESSES) {
    const words = new Int32Array(IP_WORDS).fill(-1);
    assertEquals(parseIp(text, words), true, text);
    assertEquals(hexOf(words), hex, text);
    assertEquals(words[4], 0, text);
    assertEquals(formatIp(words), canonical, text);
  }
});

Deno.test("parseIp() refuses what is no address", () => {
  for (const text of REFUSED) {
    assertEquals(parseIp(text, new Int32Array(IP_WORDS)), false, text);
  }
});

Deno.test("parseIp() reads the number of a zone", () => {
  const words = new Int32Array(IP_WORDS);
  assertEquals(parseIp("fe80::1%12", words), true);
  assertEquals(words[4], 12);
  assertEquals(formatIp(words), "fe80::1%12");
});

Deno.test("formatIp() writes what parseIp() reads", () => {
  const seed = 71;
  const random = new SeededRandom(seed);
  const words = new Int32Array(IP_WORDS);
  const again = new Int32Array(IP_WORDS);
  for (let i = 0; i < 20_000; i++) {
    // Many zeros, so that there are gaps of all lengths.
    for (let w = 0; w < 4; w++) {
      const mask = [0, 0xffff, 0xffff_0000, -1, 0x0f00][random.nextU32() % 5]!;
      words[w] = random.nextU32() & mask;
    }
    words[4] = 0;
    const text = formatIp(words);
    assertEquals(parseIp(text, again), true, `${text}, seed ${seed}`);
    assertEquals(again, words, `${text}, seed ${seed}`);
    // The platform's own parser agrees.
    if (text.includes(":")) {
      assertEquals(new URL(`http://[${text}]`).hostname, `[${text}]`);
    }
  }
});

function hexOf(words: Int32Array): string {
  const view = new DataView(new ArrayBuffer(16));
  for (let i = 0; i < 4; i++) view.setInt32(4 * i, words[i]!, true);
  return new Uint8Array(view.buffer).toHex();
}
