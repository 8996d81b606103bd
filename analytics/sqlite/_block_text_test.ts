import { assertEquals, assertThrows } from "@std/assert";
import type { StoredEvent } from "../store/store.ts";
import { BlockReader, BlockWriter, quotedNameOf } from "./_block_text.ts";

const FIRST_MS = 1_764_028_800_000;

/** An event with a place. */
type Placed = readonly [index: number, event: StoredEvent];

function eventOf(
  number: number,
  name: string,
  afterMs: number,
  data: string,
): StoredEvent {
  return { number, name, timeMs: FIRST_MS + afterMs, data };
}

function write(events: readonly (StoredEvent | undefined)[]): string {
  return new BlockWriter().write(events, 0, events.length, FIRST_MS);
}

function read(text: string, name?: string): Placed[] {
  const found: Placed[] = [];
  const reader = new BlockReader();
  reader.open(text, FIRST_MS);
  const quoted = name === undefined ? undefined : quotedNameOf(name);
  while (reader.next(quoted)) found.push([reader.index, reader.toEvent()]);
  return found;
}

const EVENTS = [
  eventOf(17, "death", 0, '{"cause":"],\\n[\\"death\\",","floor":3}'),
  undefined,
  eventOf(Number.MAX_SAFE_INTEGER, "custom", 119_999, "{}"),
  eventOf(18, "deaths", 5, '{"text":"\u{1f600} \\" é"}'),
  eventOf(19, "death", 120_000, '{"sketch":[1.5,0,2,0,-3,4],"death":[1]}'),
];

Deno.test("BlockWriter.write() writes JSON with a line for each event", () => {
  const text = write([EVENTS[4], undefined, EVENTS[2]]);
  assertEquals(
    text,
    '[[19,120000,"death",{"sketch":[1.5,0,2,0,-3,4],"death":[1]}],\n0,\n[9007199254740991,119999,"custom",{}]]',
  );
  assertEquals(JSON.parse(write(EVENTS)).length, EVENTS.length);
  assertEquals(new BlockWriter().write(EVENTS, 2, 3, FIRST_MS).length, 39);
});

Deno.test("BlockReader reads what BlockWriter wrote, each at its place", () => {
  const placed = EVENTS.flatMap((event, i): Placed[] =>
    event === undefined ? [] : [[i, event]]
  );
  assertEquals(read(write(EVENTS)), placed);
  for (const [i, event] of placed) {
    assertEquals(read(write([undefined, event])), [[1, event]]);
    assertEquals(read(write([event, undefined])), [[0, event]]);
    assertEquals(
      read(write(EVENTS), event.name).some(([at]) => at === i),
      true,
    );
  }
  assertEquals(read(write([undefined, undefined])), []);
});

Deno.test("BlockReader reads those of a name, and of none that begins or ends like it", () => {
  const text = write(EVENTS);
  assertEquals(read(text, "death").map(([i]) => i), [0, 4]);
  assertEquals(read(text, "deaths").map(([i]) => i), [3]);
  assertEquals(read(text, "eath"), []);
  assertEquals(read(text, ""), []);
});

Deno.test("BlockReader reads names and fields that no collector stores", () => {
  for (const name of ["", 'a"b', "a\\", 'x",{}],\n[1,2,"y', "\u{1f600}\n"]) {
    const event = eventOf(3, name, 1, '{"a":1}');
    assertEquals(read(write([event, event])), [[0, event], [1, event]], name);
    assertEquals(read(write([event]), name), [[0, event]], name);
  }
  // Between values lines are as good as spaces.
  const broken = eventOf(3, "custom", 1, '{\n"a":1\n}');
  assertEquals(read(write([broken, EVENTS[2]])), [
    [0, { ...broken, data: '{ "a":1 }' }],
    [1, EVENTS[2]!],
  ]);
});

Deno.test("BlockReader throws for text that is damaged, or reads what it may", () => {
  for (
    const text of [
      "[1]",
      "[{}]",
      '[[1,2,"a",{}],\n',
      '[["1",2,"a",{}]]',
      '[[,2,"a",{}]]',
      "[[1,2,3,{}]]",
      '[[1,-2,"a",{}]]',
      '[[1,2,"a]]',
      '[[1,2,"a\\",{}]]',
      '[[1,2,"a",{}',
      "xxxxxxxxxx",
    ]
  ) {
    assertThrows(() => read(text), Error, undefined, text);
  }
  // Cut anywhere, or with any character another one, it ends.
  const text = write(EVENTS);
  for (let i = 0; i <= text.length; i++) {
    for (
      const damaged of [
        text.slice(0, i),
        text.slice(0, i) + "]" + text.slice(i + 1),
      ]
    ) {
      try {
        read(damaged);
      } catch (error) {
        assertEquals(error instanceof Error, true);
      }
    }
  }
});
