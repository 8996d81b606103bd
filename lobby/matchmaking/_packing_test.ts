import { assert, assertEquals } from "@std/assert";
import { Packing, SUMS } from "./_packing.ts";

/** Whether parties fill the teams, by trying; and so that the largest of each are alike. */
function fills(
  sizes: readonly number[],
  teams: number,
  teamSize: number,
): { readonly any: boolean; readonly symmetric: boolean } {
  const left = new Array<number>(teams).fill(teamSize);
  const largest = new Array<number>(teams).fill(0);
  const found = { any: false, symmetric: false };
  const place = (at: number): void => {
    if (at === sizes.length) {
      if (left.some((it) => it > 0)) return;
      found.any = true;
      if (new Set(largest).size === 1) found.symmetric = true;
      return;
    }
    for (let team = 0; team < teams; team++) {
      if (left[team]! < sizes[at]!) continue;
      const before = largest[team]!;
      left[team]! -= sizes[at]!;
      largest[team] = Math.max(before, sizes[at]!);
      place(at + 1);
      left[team]! += sizes[at]!;
      largest[team] = before;
    }
  };
  place(0);
  return found;
}

for (
  const [teams, teamSize] of [[2, 5], [3, 3], [4, 2], [1, 5], [5, 1]] as const
) {
  Deno.test(`Packing lists all shapes of ${teams} x ${teamSize}, and those alone`, () => {
    const packing = new Packing(teams, teamSize);
    assert(packing.isTabulated);
    const listed = new Map<string, boolean>();
    for (let own = 1; own <= teamSize; own++) {
      for (const shapes of packing.shapesWith[own]!) {
        for (let at = 0; at < shapes.length; at += 3 + shapes[at + 2]!) {
          const sizes = [own];
          for (let i = at + 3; i < at + 3 + shapes[at + 2]!; i++) {
            const size = Math.floor(shapes[i]! / SUMS);
            for (let n = 0; n < shapes[i]! % SUMS; n++) sizes.push(size);
          }
          assertEquals(sizes.length, shapes[at]!);
          listed.set(sizes.sort((a, b) => a - b).join(), shapes[at + 1] === 1);
        }
      }
    }
    const expected = new Map<string, boolean>();
    const grow = (sizes: readonly number[], total: number): void => {
      if (total === teams * teamSize) {
        const { any, symmetric } = fills(sizes, teams, teamSize);
        if (any) expected.set(sizes.join(), symmetric);
        return;
      }
      for (let size = sizes.at(-1) ?? 1; size <= teamSize; size++) {
        if (total + size <= teams * teamSize) {
          grow([...sizes, size], total + size);
        }
      }
    };
    grow([], 0);
    assertEquals(
      [...listed].sort(),
      [...expected].sort(),
    );
  });
}

Deno.test("Packing.holds tells whether counts hold a match with one more party", () => {
  const packing = new Packing(2, 5);
  const cellOf = (counts: readonly number[]): number =>
    counts.reduce(
      (cell, count, i) =>
        cell + Math.min(count, packing.caps[i + 1]!) * packing.strides[i + 1]!,
      0,
    );
  const cases: [number, number[], boolean][] = [
    [1, [9, 0, 0, 0, 0], true],
    [1, [8, 0, 0, 0, 0], false],
    [5, [0, 0, 0, 0, 1], true],
    [5, [0, 0, 0, 1, 0], false],
    [5, [1, 0, 0, 1, 0], true],
    [3, [0, 2, 1, 0, 0], true],
    // Ten players, but no two teams of five.
    [3, [0, 0, 1, 1, 0], false],
    [4, [0, 3, 0, 0, 0], false],
    [2, [30, 30, 30, 30, 30], true],
  ];
  for (const [own, counts, wanted] of cases) {
    assertEquals(
      packing.holds[own]![cellOf(counts)]! > 0,
      wanted,
      `${own} beside ${counts}`,
    );
  }
});

Deno.test("Packing.holds names a shape that fills the teams, the largest parties first", () => {
  for (const [teams, teamSize] of [[2, 5], [3, 3], [5, 1]] as const) {
    const packing = new Packing(teams, teamSize);
    const { caps, strides } = packing;
    for (let own = 1; own <= teamSize; own++) {
      const table = packing.holds[own]!;
      for (let cell = 0; cell < table.length; cell++) {
        const shape = table[cell]!;
        if (shape === 0) continue;
        const others = packing.others[own]![shape - 1]!;
        const sizes = [own];
        for (let size = 1; size <= teamSize; size++) {
          const count = Math.floor(cell / strides[size]!) % (caps[size]! + 1);
          assert(others[size]! <= count, `${own} beside ${cell}`);
          for (let i = 0; i < others[size]!; i++) sizes.push(size);
        }
        assert(fills(sizes, teams, teamSize).any, `${sizes}`);
      }
    }
  }
  const packing = new Packing(2, 5);
  const all = packing.holds[1]!.length - 1;
  const first = packing.others[1]![packing.holds[1]![all]! - 1]!;
  assertEquals([...first], [0, 0, 0, 0, 1, 1]);
});

Deno.test("Packing has no tables for what would need too large ones", () => {
  assertEquals(new Packing(2, 64).isTabulated, false);
  assertEquals(new Packing(25, 5).isTabulated, false);
  assert(new Packing(128, 1).isTabulated);
});
