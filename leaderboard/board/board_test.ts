import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { mutateJson, randomObject } from "./_testing/random_json.ts";
import {
  type Board,
  boardToJson,
  boardToStored,
  fixedOptionChanged,
  HIDDEN_PERIOD,
  parseBoard,
} from "./board.ts";
import type { BoardOptions } from "./board_options.ts";
import { BoardOptionsError } from "./board_options_error.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 3_000;

/** Every option, none at its default. */
const FULL: Required<BoardOptions> = {
  order: "ascending",
  subscoreOrder: "descending",
  operator: "sum",
  ties: "dense",
  minScore: -5,
  maxScore: "9223372036854775806",
  periods: {
    weekly: { cron: "0 4 * * mon", timeZone: "Europe/Berlin", keepSeasons: 3 },
    ever: {},
  },
  classes: ["any%", "glitchless"],
  metadata: {
    fields: {
      level: { type: "integer", min: 1, max: 99, required: true },
      ratio: { type: "number" },
      hero: { type: "string", maxBytes: 16, values: ["ada", "bob"] },
      hard: { type: "boolean" },
    },
  },
  maxMetadataBytes: 2_000,
  attempts: { limit: 3, period: "weekly" },
  requiresRun: true,
  minRunMs: 1_000,
  requiresReplay: true,
  submitters: "servers",
  maxEntries: 1_000,
};

function roundTrip(board: Board): Board {
  return parseBoard(board.id, JSON.parse(boardToStored(board)));
}

Deno.test("parseBoard() settles the defaults", () => {
  const board = parseBoard("main/speedrun", {});
  assertEquals(JSON.parse(boardToStored(board)), {
    order: "descending",
    subscoreOrder: "descending",
    operator: "best",
    ties: "earliest",
    minScore: "-9223372036854775808",
    maxScore: "9223372036854775807",
    periods: {
      daily: { cron: "0 0 * * *", timeZone: "UTC", keepSeasons: 52 },
      weekly: { cron: "0 0 * * 1", timeZone: "UTC", keepSeasons: 52 },
      allTime: { keepSeasons: 52 },
    },
    classes: [],
    maxMetadataBytes: 1_024,
    requiresRun: false,
    minRunMs: 0,
    requiresReplay: false,
    submitters: "players",
    maxEntries: 2_000_000,
  });
  assertEquals([board.id, board.name], ["main/speedrun", "speedrun"]);
  assertEquals(board.defaultPeriod.name, "allTime");
  assertEquals(
    parseBoard("main/x", { order: "ascending" }).subscoreOrder,
    "ascending",
  );
});

Deno.test("boardToStored() keeps every option, in one form", () => {
  const board = parseBoard("main/x", FULL);
  const stored = boardToStored(board);
  assertEquals(JSON.parse(stored), {
    ...FULL,
    periods: {
      weekly: FULL.periods.weekly,
      ever: { keepSeasons: 52 },
    },
    metadata: {
      fields: {
        level: { type: "integer", min: 1, max: 99, required: true },
        ratio: { type: "number", required: false },
        hero: {
          type: "string",
          maxBytes: 16,
          values: ["ada", "bob"],
          required: false,
        },
        hard: { type: "boolean", required: false },
      },
    },
  });
  assertEquals(boardToStored(roundTrip(board)), stored);
  const turned = Object.fromEntries(Object.entries(FULL).reverse());
  assertEquals(boardToStored(parseBoard("main/x", turned)), stored);
  assertEquals(board.defaultPeriod.name, "weekly");
  assertEquals(board.maxScore, 2n ** 63n - 2n);
  assertEquals(
    parseBoard("main/x", { minScore: 5n, maxScore: "7" }).maxScore,
    7,
  );
});

