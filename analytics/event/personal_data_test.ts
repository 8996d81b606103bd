import { assert, assertEquals } from "@std/assert";
import { growthOf } from "../../core/_testing/count_steps.ts";
import { SeededRandom } from "../../core/mod.ts";
import { checkLabel } from "./_check_label.ts";
import { GAME_LABELS } from "./_testing/game_labels.ts";
import {
  drawPersonalSample,
  PERSONAL_KINDS,
} from "./_testing/personal_samples.ts";
import { personalDataIn, type PersonalDataKind } from "./personal_data.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SAMPLES = IS_SOAK ? 1_000_000 : 20_000;
const LABELS = IS_SOAK ? 1_000_000 : 20_000;

/** One of each form, beside those that are drawn. */
const PERSONAL: readonly [text: string, kind: PersonalDataKind][] = [
  ["ada@example.com", "email"],
  ["killed by ada.lovelace+games@mail.example.co.uk twice", "email"],
  ["ada@localhost", "email"],
  ["ada @ example.com", "email"],
  ["ada at example dot com", "email"],
  ["ADA AT EXAMPLE DOT COM", "email"],
  ["ada_at_example.com", "email"],
  ["ada (at) example (dot) org", "email"],
  ["ada-at-example-dot-de", "email"],
  ["j.doe at mail.uni-x.de", "email"],
  ["1.2.3.4", "ipAddress"],
  ["v1.2.3.4", "ipAddress"],
  ["10.0.0.7:8080", "ipAddress"],
  ["server 192.168.178.24 down", "ipAddress"],
  ["255.255.255.255", "ipAddress"],
  ["::1", "ipAddress"],
  ["fe80::1ff:fe23:4567:890a", "ipAddress"],
  ["2001:0db8:85a3:0000:0000:8a2e:0370:7334", "ipAddress"],
  ["2001:db8::1", "ipAddress"],
  ["::ffff:10.0.0.7", "ipAddress"],
  ["00:1A:2B:3C:4D:5E", "macAddress"],
  ["00-1a-2b-3c-4d-5e", "macAddress"],
  ["001a.2b3c.4d5e", "macAddress"],
  ["001a2b3c4d5e", "token"],
  ["+49 171 2345678", "telephone"],
  ["+491712345678", "number"],
  ["(555) 123-4567 x", "telephone"],
  ["1-800-555-1234", "telephone"],
  ["555.123.4567", "telephone"],
  ["06 12 34 56 78", "telephone"],
  ["020 7946 0958", "telephone"],
  ["030/1234567", "telephone"],
  ["tel_0171_2345678", "telephone"],
  ["4111 1111 1111 1111", "card"],
  ["4111111111111111", "card"],
  ["378282246310005", "card"],
  ["5555-5555-5555-4444", "card"],
  ["DE89 3704 0044 0532 0130 00", "iban"],
  ["DE89370400440532013000", "iban"],
  ["GB29NWBK60161331926819", "iban"],
  ["123-45-6789", "socialSecurity"],
  ["078 05 1120", "socialSecurity"],
  ["123456789", "number"],
  ["76561197960287930", "number"],
  ["steam76561197960287932x", "number"],
  ["https://ada:secret@example.com/x", "url"],
  ["https://example.com/users/ada", "url"],
  ["https://steamcommunity.com/id/ada", "url"],
  ["github.com/ada", "url"],
  ["www.x.com/ada", "url"],
  ["C:/Users/ada", "path"],
  ["C:\\Users\\ada\\saves", "path"],
  ["/home/ada/saves", "path"],
  ["/Users/ada", "path"],
  ["file:///home/ada", "path"],
  ["/mnt/c/Users/ada", "path"],
  ["123e4567-e89b-12d3-a456-426614174000", "token"],
  ["d41d8cd98f00b204e9800998ecf8427e", "token"],
  ["9774d56d682e549c", "token"],
  ["0x52908400098527886E0F7030069857D2E4169EE7", "token"],
  ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln", "token"],
  ["AAECAwQFBgcICQoLDA0ODw", "token"],
  ["MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U", "token"],
];

