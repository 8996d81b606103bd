import { assert, assertEquals } from "@std/assert";
import { countSteps, growthOf } from "../../core/_testing/count_steps.ts";
import { SeededRandom } from "../../core/mod.ts";
import { drawPersonalSample } from "./_testing/personal_samples.ts";
import { personalDataIn } from "./personal_data.ts";
import { scrubText } from "./scrub_text.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SAMPLES = IS_SOAK ? 200_000 : 5_000;
const TEXTS = IS_SOAK ? 200_000 : 5_000;
const MAX = 8_192;

const CASES: readonly [text: string, scrubbed: string][] = [
  ["", ""],
  ["Cannot read properties of undefined (reading 'x')", ""],
  ["Expected 3 of 12 items, got -1.5", ""],
  ["Bad color rgb(255, 128, 64) and/or alpha 0.25 at 60 km/h", ""],
  ['Level "floor-12" took 12:30:05, version 1.20.3', ""],
  ["ユーザーが見つかりません", ""],
  ["<e-mail> <address> <path> <number> <id> <url> <text>", ""],
  ["mail to ada@example.com.", "mail to <e-mail>."],
  ["mailto:ada@example.com", "mailto:<e-mail>"],
  ["ada＠example．com wrote", "<e-mail> wrote"],
  ["müller@exämple.de", "<e-mail>"],
  ["ada at example dot com wrote", "<e-mail> wrote"],
  ["connect ECONNREFUSED 10.0.0.7:443", "connect ECONNREFUSED <address>:443"],
  ["connect ECONNREFUSED ::1", "connect ECONNREFUSED <address>"],
  ["card 4111 1111 1111 1111, please", "card <number>, please"],
  ["call +49 (171) 234-5678!", "call +<number>!"],
  ["session 123e4567-e89b-12d3-a456-426614174000", "session <id>"],
  [
    "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln",
    "token <id>.<id>.c2ln",
  ],
  ["pointer 0x7fff5fbff8a0", "pointer <id>"],
  ["cannot open /home/ada", "cannot open <path>"],
  ["cannot open /home/ada/", "cannot open <path>"],
  ["cannot open '/home/ada/saves/slot1.json'", "cannot open 'slot1.json'"],
  ["cannot open C:\\Users\\ada\\saves\\slot1.json", "cannot open slot1.json"],
  [
    "cannot open C:\\Users\\Ada Lovelace\\saves\\slot1.json now",
    "cannot open slot1.json now",
  ],
  ["in C:\\Users\\Ada Lovelace", "in <path>"],
  ["cannot open \\\\server\\ada\\slot1.json", "cannot open slot1.json"],
  ["cannot open ~/saves", "cannot open <path>"],
  ["cannot open ../ada/saves/slot1.json", "cannot open slot1.json"],
  ["GET https://example.com/users/ada?token=x#y failed", "GET <path> failed"],
  ["GET https://ada:pw@example.com/a.json?q=1", "GET a.json"],
  ["GET https://ada.example.com failed", "GET <url> failed"],
  ["see twitter.com/ada", "see <url>"],
];

Deno.test("scrubText() blanks what is personal, and leaves the rest", () => {
  for (const [text, scrubbed] of CASES) {
    assertEquals(scrubText(text, MAX), scrubbed || text);
  }
});

const STACKS: readonly [line: string, scrubbed: string][] = [
  // V8
  [
    "    at load (file:///home/ada/game/src/main.ts:10:5)",
    "    at load (main.ts:10:5)",
  ],
  ["    at /home/ada/game/src/main.ts:10:5", "    at main.ts:10:5"],
  [
    "    at async Game.run (C:\\Users\\ada\\game\\main.js:10:5)",
    "    at async Game.run (main.js:10:5)",
  ],
  ["    at file:///C:/Users/Ada%20L/game/main.js:10:5", "    at main.js:10:5"],
  [
    "    at new Foo (https://ada.example.com/app/main.js?v=3#x:10:5)",
    "    at new Foo (main.js:10:5)",
  ],
  [
    "    at x (http://10.0.0.7:8000/src/main.ts?t=1690000000000:10:5)",
    "    at x (main.ts:10:5)",
  ],
  ["    at Promise.all (index 0)", ""],
  ["    at eval (<anonymous>:1:1)", ""],
  ["    at ext:core/01_core.js:168:7", "    at 01_core.js:168:7"],
  [
    "    at Module._compile (node:internal/modules/cjs/loader:1105:14)",
    "    at Module._compile (loader:1105:14)",
  ],
  ["    at npm:@scope/pkg@1.2.3/dist/x.js:1:2", "    at x.js:1:2"],
  ["    at webpack-internal:///./src/main.ts:10:5", "    at main.ts:10:5"],
  [
    "    at blob:https://example.com/123e4567-e89b-12d3-a456-426614174000:1:2",
    "    at blob:<id>:1:2",
  ],
  // SpiderMonkey and JavaScriptCore
  ["load@file:///home/ada/game/main.js:10:5", "load @ main.js:10:5"],
  ["async*load@http://10.0.0.7:8000/main.js:10:5", "async*load @ main.js:10:5"],
  ["@https://example.com/main.js:10:5", " @ main.js:10:5"],
  // Rust and Python, as games embed them
  [
    "thread 'main' panicked at src/main.rs:10:5",
    "thread 'main' panicked at main.rs:10:5",
  ],
  [
    '  File "/home/ada/mod.py", line 3, in load',
    '  File "mod.py", line 3, in load',
  ],
];

