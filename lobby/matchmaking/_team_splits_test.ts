import { assertEquals } from "@std/assert";
import { teamSplitsOf } from "./_team_splits.ts";

Deno.test("teamSplitsOf() lists each split once, with its symmetry", () => {
  const cases: [number[], number, string[]][] = [
    [[5, 5], 5, ["+- 0"]],
    [[5, 4, 1], 5, ["+-- 1"]],
    [[2, 2, 1, 1], 3, ["+-+- 0", "+--+ 0"]],
    [[2, 1, 1], 2, ["+-- 1"]],
    [[1, 1, 1, 1], 2, ["++-- 0", "+-+- 0", "+--+ 0"]],
  ];
  for (const [sizes, teamSize, wanted] of cases) {
    const splits = teamSplitsOf(Uint8Array.from(sizes), teamSize)!;
    const shown = Array.from(splits.isAsymmetric, (isAsymmetric, i) => {
      const from = i * sizes.length;
      const own = splits.signs.subarray(from, from + sizes.length);
      return `${
        Array.from(own, (sign) => sign > 0 ? "+" : "-").join("")
      } ${isAsymmetric}`;
    });
    assertEquals(shown, wanted, `${sizes}`);
  }
  const singles = new Uint8Array(10).fill(1);
  assertEquals(teamSplitsOf(singles, 5)!.isAsymmetric.length, 126);
});

Deno.test("teamSplitsOf() gives up what has too many splits", () => {
  assertEquals(teamSplitsOf(new Uint8Array(16).fill(1), 8), undefined);
});
