import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Cron } from "./_cron.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 50_000 : 500;
const DAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
  .split(" ");

function minuteOf(text: string): number {
  return Date.parse(`${text}:00Z`) / 60_000;
}

function textOf(minute: number): string {
  return new Date(minute * 60_000).toISOString().slice(0, 16);
}

const TIMES: [cron: string, from: string, times: string[]][] = [
  ["0 0 * * *", "2026-02-27T00:01", ["2026-02-28T00:00", "2026-03-01T00:00"]],
  ["*/15 9 * * *", "2026-01-01T09:16", [
    "2026-01-01T09:30",
    "2026-01-01T09:45",
    "2026-01-02T09:00",
  ]],
  ["5,7-9,50-59/4 0 * * *", "2026-01-01T00:00", [
    "2026-01-01T00:05",
    "2026-01-01T00:07",
    "2026-01-01T00:08",
    "2026-01-01T00:09",
    "2026-01-01T00:50",
    "2026-01-01T00:54",
    "2026-01-01T00:58",
    "2026-01-02T00:05",
  ]],
  ["0 0 * * 1", "2026-11-25T00:00", ["2026-11-30T00:00", "2026-12-07T00:00"]],
  ["0 0 * * Mon", "2026-11-25T00:00", ["2026-11-30T00:00"]],
  ["0 0 * * 7", "2026-11-25T00:00", ["2026-11-29T00:00"]],
  ["0 0 * * 0", "2026-11-25T00:00", ["2026-11-29T00:00"]],
  ["0 0 * * fri-sun", "2026-11-25T00:00", [
    "2026-11-27T00:00",
    "2026-11-28T00:00",
    "2026-11-29T00:00",
    "2026-12-04T00:00",
  ]],
  ["0 0 * * 5-7", "2026-11-28T12:00", ["2026-11-29T00:00", "2026-12-04T00:00"]],
  // Sundays to Tuesdays, and 0 is not 7 at a range's lower end.
  ["0 0 * * sun-tue", "2026-11-25T00:00", [
    "2026-11-29T00:00",
    "2026-11-30T00:00",
    "2026-12-01T00:00",
    "2026-12-06T00:00",
  ]],
  ["0 12 1 jan,JUL *", "2026-01-02T00:00", [
    "2026-07-01T12:00",
    "2027-01-01T12:00",
  ]],
  // Either of the days is enough where both are given.
  ["0 0 13 * 5", "2026-11-01T00:00", [
    "2026-11-06T00:00",
    "2026-11-13T00:00",
    "2026-11-20T00:00",
    "2026-11-27T00:00",
    "2026-12-04T00:00",
    "2026-12-11T00:00",
    "2026-12-13T00:00",
  ]],
  // Both are needed where one has a "*": Mondays with an odd date.
  ["0 0 */2 * 1", "2026-11-01T00:00", ["2026-11-09T00:00", "2026-11-23T00:00"]],
  ["0 0 29 2 *", "2026-01-01T00:00", ["2028-02-29T00:00", "2032-02-29T00:00"]],
  ["0 0 29 2 *", "2096-03-01T00:00", ["2104-02-29T00:00"]],
  ["0 0 31 * *", "2026-01-31T00:01", ["2026-03-31T00:00", "2026-05-31T00:00"]],
  ["\t 59  23 31 12 * ", "2026-01-01T00:00", ["2026-12-31T23:59"]],
];

Deno.test("Cron.atOrAfter() finds the times one after the other", () => {
  for (const [text, from, times] of TIMES) {
    const cron = new Cron(text);
    let minute = minuteOf(from);
    for (const time of times) {
      minute = cron.atOrAfter(minute);
      assertEquals(textOf(minute), time, text);
      assertEquals(cron.atOrAfter(minute), minute, text);
      minute++;
    }
  }
});

Deno.test("Cron.atOrBefore() finds the same times backwards", () => {
  for (const [text, , times] of TIMES) {
    const cron = new Cron(text);
    let minute = minuteOf(times.at(-1)!);
    for (const time of times.toReversed()) {
      minute = cron.atOrBefore(minute);
      assertEquals(textOf(minute), time, text);
      minute--;
    }
  }
});

Deno.test("Cron refuses what is none, and names the field", () => {
  const cases: [text: string, wanted: string][] = [
    ["", "five fields"],
    ["0 0 * *", "five fields"],
    ["0 0 * * * *", "five fields"],
    ["@daily", "five fields"],
    ["60 0 * * *", "its minute must"],
    ["-1 0 * * *", "its minute must"],
    ["1.5 0 * * *", "its minute must"],
    ["001 0 * * *", "its minute must"],
    ["0 24 * * *", "its hour must"],
    ["0 0 0 * *", "its day of the month must"],
    ["0 0 32 * *", "its day of the month must"],
    ["0 0 L * *", "its day of the month must"],
    ["0 0 * 13 *", "its month must"],
    ["0 0 * foo *", "its month must"],
    ["0 0 * mon *", "its month must"],
    ["0 0 * * 8", "its day of the week must"],
    ["0 0 * * 1#2", "its day of the week must"],
    ["5-3 0 * * *", "its minute must"],
    ["5/2 0 * * *", "its minute must"],
    ["*/0 0 * * *", "its minute must"],
    ["*/ 0 * * *", "its minute must"],
    ["1,,2 0 * * *", "its minute must"],
    ["1, 0 * * *", "its minute must"],
    ["*-5 0 * * *", "its minute must"],
    ["1-2-3 0 * * *", "its minute must"],
    ["0\n0 * * *", "five fields"],
    ["0 0 30 2 *", "one of its months must have one of its days"],
    ["0 0 31 4,jun,9,11 *", "one of its months must have one of its days"],
    ["1,".repeat(200) + "1 0 * * *", "at most 256 characters"],
  ];
  for (const [text, wanted] of cases) {
    assertThrows(() => new Cron(text), SyntaxError, wanted, text);
  }
});