Deno.test("scrubText() keeps the last part of the paths in stacks", () => {
  for (const [line, scrubbed] of STACKS) {
    assertEquals(scrubText(line, MAX), scrubbed || line);
  }
  const whole = STACKS.map(([line]) => line).join("\n");
  const wanted = STACKS.map(([line, scrubbed]) => scrubbed || line).join("\n");
  assertEquals(scrubText(whole, MAX), wanted);
});

Deno.test("scrubText() leaves nothing of a personal text that is drawn", () => {
  const random = new SeededRandom(8);
  for (let i = 0; i < SAMPLES; i++) {
    const { kind, text } = drawPersonalSample(random);
    const around = [`Cannot find ${text}`, `(${text})`, `"${text}": 3 < 4`];
    for (const whole of around) {
      const scrubbed = scrubText(whole, MAX);
      const where = `sample ${i} of seed 8, ${kind}: ${whole} -> ${scrubbed}`;
      assert(!scrubbed.includes(text), where);
      assertEquals(personalDataIn(scrubbed), undefined, where);
    }
  }
});

/** What texts are made of, and what personal data is made of. */
const PARTS = [
  ..."0123456789",
  ..."  \n\t.,:;/\\-+_@()<>'\"?#=~%",
  "at",
  "dot",
  "com",
  "home",
  "Users",
  "Ada",
  "C:\\",
  "://",
  "main.ts:10:5",
  "4111",
  "c0ffee",
  "qX7",
  "é",
  "😀",
  "\ud800",
  "\0",
  "＠",
];

Deno.test("scrubText() changes nothing that it has scrubbed, and keeps to its bound", () => {
  const random = new SeededRandom(9);
  for (let i = 0; i < TEXTS; i++) {
    let text = "";
    const length = random.nextU32() % 60;
    for (let j = 0; j < length; j++) {
      text += PARTS[random.nextU32() % PARTS.length];
    }
    const max = random.nextU32() % 100;
    const once = scrubText(text, max);
    const where = `text ${i} of seed 9: ${JSON.stringify(text)}, ${max}`;
    assert(once.length <= max, where);
    assert(once.isWellFormed(), where);
    assertEquals(scrubText(once, max), once, where);
    assertEquals(scrubText(once, max + 50), once, where);
    assertEquals(personalDataIn(once), undefined, where);
  }
});

Deno.test("scrubText() looks at no more of an endless text than it keeps", () => {
  const part = "at /home/ada/main.ts:10:5 ";
  const kept = part.repeat(MAX).slice(0, MAX);
  scrubText(kept, MAX);
  let scrubbed = "";
  const steps = countSteps(() => scrubbed = scrubText(kept + part, MAX));
  assertEquals(countSteps(() => scrubText(part.repeat(400_000), MAX)), steps);
  assert(scrubbed.startsWith("at main.ts:10:5 at main.ts:10:5"));
  assert(scrubbed.length <= MAX);
});

Deno.test("scrubText() takes a time that grows with a hostile text alone", () => {
  const parts = [
    " ",
    "/",
    "\\",
    "a/",
    "C:\\",
    "/home/",
    "://",
    "a@",
    "@",
    "?",
    "#",
    ":1",
    ":1:1",
    "a.b",
    "C:\\Users\\A ",
    "1 ",
    "(",
    "a",
    "://a@",
  ];
  for (const part of parts) {
    const times = growthOf(part, (text) => scrubText(text, text.length), 500);
    assert(times < 5, `"${part}": ${times} times the steps`);
  }
});
