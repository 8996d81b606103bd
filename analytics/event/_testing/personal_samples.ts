import type { Random } from "../../../core/mod.ts";
import type { EventDefinition } from "../event_definition.ts";
import type { PersonalDataKind } from "../personal_data.ts";

/** A text that nobody may find in a store. */
export interface PersonalSample {
  readonly kind: PersonalDataKind;
  readonly text: string;
}

/** Fields as a careless game or a stranger sends them. */
export interface PersonalPayload {
  readonly definition: EventDefinition;
  readonly fields: Record<string, unknown>;
  /** The personal texts in it, in names, values, or deeper. */
  readonly personal: readonly string[];
}

const GIVEN = ["ada", "Grace", "linus", "Margaret", "jose", "Yuki", "o.brien"];
const FAMILY = ["lovelace", "Hopper", "hamilton", "Nakamura", "van-dyke"];
const DOMAINS = [
  "example.com",
  "mail.example.org",
  "uni-x.de",
  "example.co.uk",
];
const BASE64URL =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const MAKERS: Readonly<Record<PersonalDataKind, (random: Random) => string>> = {
  email: (random) => {
    const local = `${pick(random, GIVEN)}${pick(random, ["", ".", "_", "+"])}${
      pick(random, FAMILY)
    }`;
    const domain = pick(random, DOMAINS);
    switch (below(random, 4)) {
      case 0:
        return `${local} at ${domain.replaceAll(".", " dot ")}`;
      case 1:
        return `${pick(random, GIVEN)}_at_${domain}`;
      default:
        return `${local}@${domain}`;
    }
  },
  ipAddress: (random) => {
    switch (below(random, 4)) {
      case 0:
        return rows(random, 8, ":", () => hex(random, 4));
      case 1:
        return `2001:db8::${hex(random, 3)}${below(random, 10)}:${
          hex(random, 2)
        }`;
      case 2:
        return `fe80::${below(random, 10)}${hex(random, 3)}`;
      default:
        return rows(random, 4, ".", () => `${below(random, 256)}`);
    }
  },
  macAddress: (random) => {
    const gap = pick(random, [":", "-"]);
    return `0${below(random, 10)}${gap}${
      rows(random, 5, gap, () => hex(random, 2))
    }`;
  },
  telephone: (random) => {
    const d = (count: number) => digits(random, count);
    switch (below(random, 8)) {
      case 0:
        return `+49 ${1}${d(2)} ${d(7)}`;
      case 1:
        return `0171 ${d(3)} ${d(4)}`;
      case 2:
        return `+1-${2}${d(2)}-555-${d(4)}`;
      case 3:
        return `${3}${d(2)}.555.${d(4)}`;
      case 4:
        return `06 ${rows(random, 4, " ", () => d(2))}`;
      case 5:
        return `+44 20 7946 0${d(3)}`;
      case 6:
        return `030/${d(7)}`;
      default:
        return `0151${d(8)}`;
    }
  },
  card: (random) => {
    const body = pick(random, ["4", "51", "37", "6011"]) + digits(random, 11);
    const number = body + luhnDigit(body);
    const gap = pick(random, ["", " ", "-"]);
    return number.replace(/(.{4})(?=.)/g, `$1${gap}`);
  },
  iban: (random) => {
    const [country, body] = pick(random, [
      ["DE", digits(random, 18)],
      ["NL", `ABNA${digits(random, 10)}`],
      ["GB", `NWBK${digits(random, 14)}`],
      ["CH", `00762${digits(random, 12)}`],
    ]) as [string, string];
    const rest = valueOf(body + country + "00") % 97n;
    const text = `${country}${`${98n - rest}`.padStart(2, "0")}${body}`;
    return random.nextFloat() < 0.5
      ? text
      : text.replace(/(.{4})(?=.)/g, "$1 ");
  },
  socialSecurity: (random) =>
    `${1 + below(random, 8)}${digits(random, 2)}-${digits(random, 2)}-${
      digits(random, 4)
    }`,
  number: (random) => `7${digits(random, 8 + below(random, 12))}`,
  url: (random) => {
    const name = pick(random, GIVEN).replace(".", "") + digits(random, 2);
    return pick(random, [
      `https://example.com/users/${name}`,
      `https://steamcommunity.com/id/${name}`,
      `twitter.com/${name}`,
      `http://www.example.org/forum/profile/${name}`,
      `https://${name}:hunter2@example.com/`,
    ]);
  },
  path: (random) => {
    const name = pick(random, GIVEN).replace(".", "");
    return pick(random, [
      `/home/${name}/saves/slot1.json`,
      `/Users/${name}/Library/game.log`,
      `C:/Users/${name}/AppData/game`,
      `file:///home/${name}/mods`,
      `C:\\Users\\${name}\\Documents`,
    ]);
  },
  token: (random) => {
    switch (below(random, 3)) {
      case 0:
        return [8, 4, 4, 4, 12].map((count) => hex(random, count)).join("-");
      case 1:
        // The first two digits make it one that no word is.
        return `9${hex(random, 15)}4b`;
      default:
        return Array.from({ length: 48 }, () => BASE64URL[below(random, 64)])
          .join("");
    }
  },
};

