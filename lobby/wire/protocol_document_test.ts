import { assert, assertEquals } from "@std/assert";
import {
  LOBBY_CHANNEL,
  LOBBY_LIST_CHANNEL,
  LOBBY_PROTOCOL,
} from "./lobby_request.ts";
import { MAX_REQUEST_BYTES, REQUEST_FIELDS } from "./_read_request.ts";
import { PUSH_FIELDS } from "./_read_push.ts";

const DOCUMENT = await Deno.readTextFile(
  new URL("../PROTOCOL.md", import.meta.url),
);

/** The rows of the table that a section begins with: the name, and what of it is said in its second cell. */
function rows(section: string): Map<string, string> {
  const start = DOCUMENT.indexOf(`\n## ${section}`);
  assert(start >= 0, section);
  const text = DOCUMENT.slice(start).split("\n## ")[1]!;
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\| `(\w+)` +\|([^|]*)\|/.exec(line);
    if (match !== null) found.set(match[1]!, match[2]!);
  }
  // The head of the table.
  found.delete("do");
  found.delete("push");
  return found;
}

/** The names in a cell; those that may be left out with a `?`. */
function names(cell: string): string[] {
  return [...cell.matchAll(/`(\w+\??)`/g)].map((match) => match[1]!)
    .filter((name) => name !== "null").sort();
}

Deno.test("PROTOCOL.md names each request with its fields", () => {
  const documented = rows("2. Requests");
  assertEquals(
    [...documented.keys()].sort(),
    Object.keys(REQUEST_FIELDS).sort(),
  );
  for (const [name, cell] of documented) {
    if (cell.includes("the same")) continue;
    const fields = Object.entries(REQUEST_FIELDS[name as never] as object).map(
      ([field, check]) => check(undefined) ? `${field}?` : field,
    );
    // One of the two has to be there.
    const expected = name === "join"
      ? fields.map((field) => field.replace(/^(lobby|code)\?/, "$1"))
      : fields;
    assertEquals(names(cell), expected.sort(), name);
  }
  assert(
    DOCUMENT.includes(
      `at most ${MAX_REQUEST_BYTES.toLocaleString("en-US")} bytes`,
    ),
  );
});

Deno.test("PROTOCOL.md names each push with its fields, the channels and the version", () => {
  const documented = rows("4. Pushes");
  assertEquals([...documented.keys()].sort(), Object.keys(PUSH_FIELDS).sort());
  for (const [name, cell] of documented) {
    const fields = Object.entries(PUSH_FIELDS[name as never] as object).map(
      ([field, check]) => check(undefined) ? `${field}?` : field,
    );
    assertEquals(names(cell), fields.sort(), name);
  }
  assert(DOCUMENT.includes(`\nVersion ${LOBBY_PROTOCOL}.`));
  for (const channel of [LOBBY_CHANNEL, LOBBY_LIST_CHANNEL]) {
    assert(DOCUMENT.includes(`| \`${channel}\``), channel);
  }
});