Deno.test("Cron does not refuse a rare day", () => {
  // Both days are needed: 29 February on a Monday, and it is 40 years until the next over the year 2100.
  const cron = new Cron("0 0 */28 feb mon");
  let minute = minuteOf("2096-01-01T00:00");
  const times: string[] = [];
  for (let i = 0; i < 3; i++) {
    minute = cron.atOrAfter(minute) + 1;
    times.push(textOf(minute - 1));
  }
  for (const time of times) {
    const date = new Date(`${time}:00Z`);
    assertEquals([date.getUTCDay(), date.getUTCMonth()], [1, 1]);
    assert([1, 29].includes(date.getUTCDate()));
  }
  assertEquals(times.length, 3);
});

/** A field at random: its text, and what it means. */
function randomField(
  random: SeededRandom,
  min: number,
  max: number,
  names: readonly string[],
): { text: string; values: Set<number> } {
  function nameOf(value: number): string {
    const name = names[value - min];
    return name === undefined || random.nextU32() % 2 === 0 ? `${value}` : name;
  }
  const values = new Set<number>();
  const items: string[] = [];
  const count = 1 + random.nextU32() % 3;
  for (let i = 0; i < count; i++) {
    const kind = random.nextU32() % 5;
    const a = min + random.nextU32() % (max - min + 1);
    const b = a + random.nextU32() % (max - a + 1);
    const step = kind % 2 === 0 ? 1 : 1 + random.nextU32() % 20;
    const slash = step === 1 ? "" : `/${step}`;
    const isStar = kind === 0 || (kind === 1 && i === 0);
    if (isStar) {
      items.push(`*${slash}`);
      for (let v = min; v <= max; v += step) values.add(v);
    } else if (kind === 2) {
      items.push(nameOf(a));
      values.add(a);
    } else {
      items.push(`${nameOf(a)}-${nameOf(b)}${slash}`);
      for (let v = a; v <= b; v += step) values.add(v);
    }
  }
  return { text: items.join(","), values };
}

function checkCase(seed: number): void {
  const random = new SeededRandom(seed);
  const fields = [
    randomField(random, 0, 59, []),
    randomField(random, 0, 23, []),
    randomField(random, 1, 28, []),
    randomField(random, 1, 12, MONTH_NAMES),
    randomField(random, 0, 6, DAY_NAMES),
  ] as const;
  const [minutes, hours, days, months, weekdays] = fields;
  const text = fields.map((field) => field.text).join(" ");
  const isEither = !days.text.includes("*") && !weekdays.text.includes("*");
  // The generator's last day is the 28th: no other is in a set but by a "*", which is all of them.
  if (days.text.includes("*")) {
    for (const item of days.text.split(",")) {
      const step = item.startsWith("*") ? Number(item.slice(2) || 1) : 99;
      for (let day = 1; day <= 31; day += step) {
        if (step < 99) days.values.add(day);
      }
    }
  }
  const cron = new Cron(text);
  assertEquals(cron.hasAnyHour, hours.text.includes("*"));
  function fits(minute: number): boolean {
    const date = new Date(minute * 60_000);
    const isDay = days.values.has(date.getUTCDate());
    const isWeekday = weekdays.values.has(date.getUTCDay());
    return minutes.values.has(date.getUTCMinutes()) &&
      hours.values.has(date.getUTCHours()) &&
      months.values.has(date.getUTCMonth() + 1) &&
      (isEither ? isDay || isWeekday : isDay && isWeekday);
  }
  const from = random.nextU32() % 60_000_000;
  const end = from + 2_000;
  let next = from;
  while (next < end && !fits(next)) next++;
  const after = cron.atOrAfter(from);
  let last = from;
  while (last > from - 2_000 && !fits(last)) last--;
  const before = cron.atOrBefore(from);
  const where = `seed ${seed}: ${text}`;
  if (next < end) assertEquals(after, next, where);
  else assert(after >= end && fits(after), where);
  if (last > from - 2_000) assertEquals(before, last, where);
  else assert(before <= from - 2_000 && fits(before), where);
}

Deno.test("Cron agrees with looking at each minute", () => {
  for (let seed = 0; seed < CASES; seed++) checkCase(seed);
});
