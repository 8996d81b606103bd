// What of the page needs no browser.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import type { Dom } from "./_dom.ts";
import { makeFormat } from "./_format.ts";
import { SERIES_COLORS } from "./_page_style.ts";
import { makeTables } from "./_table.ts";
import { makeViews } from "./_view.ts";

const NOW_MS = Date.UTC(2026, 10, 26, 14, 20);
const DAY_MS = 86_400_000;

Deno.test("makeViews() reads what it wrote", () => {
  const views = makeViews(["main", "other"]);
  const usual = views.read("");
  assertEquals(views.write(usual), "");
  const view = {
    ...usual,
    game: "other",
    range: "custom",
    from: "2026-11-01",
    to: "2026-11-03",
    build: "1.2.0 & more",
    platform: "linux",
    events: ["death", "custom"],
    steps: ["sessionStart", "death"],
    funnelBy: "session",
    withinMs: 3_600_000,
    framesBy: "platform",
    memoryBy: "build",
    deathsAs: "map",
    tables: ["events"],
  } as const;
  assertEquals(views.read(`#${views.write(view)}`), view);
});

Deno.test("makeViews() takes any hash", () => {
  const views = makeViews(["main"]);
  const seed = 20_261_126;
  const random = new SeededRandom(seed);
  const letters = "&=,#%+-0129abz:\u0000é<";
  const names = Object.keys(views.read(""));
  for (let i = 0; i < 2_000; i++) {
    let hash = "#";
    for (let j = random.nextU32() % 60; j >= 0; j--) {
      hash += random.nextU32() % 8 === 0
        ? `&${names[random.nextU32() % names.length]}=`
        : letters[random.nextU32() % letters.length];
    }
    const view = views.read(hash);
    const { fromMs, toMs } = views.spanOf(view, NOW_MS);
    assert(fromMs < toMs && toMs - fromMs <= 400 * DAY_MS, `${seed}: ${hash}`);
    assertEquals(views.read(views.write(view)), view, `${seed}: ${hash}`);
  }
  const strange = views.read(
    "range=custom&from=2026-13-01&to=9999-01-01&within=-4&per=x&game=none",
  );
  assertEquals(strange, views.read(""));
  assertEquals(
    views.read("range=custom&from=2026-11-03&to=2026-11-01").range,
    "7d",
  );
});

Deno.test("makeViews() has spans of whole steps, and as much before them", () => {
  const views = makeViews(["main"]);
  const spanOf = (hash: string): ReturnType<typeof views.spanOf> =>
    views.spanOf(views.read(hash), NOW_MS);
  const hours = spanOf("range=24h");
  assertEquals(hours.step, "hour");
  assertEquals(hours.toMs, Date.UTC(2026, 10, 26, 15));
  assertEquals(hours.fromMs, Date.UTC(2026, 10, 25, 15));
  assertEquals(hours.beforeToMs, hours.fromMs);
  const week = spanOf("");
  assertEquals(week.step, "day");
  assertEquals(week.toMs, Date.UTC(2026, 10, 27));
  assertEquals(week.fromMs, Date.UTC(2026, 10, 20));
  assertEquals(week.beforeFromMs, Date.UTC(2026, 10, 13));
  // Today is not over: what it is compared with ends at the same hour.
  assertEquals(week.beforeToMs, Date.UTC(2026, 10, 19, 15));
  assertEquals(week.isPartial, true);
  const past = spanOf("range=custom&from=2026-10-01&to=2026-10-02");
  assertEquals(past.step, "hour");
  assertEquals(past.toMs - past.fromMs, 2 * DAY_MS);
  assertEquals(past.beforeToMs, past.fromMs);
  assertEquals(past.isPartial, false);
});

Deno.test("makeFormat() writes durations, bytes and changes", () => {
  const format = makeFormat();
  assertEquals(format.figure(0, "durationMs"), "0s");
  assertEquals(format.figure(320, "durationMs"), "320 ms");
  assertEquals(format.figure(45_000, "durationMs"), "45s");
  assertEquals(format.figure(3_600_000, "durationMs"), "1h");
  assertEquals(format.figure(3_725_000, "durationMs"), "1h 2m");
  assertEquals(format.figure(200_000_000, "durationMs"), "2d 7h");
  assertEquals(format.figure(1_536, "bytes"), "1.5 KiB");
  assertEquals(format.figure(512 * 2 ** 20, "bytes"), "512 MiB");
  assertEquals(format.figure(.4567, "share"), "45.7%");
  assertEquals(format.change(.12), "+12%");
  assertEquals(format.change(-.12), "-12%");
  assertEquals(format.many(1, "row"), "1 row");
  assertEquals(format.many(1_234, "row"), "1,234 rows");
});

