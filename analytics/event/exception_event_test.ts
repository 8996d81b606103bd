import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { drawPersonalSample } from "./_testing/personal_samples.ts";
import { checkFields } from "./check_fields.ts";
import { exceptionOf } from "./exception_event.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 50_000 : 1_000;

/** The texts of an event that must be one that both ends accept. */
function textsOf(
  error: unknown,
): { name: string; message: string; stack: string } {
  const event = exceptionOf(error, true);
  assertEquals(checkFields(event.definition, event.fields), undefined);
  assertEquals(event.fields.isFatal, true);
  assertEquals(event.fields.count, 1);
  return event.fields as { name: string; message: string; stack: string };
}

Deno.test("exceptionOf() tells what was thrown and where", () => {
  const { name, message, stack } = textsOf(new RangeError("No slot 3"));
  assertEquals(name, "RangeError");
  assertEquals(message, "No slot 3");
  assert(stack.includes("exception_event_test.ts:"), stack);
  assert(!stack.includes("/"), stack);
});

Deno.test("exceptionOf() takes whatever was thrown", () => {
  const trap = {
    get name(): string {
      throw new Error("trap");
    },
    get message(): string {
      throw new Error("trap");
    },
    get stack(): string {
      throw new Error("trap");
    },
    get cause(): unknown {
      throw new Error("trap");
    },
  };
  const proxy = Proxy.revocable({}, {});
  proxy.revoke();
  const nothing = { name: "Error", message: "", stack: "" };
  assertEquals(textsOf(trap), { ...textsOf(trap), ...nothing });
  const cases: [unknown, string][] = [
    ["went wrong", "went wrong"],
    [undefined, "undefined"],
    [null, "null"],
    [42, "42"],
    [7n, "7"],
    [Symbol("x"), "Symbol(x)"],
    [false, "false"],
    [{ message: "plain" }, "plain"],
    [{ message: { toString: () => "x" } }, ""],
    [{ message: 1 }, ""],
    [() => {}, ""],
    [proxy.proxy, ""],
    [Object.create(null), ""],
  ];
  for (const [error, message] of cases) {
    assertEquals(textsOf(error).message, message);
  }
});

Deno.test("exceptionOf() follows causes, but not for ever", () => {
  const cause = new TypeError("inner");
  assertEquals(
    textsOf(new Error("outer", { cause })).message,
    "outer\ncaused by: inner",
  );
  assertEquals(
    textsOf(new Error("outer", { cause: "a text" })).message,
    "outer\ncaused by: a text",
  );
  const circle: { message: string; cause?: unknown } = { message: "circle" };
  circle.cause = circle;
  assertEquals(textsOf(circle).message, "circle");
  const endless = {
    message: "again",
    get cause(): unknown {
      return Object.create(endless);
    },
  };
  assertEquals(textsOf(endless).message.split("again").length - 1, 4);
});

Deno.test("exceptionOf() has a name that is a label", () => {
  for (
    const name of ["", "nä", "x".repeat(65), "ada@example.com", "10.0.0.7"]
  ) {
    assertEquals(textsOf({ name, message: "x" }).name, "Error");
  }
  assertEquals(textsOf({ name: 7 }).name, "Error");
  assertEquals(textsOf(new DOMException("x", "AbortError")).name, "AbortError");
});

Deno.test("exceptionOf() leaves nothing of a personal text that is drawn", () => {
  const random = new SeededRandom(5);
  for (let i = 0; i < CASES; i++) {
    const { text } = drawPersonalSample(random);
    const error = new Error(`Cannot open ${text}`, { cause: text });
    error.name = text;
    error.stack = `${error.name}: ${text}\n    at ${text} (${text}:10:5)`;
    const texts = JSON.stringify(textsOf(error));
    const written = JSON.stringify(text).slice(1, -1);
    assert(
      !texts.includes(written),
      `case ${i} of seed 5: ${text} in ${texts}`,
    );
  }
});

Deno.test("exceptionOf() is bounded", () => {
  const error = new Error("a very long text ".repeat(500_000));
  error.stack = "at main.ts:1:1\n".repeat(500_000);
  const { message, stack } = textsOf(error);
  assert(message.length <= 1_024 && stack.length <= 8_192);
});
