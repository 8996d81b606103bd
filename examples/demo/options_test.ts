import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions } from "./options.ts";

Deno.test("parseOptions() runs for ten seconds by default", () => {
  assertEquals(parseOptions([]), {
    frames: 600,
    all: false,
    json: false,
    help: false,
  });
});

Deno.test("parseOptions() reads every option", () => {
  assertEquals(parseOptions(["--frames", "120", "--json"]), {
    frames: 120,
    all: false,
    json: true,
    help: false,
  });
  assertEquals(parseOptions(["--frames=3600"]).frames, 3600);
  assertEquals(parseOptions(["--all"]).all, true);
  assertEquals(parseOptions(["-h"]).help, true);
});

Deno.test("parseOptions() refuses what it does not know", () => {
  for (const args of [["--frame", "3"], ["120"], ["--json=yes"]]) {
    assertThrows(
      () => parseOptions(args),
      SyntaxError,
      `there is no option "${args[0]}"`,
    );
  }
  for (const value of ["", "0", "29", "1.5", "many", "1000001", "-60"]) {
    assertThrows(
      () => parseOptions(["--frames", value]),
      SyntaxError,
      `--frames must be a whole number from 30 to 1000000: current value is "${value}"`,
    );
  }
  assertThrows(() => parseOptions(["--frames"]), SyntaxError, "--frames");
});
