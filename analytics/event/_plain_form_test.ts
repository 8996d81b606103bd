import { assert, assertEquals } from "@std/assert";
import { growthOf } from "../../core/_testing/count_steps.ts";
import { plainForm } from "./_plain_form.ts";
import { scrubText } from "./scrub_text.ts";

Deno.test("plainForm() gives the digits of every script as those of ASCII", () => {
  let scripts = 0;
  let run = "";
  for (let code = 0x80; code <= 0x1ffff; code++) {
    const character = String.fromCodePoint(code);
    if (/\p{Nd}/u.test(character)) {
      run += character;
      continue;
    }
    if (run === "") continue;
    const { length } = [...run];
    assertEquals(length % 10, 0);
    const digits = "0123456789".repeat(length / 10);
    assertEquals(plainForm(run), digits, code.toString(16));
    scripts += length / 10;
    run = "";
  }
  assertEquals(plainForm("𝟎𝟏𝟐𝟛𝟜𝟝𝟼𝟽𝟾𝟿 ０９ ②⁷"), "0123456789 09 27");
});

Deno.test("plainForm() leaves other texts as they are", () => {
  for (
    const text of [
      "",
      "plain\ttext\n100 %, 5%20",
      "Größe ½ – nein: 日本語、한국어",
      "שלום مرحبا",
    ]
  ) {
    assertEquals(plainForm(text), text.replace("–", "-"));
  }
  assertEquals(plainForm("\ud800a\u0007b\u2028"), "\ufffda b ");
});

Deno.test("scrubText() finds personal data in other forms of its characters", () => {
  const zero = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e"];
  const disguises: readonly ((text: string) => string)[] = [
    ...zero.map((it) => (text: string) => [...text].join(it)),
    (text) => text.replaceAll("@", "﹫").replaceAll(".", "。"),
    (text) => text.replaceAll("@", "%40").replaceAll(".", "%2E"),
    (text) => text.replaceAll("@", "%2540"),
    (text) => text.replaceAll(/[!-~]/g, wide),
    (text) => text.replaceAll(/[0-9]/g, (it) => "٠١٢٣٤٥٦٧٨٩"[Number(it)]!),
    (text) => text.replaceAll(/[0-9]/g, (it) => [..."𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"][Number(it)]!),
    (text) => text.replaceAll(" ", "\u202f").replaceAll("-", "\u2011"),
    (text) => text.replaceAll(" ", "\u2009").replaceAll("-", "\u2013"),
    (text) => text.replaceAll("/", "%2F").replaceAll(":", "%3a"),
    (text) => text.replaceAll("/", "\u2215").replaceAll(":", "\u2236"),
  ];
  const samples = {
    "ada@example.com": "<e-mail>",
    "+44 20 7946 0958": "+<number>",
    "4111-1111-1111-1111": "<number>",
    "10.0.0.7": "<address>",
    "2001:db8::1": "<address>",
    "/home/ada/saves": "<path>",
  };
  for (const [sample, blanked] of Object.entries(samples)) {
    for (const [i, disguise] of disguises.entries()) {
      const text = disguise(sample);
      // Where nothing of it is disguised, it is the sample itself.
      const scrubbed = scrubText(text, 500);
      assertEquals(scrubbed, blanked, `${sample}, disguise ${i}: ${text}`);
      assertEquals(scrubText(scrubbed, 500), scrubbed);
    }
  }
});

function wide(character: string): string {
  return String.fromCharCode(character.charCodeAt(0) + 0xfee0);
}

Deno.test("scrubText() takes a time that grows with the text alone", () => {
  const texts = ["\u0316\u0301", "٠", "\u200b", "𝟎", "%2540", "ﷺ", "½"];
  for (const part of texts) {
    const times = growthOf(part, (text) => scrubText(text, text.length), 500);
    assert(times < 5, `${part}: ${times} times the steps`);
  }
});
