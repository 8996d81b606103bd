import type { SeededRandom } from "../../../core/mod.ts";

const TEXTS = [
  "",
  "a",
  "__proto__",
  "constructor",
  "toString",
  "\ud800",
  "é😀",
  "0 0 * * *",
  "0 0 30 2 *",
  "UTC",
  "Mars/Olympus",
  "9223372036854775807",
  "9223372036854775808",
  "-1",
  "x".repeat(300),
  "\0",
  "allTime",
  "best",
  "string",
  "integer",
];
const NUMBERS = [0, -0, 1, -1, 0.5, 1e16, -1e16, 2 ** 53, 1e308, 52, 64, 1024];

/** One of several, by the seed. */
export function pick<T>(random: SeededRandom, values: readonly T[]): T {
  return values[random.nextU32() % values.length]!;
}

/** What `JSON.parse` might give of anybody's text: `names` are those that its objects like best. */
export function randomJson(
  random: SeededRandom,
  names: readonly string[],
  depth = 4,
): unknown {
  switch (random.nextU32() % (depth > 0 ? 8 : 5)) {
    case 0:
      return pick(random, TEXTS);
    case 1:
      return pick(random, NUMBERS);
    case 2:
      return (random.nextU32() | 0) / pick(random, [1, 3, 1e-9]);
    case 3:
      return pick(random, [true, false, null]);
    case 4:
      return pick(random, names);
    case 5:
      return Array.from(
        { length: random.nextU32() % 5 },
        () => randomJson(random, names, depth - 1),
      );
    default:
      return randomObject(random, names, depth);
  }
}

/** An object with own fields of any names: "__proto__" too, as JSON has it. */
export function randomObject(
  random: SeededRandom,
  names: readonly string[],
  depth = 4,
): Record<string, unknown> {
  return Object.fromEntries(
    Array.from({ length: random.nextU32() % 6 }, () => [
      random.nextU32() % 4 === 0 ? pick(random, TEXTS) : pick(random, names),
      randomJson(random, names, depth - 1),
    ]),
  );
}

/** The same as JSON, but that something in it is another thing, or there is more. */
export function mutateJson(
  random: SeededRandom,
  value: unknown,
  names: readonly string[],
): unknown {
  if (
    typeof value !== "object" || value === null || random.nextU32() % 6 === 0
  ) {
    return randomJson(random, names, 2);
  }
  if (Array.isArray(value)) {
    const copy = [...value];
    const index = random.nextU32() % (copy.length + 1);
    copy[index] = mutateJson(random, copy[index], names);
    return copy;
  }
  const fields = Object.entries(value);
  const index = random.nextU32() % (fields.length + 1);
  const [name, field] = fields[index] ?? [pick(random, names), undefined];
  fields[index] = [name, mutateJson(random, field, names)];
  return Object.fromEntries(fields);
}
