import { assertEquals, assertThrows } from "@std/assert";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import { SumBatch } from "./_sum_batch.ts";

const OWNER = { title: "main", build: "1.0", platform: "linux" };

function sketchOf(...values: number[]): QuantileSketch {
  const sketch = new QuantileSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

/** All that a batch has, as texts. */
function contentOf(batch: SumBatch): string[] {
  const content: string[] = [];
  batch.eachCount((owner, ...count) =>
    content.push([...Object.values(owner), ...count].join("|"))
  );
  batch.eachSketch((owner, metric, timeMs, sketch) =>
    content.push(
      [...Object.values(owner), metric, timeMs, sketch.toJson()].join("|"),
    )
  );
  return content.sort();
}

function sample(): SumBatch {
  const batch = new SumBatch();
  batch.addCount(OWNER, "death", 0, "lava", "3", 2);
  batch.addCount(OWNER, "death", 0, "lava", "3", 1);
  batch.addCount(OWNER, "death", 7, "lava", "3", 1);
  batch.addCount(OWNER, "death", 0, "lav", "a3", 5);
  batch.addCount(
    { ...OWNER, title: "mai", build: "n1.0" },
    "event",
    0,
    "",
    "",
    1,
  );
  const change = { metric: "frameTime", hourMs: 0, sketch: [] };
  batch.add(OWNER, [], [[change, sketchOf(1, 2)], [change, sketchOf(3)]]);
  return batch;
}

Deno.test("SumBatch adds up what is known by the same, and tells apart all else", () => {
  const batch = sample();
  assertEquals(
    contentOf(batch),
    [
      "mai|n1.0|linux|event|0|||1",
      "main|1.0|linux|death|0|lava|3|3",
      "main|1.0|linux|death|0|lav|a3|5",
      "main|1.0|linux|death|7|lava|3|1",
      `main|1.0|linux|frameTime|0|${sketchOf(1, 2, 3).toJson()}`,
    ].sort(),
  );
  assertEquals(batch.size, 4 + 32);
  batch.addCount(OWNER, "death", 0, "lava", "3", Number.MAX_SAFE_INTEGER);
  batch.addCount(OWNER, "death", 0, "none", "3", 0);
  batch.add(OWNER, [], [[{ metric: "x", hourMs: 0, sketch: [] }, sketchOf()]]);
  assertEquals(batch.size, 4 + 32);
  assertEquals(
    contentOf(batch).includes(
      `main|1.0|linux|death|0|lava|3|${Number.MAX_SAFE_INTEGER}`,
    ),
    true,
  );
  batch.clear();
  assertEquals(batch.size, 0);
  assertEquals(contentOf(batch), []);
});

Deno.test("SumBatch.eachCount() and firstMs() look at a title, a metric and a range", () => {
  const batch = sample();
  const range = { title: "main", metric: "death", fromMs: 1, toMs: 8 };
  const found: unknown[] = [];
  batch.eachCount((_, ...count) => found.push(count), range);
  assertEquals(found, [["death", 7, "lava", "3", 1]]);
  assertEquals(batch.firstMs("counts", range), 7);
  assertEquals(batch.firstMs("counts", { ...range, fromMs: 0 }), 0);
  assertEquals(batch.firstMs("counts", { ...range, toMs: 7 }), Infinity);
  assertEquals(batch.firstMs("sketches", range), Infinity);
  assertEquals(batch.firstMs("counts", { ...range, title: "x" }), Infinity);
});

Deno.test("SumBatch.addJson() adds what toJson() gave, and merge() all of another one", () => {
  const read = new SumBatch();
  read.addJson(sample().toJson());
  assertEquals(contentOf(read), contentOf(sample()));
  const twice = sample();
  twice.merge(sample());
  read.addJson(sample().toJson());
  assertEquals(contentOf(read), contentOf(twice));
  assertEquals(read.size, twice.size);
});

Deno.test("SumBatch.addJson() throws for what toJson() does not give", () => {
  for (
    const json of [
      "",
      "{}",
      "[1]",
      "[[]]",
      '[["t","b",1,[],[]]]',
      '[["t","b","p",{},[]]]',
      '[["t","b","p",[[1,0,"","",1]],[]]]',
      '[["t","b","p",[["m",0.5,"","",1]],[]]]',
      '[["t","b","p",[["m",0,"",null,1]],[]]]',
      '[["t","b","p",[["m",0,"","","1"]],[]]]',
      '[["t","b","p",[],[["m",0,[1,2]]]]]',
      '[["t","b","p",[],[["m",0,{}]]]]',
      '[["t","b","p",[],[["m",1e99,[0,0,0,0]]]]]',
    ]
  ) {
    assertThrows(() => new SumBatch().addJson(json), Error, undefined, json);
  }
});