Deno.test("parseBoard() names the option that is wrong", () => {
  const many = Object.fromEntries(
    Array.from({ length: 65 }, (_, i) => [`f${i}`, { type: "boolean" }]),
  );
  const long = Array.from({ length: 256 }, (_, i) => `${i}`.padEnd(250, "x"));
  const cases: [options: unknown, field: string, wanted: string][] = [
    [null, "", "must be an object: current value is null"],
    [undefined, "", "must be an object"],
    [[], "", "must be an object"],
    ["{}", "", "must be an object"],
    [{ colour: 1 }, "colour", "its fields must be of"],
    [JSON.parse('{"__proto__":{}}'), "__proto__", "its fields must be of"],
    [{ order: "up" }, "order", '"descending", "ascending"'],
    [{ order: null }, "order", "current value is null"],
    [{ subscoreOrder: 1 }, "subscoreOrder", "current value is 1"],
    [{ operator: "max" }, "operator", '"increment"'],
    [{ ties: "constructor" }, "ties", '"dense"'],
    [{ minScore: 0.5 }, "minScore", "integer of 64 bits"],
    [{ minScore: 2 ** 53 }, "minScore", "integer of 64 bits"],
    [{ maxScore: 2n ** 63n }, "maxScore", "integer of 64 bits"],
    [{ maxScore: "1e3" }, "maxScore", 'current value is "1e3"'],
    [{ minScore: 5, maxScore: 4 }, "minScore", "at most maxScore"],
    [{ periods: {} }, "periods", "1 to 8 names"],
    [{ periods: { "~hidden": {} } }, "periods", "must have names"],
    [{ periods: { a: 1 } }, "periods.a", "must be an object"],
    [{ periods: { a: { cron: 5 } } }, "periods.a.cron", "must be a string"],
    [{ periods: { a: { cron: "x" } } }, "periods.a.cron", "five fields"],
    [
      { periods: { a: { cron: "0 0 30 2 *" } } },
      "periods.a.cron",
      "one of its months",
    ],
    [
      { periods: { a: { cron: "0 0 * * *", timeZone: "X/Y" } } },
      "periods.a.timeZone",
      "IANA",
    ],
    [
      { periods: { a: { timeZone: "UTC" } } },
      "periods.a.timeZone",
      "come with a cron",
    ],
    [{ periods: { a: { timezone: "UTC" } } }, "periods.a.timezone", "fields"],
    [
      { periods: { a: { keepSeasons: -1 } } },
      "periods.a.keepSeasons",
      "from 0 to 1000000",
    ],
    [{ classes: "any%" }, "classes", "array of at most 64"],
    [{ classes: Array(65).fill("a") }, "classes", "array of at most 64"],
    [{ classes: ["a/b"] }, "classes", "must be names"],
    [{ classes: [""] }, "classes", "must be names"],
    [{ classes: ["a", "a"] }, "classes", "each name once"],
    [{ metadata: {} }, "metadata.fields", "must be an object"],
    [{ metadata: { fields: many } }, "metadata.fields", "at most 64 names"],
    [
      { metadata: { fields: JSON.parse('{"__proto__":{}}') } },
      "metadata.fields",
      "must have names",
    ],
    [
      { metadata: { fields: { a: { type: "date" } } } },
      "metadata.fields.a.type",
      '"integer"',
    ],
    [
      { metadata: { fields: { a: { type: "boolean", min: 1 } } } },
      "metadata.fields.a.min",
      "fields",
    ],
    [
      { metadata: { fields: { a: { type: "string", maxBytes: 0 } } } },
      "metadata.fields.a.maxBytes",
      "from 1 to 16384",
    ],
    [
      {
        metadata: {
          fields: { a: { type: "string", maxBytes: 1, values: ["é"] } },
        },
      },
      "metadata.fields.a.values",
      "at most 1 bytes",
    ],
    [
      { metadata: { fields: { a: { type: "number", min: 2, max: 1 } } } },
      "metadata.fields.a.min",
      "at most max",
    ],
    [
      { metadata: { fields: { a: { type: "number", max: Infinity } } } },
      "metadata.fields.a.max",
      "finite",
    ],
    [
      { metadata: { fields: { a: { type: "boolean", required: 1 } } } },
      "metadata.fields.a.required",
      "true or false",
    ],
    [
      {
        metadata: {
          fields: {
            a: { type: "string", values: long },
            b: { type: "string", values: long },
          },
        },
      },
      "",
      "at most 65536 bytes",
    ],
    [{ maxMetadataBytes: 16_385 }, "maxMetadataBytes", "from 0 to 16384"],
    [{ attempts: 3 }, "attempts", "must be an object"],
    [
      { attempts: { limit: 0, period: "daily" } },
      "attempts.limit",
      "from 1 to 1000000",
    ],
    [
      { attempts: { limit: 1, period: "constructor" } },
      "attempts.period",
      "one of the board's periods",
    ],
    [{ attempts: { limit: 1 } }, "attempts.period", "undefined"],
    [{ requiresRun: "yes" }, "requiresRun", "true or false"],
    [{ minRunMs: -1 }, "minRunMs", "an integer from 0"],
    [{ requiresReplay: 0 }, "requiresReplay", "true or false"],
    [{ submitters: "all" }, "submitters", '"servers"'],
    [{ maxEntries: 0 }, "maxEntries", "from 1 to 16000000"],
  ];
  for (const [options, field, wanted] of cases) {
    const error = assertThrows(
      () => parseBoard("main/x", options),
      BoardOptionsError,
      wanted,
    );
    assertEquals(error.field, field, error.message);
    assert(/^Cannot make board as .*its /.test(error.message), error.message);
  }
});