Deno.test("makeTables() writes CSV that no spreadsheet runs", () => {
  const tables = makeTables({} as Dom, makeFormat());
  const csv = tables.toCsv({
    caption: "",
    columns: [
      { label: "Day (UTC)", kind: "day" },
      { label: '=cmd|"x"', kind: "count" },
      { label: "Label", kind: "text" },
      { label: "Share", kind: "share" },
    ],
    rows: [
      [Date.UTC(2026, 10, 26), 12_345, "+1", .25],
      [Date.UTC(2026, 10, 27), null, "a,b\r\nc", null],
    ],
  });
  assertEquals(
    csv,
    '"Day (UTC)","\'=cmd|""x""",Label,Share\r\n' +
      '2026-11-26T00:00:00.000Z,12345,"\'+1",0.25\r\n' +
      '2026-11-27T00:00:00.000Z,,"a,b\r\nc",\r\n',
  );
});

Deno.test("SERIES_COLORS stay apart for the colour-blind, and from the page", () => {
  for (const [theme, card] of [["light", "#ffffff"], ["dark", "#171a20"]]) {
    const colors = SERIES_COLORS[theme as "light" | "dark"];
    for (const color of colors) {
      // WCAG 2.2, 1.4.11: 3:1 for what is no text.
      assert(contrastOf(color, card!) >= 3, `${theme} ${color}`);
    }
    for (const [sight, matrix] of Object.entries(SIGHTS)) {
      const seen = colors.map((color) => labOf(color, matrix));
      for (const [i, a] of seen.entries()) {
        for (const [j, b] of seen.slice(0, i).entries()) {
          const distance = Math.hypot(...a.map((it, k) => it - b[k]!));
          assert(
            distance >= .1,
            `${theme}, ${sight}: ${colors[i]} and ${colors[j]} are ${distance}`,
          );
        }
      }
    }
  }
});

/** Of Machado, Oliveira, Fernandes: "A physiologically-based model for simulation of color vision deficiency", 2009. */
const SIGHTS: Readonly<Record<string, readonly (readonly number[])[]>> = {
  usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [
    [.152286, 1.052583, -.204868],
    [.114503, .786281, .099216],
    [-.003882, -.048116, 1.051998],
  ],
  deuteranopia: [
    [.367322, .860646, -.227968],
    [.280085, .672501, .047413],
    [-.01182, .04294, .968881],
  ],
  tritanopia: [
    [1.255528, -.076749, -.178779],
    [-.078411, .930809, .147602],
    [.004733, .691367, .3039],
  ],
};

function linearOf(color: string): number[] {
  return [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
  });
}

function contrastOf(a: string, b: string): number {
  const [light, dark] = [a, b].map((it) => {
    const [red, green, blue] = linearOf(it);
    return .2126 * red! + .7152 * green! + .0722 * blue! + .05;
  }).sort((a, b) => b - a);
  return light! / dark!;
}

/** A colour in OKLab, as somebody sees it. */
function labOf(
  color: string,
  matrix: readonly (readonly number[])[],
): number[] {
  const linear = linearOf(color);
  const [red, green, blue] = matrix.map((row) =>
    Math.min(
      1,
      Math.max(0, row.reduce((sum, it, i) => sum + it * linear[i]!, 0)),
    )
  ) as [number, number, number];
  const l = Math.cbrt(
    .4122214708 * red + .5363325363 * green + .0514459929 * blue,
  );
  const m = Math.cbrt(
    .2119034982 * red + .6806995451 * green + .1073969566 * blue,
  );
  const s = Math.cbrt(
    .0883024619 * red + .2817188376 * green + .6299787005 * blue,
  );
  return [
    .2104542553 * l + .793617785 * m - .0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + .4505937099 * s,
    .0259040371 * l + .7827717662 * m - .808675766 * s,
  ];
}