Deno.test("personalDataIn() tells what is personal", () => {
  for (const [text, kind] of PERSONAL) {
    assertEquals(personalDataIn(text), kind, text);
  }
});

Deno.test("checkLabel() refuses what is personal and could be a label", () => {
  for (const [text, kind] of PERSONAL) {
    assertEquals(checkLabel(text), kind, text);
  }
});

Deno.test("checkLabel() and personalDataIn() let the labels of games pass", () => {
  assert(new Set(GAME_LABELS).size > 350);
  for (const label of GAME_LABELS) {
    assertEquals(checkLabel(label), undefined, label);
    assertEquals(personalDataIn(label), undefined, label);
  }
});

Deno.test("checkLabel() refuses what has not the form of a label", () => {
  const others = [
    "",
    "x".repeat(65),
    "naïve",
    "tab\there",
    "line\nbreak",
    "nul\0",
    "spikes!",
    "<b>",
    "Ⅳ",
    "\ud800",
    "a,b",
    'a"b',
    "a\\b",
  ];
  for (const text of others) assertEquals(checkLabel(text), "form", text);
  assertEquals(checkLabel("x".repeat(64)), undefined);
});

Deno.test("checkLabel() refuses every personal text that is drawn", () => {
  const random = new SeededRandom(6);
  for (let i = 0; i < SAMPLES; i++) {
    const kind = PERSONAL_KINDS[i % PERSONAL_KINDS.length]!;
    const { text } = drawPersonalSample(random, kind);
    assert(text.length <= 64, text);
    const found = checkLabel(text);
    assert(
      found !== undefined && found !== "form",
      `sample ${i} of seed 6, of ${kind}, passes: ${text}`,
    );
  }
});

/** Parts that labels are made of, and what personal data is made of. */
const PARTS = [
  ..."0123456789",
  ..."  __..::/-+",
  "at",
  "dot",
  "com",
  "home",
  "Users",
  "boss",
  "Warden",
  "12",
  "2024",
  "555",
  "c0ffee",
  "dead",
  "qX7",
  "eyJ",
];

Deno.test("checkLabel() never passes by its shortcut what the patterns find", () => {
  const random = new SeededRandom(7);
  for (let i = 0; i < LABELS; i++) {
    let text = "";
    const length = 1 + random.nextU32() % 24;
    for (let j = 0; j < length; j++) {
      text += PARTS[random.nextU32() % PARTS.length];
    }
    text = text.slice(0, 64);
    assertEquals(checkLabel(text), personalDataIn(text), `label ${i}: ${text}`);
  }
});

const WORST: readonly string[] = [
  "a",
  "1",
  "0 ",
  "1.",
  "1-",
  "a:",
  "0:",
  ":",
  "::1",
  "@",
  "a@",
  "@a",
  "a@b.",
  ".",
  "/",
  "\\",
  "C:/",
  "/home/",
  "/home",
  "home/users/",
  "://",
  "https://a/",
  "http://www.",
  "a at ",
  "a at a dot ",
  "a-at-a-dot-",
  "at.",
  "dot ",
  "x.com/",
  "0a-",
  "00:",
  "aaaaaaaa-aaaa-",
  "DE89",
  "DE89 ",
  "aB",
  "aB1",
  "xq",
  "_",
  "=",
  "(",
  "<",
  " ",
];

Deno.test("checkLabel() and personalDataIn() settle what is hostile", () => {
  for (const part of WORST) {
    const text = part.repeat(64).slice(0, 64);
    const found = checkLabel(text);
    if (found !== "form") assertEquals(found, personalDataIn(text), text);
  }
});

Deno.test("personalDataIn() takes a time that grows with a hostile text alone", () => {
  for (const part of WORST) {
    const times = growthOf(part, personalDataIn, 500);
    assert(times < 5, `"${part}": ${times} times the steps`);
  }
});