Deno.test("parseBoard() refuses names that are none", () => {
  for (
    const id of [
      "",
      "x",
      "/x",
      "main/",
      "main/x/y",
      "main/.x",
      "main/a b",
      "main/" + "x".repeat(65),
      "main/any%",
      "__proto__/x",
      "main/x\n",
    ]
  ) {
    assertThrows(() => parseBoard(id, {}), RangeError, "its name must be", id);
  }
  assertEquals(parseBoard(`0/${"x".repeat(64)}`, {}).name, "x".repeat(64));
});

const NAMES = [
  ...Object.keys(FULL),
  "cron",
  "timeZone",
  "keepSeasons",
  "fields",
  "type",
  "required",
  "maxBytes",
  "values",
  "min",
  "max",
  "limit",
  "period",
  "weekly",
];

Deno.test("parseBoard() takes any JSON or refuses it by its own error", () => {
  let taken = 0;
  for (let seed = 0; seed < CASES; seed++) {
    const random = new SeededRandom(seed);
    let options: unknown = { ...FULL };
    if (seed % 4 === 0) options = randomObject(random, NAMES);
    else {
      for (let i = seed % 3; i >= 0; i--) {
        options = mutateJson(random, options, NAMES);
      }
    }
    let board: Board;
    try {
      board = parseBoard("main/x", options);
    } catch (error) {
      assert(error instanceof BoardOptionsError, `seed ${seed}: ${error}`);
      assert(error.message.length < 1_000, `seed ${seed}: ${error.message}`);
      assert(error.field.length < 250, `seed ${seed}`);
      continue;
    }
    taken++;
    const stored = boardToStored(board);
    assertEquals(boardToStored(roundTrip(board)), stored, `seed ${seed}`);
    assert(stored.length <= 65_536, `seed ${seed}`);
    assertEquals(fixedOptionChanged(board, roundTrip(board)), undefined);
  }
  assert(taken > CASES / 50 && taken < CASES, `${taken} taken`);
  assertEquals(Object.keys(Object.prototype), []);
});

Deno.test("fixedOptionChanged() names what may not change", () => {
  const board = parseBoard("main/x", {});
  function change(options: BoardOptions): string | undefined {
    return fixedOptionChanged(board, parseBoard("main/x", options));
  }
  assertEquals(change({ order: "descending", classes: ["a"] }), undefined);
  assertEquals(
    change({ periods: { allTime: {} }, minScore: 0, maxEntries: 5 }),
    undefined,
  );
  assertEquals(change({ order: "ascending" }), "order");
  assertEquals(change({ subscoreOrder: "ascending" }), "subscoreOrder");
  assertEquals(change({ operator: "sum" }), "operator");
  assertEquals(change({ ties: "shared" }), "ties");
});

Deno.test("Board.rankingsAt() names what a submission counts for", () => {
  const board = parseBoard("main/x", { ...FULL, classes: ["a", "b"] });
  const at = Date.UTC(2026, 10, 25);
  const weekly = Date.UTC(2026, 10, 23, 3);
  const common = {
    board: "main/x",
    order: "ascending",
    subscoreOrder: "descending",
    ties: "dense",
  };
  function ranking(
    period: string,
    season: number,
    className: string,
  ): Record<string, unknown> {
    return { ...common, period, season, className };
  }
  assertEquals(board.rankingsAt(at, ""), [
    ranking("weekly", weekly, ""),
    ranking("ever", 0, ""),
  ] as unknown[]);
  assertEquals(board.rankingsAt(at, "a"), [
    ranking("weekly", weekly, ""),
    ranking("weekly", weekly, "a"),
    ranking("ever", 0, ""),
    ranking("ever", 0, "a"),
  ] as unknown[]);
  assertEquals(board.hiddenRanking, ranking(HIDDEN_PERIOD, 0, "") as unknown);
});

Deno.test("boardToJson() tells the running seasons and the next resets", () => {
  const board = parseBoard("main/x", FULL);
  assertEquals(boardToJson(board, Date.UTC(2026, 10, 25)), {
    id: "x",
    order: "ascending",
    subscoreOrder: "descending",
    operator: "sum",
    ties: "dense",
    classes: ["any%", "glitchless"],
    requiresRun: true,
    requiresReplay: true,
    periods: {
      weekly: {
        season: Date.UTC(2026, 10, 23, 3),
        nextReset: Date.UTC(2026, 10, 30, 3),
      },
      ever: { season: 0 },
    },
  });
});