const KINDS = Object.keys(MAKERS) as PersonalDataKind[];

/**
 * Draws a personal text: at most 64 characters, with a word before or behind it at times.
 *
 * @param random What to draw from.
 * @param kind Of which kind; any if left out.
 */
export function drawPersonalSample(
  random: Random,
  kind: PersonalDataKind = pick(random, KINDS),
): PersonalSample {
  const text = MAKERS[kind](random);
  if (text.length > 52) return { kind, text };
  switch (below(random, 4)) {
    case 0:
      return { kind, text: `killed by ${text}` };
    case 1:
      return { kind, text: `${text} wins` };
    default:
      return { kind, text };
  }
}

/** All kinds that are drawn. */
export const PERSONAL_KINDS: readonly PersonalDataKind[] = KINDS;

/**
 * Draws fields for one of the definitions: right ones at first, into which personal texts are put, as values, as names, in
 * arrays and objects, beside values that are broken in other ways.
 */
export function drawPersonalPayload(
  random: Random,
  definitions: readonly EventDefinition[],
): PersonalPayload {
  const definition = pick(random, definitions);
  const fields = drawFields(random, definition);
  const names = Object.keys(definition.fields);
  const personal: string[] = [];
  const count = 1 + below(random, 3);
  for (let i = 0; i < count; i++) {
    const { text } = drawPersonalSample(random);
    const name = names.length === 0 ? "note" : pick(random, names);
    personal.push(text);
    switch (below(random, 7)) {
      case 0:
        set(fields, text, below(random, 10));
        break;
      case 1:
        set(fields, pick(random, ["email", "ip", "__proto__", "x"]), text);
        break;
      case 2:
        set(fields, name, { value: text });
        break;
      case 3:
        set(fields, name, [text]);
        break;
      case 4:
        set(fields, name, [0, 0, 0, 0, text, 1]);
        break;
      default:
        set(fields, name, text);
    }
  }
  return { definition, fields, personal };
}

/** Draws fields that a definition allows. */
export function drawFields(
  random: Random,
  definition: EventDefinition,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(definition.fields)) {
    if (field.optional === true && random.nextFloat() < 0.5) continue;
    switch (field.kind) {
      case "int":
      case "float": {
        const min = Math.max(field.min ?? -1000, -1e6);
        const value = min + random.nextFloat() * ((field.max ?? 1e6) - min);
        values[name] = field.kind === "int" ? Math.floor(value) : value;
        break;
      }
      case "bool":
        values[name] = random.nextFloat() < 0.5;
        break;
      case "choice":
        values[name] = pick(random, field.of);
        break;
      case "label":
        values[name] = pick(random, ["spikes", "Flame Warden", "floor-12"]);
        break;
      case "text":
        values[name] = pick(random, ["", "Out of range", "at main.ts:10:5"]);
        break;
      case "sketch":
        values[name] = pick(random, [
          [0, 0, 0, 0],
          [33, 16, 17, 0, 255, 1, 5, 1],
        ]);
    }
  }
  return values;
}

/** Not by assignment, as in what `JSON.parse` gives. */
function set(
  fields: Record<string, unknown>,
  name: string,
  value: unknown,
): void {
  Object.defineProperty(fields, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function below(random: Random, limit: number): number {
  return Math.floor(random.nextFloat() * limit);
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[below(random, values.length)]!;
}

function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => below(random, 10)).join("");
}

function hex(random: Random, count: number): string {
  return Array.from({ length: count }, () => below(random, 16).toString(16))
    .join("");
}

function rows(
  random: Random,
  count: number,
  gap: string,
  draw: (random: Random) => string,
): string {
  return Array.from({ length: count }, () => draw(random)).join(gap);
}

function luhnDigit(body: string): number {
  let sum = 0;
  for (let i = 0; i < body.length; i++) {
    let digit = Number(body[body.length - 1 - i]);
    if (i % 2 === 0 && (digit *= 2) > 9) digit -= 9;
    sum += digit;
  }
  return (10 - sum % 10) % 10;
}

/** An IBAN as the number of which ISO 13616 takes the remainder. */
function valueOf(text: string): bigint {
  return BigInt(
    [...text].map((character) => parseInt(character, 36)).join(""),
  );
}
