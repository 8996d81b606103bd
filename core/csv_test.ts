import { assertEquals } from "@std/assert";
import { csvLine } from "./csv.ts";

Deno.test("csvLine() writes numbers as they are, and guards texts that a spreadsheet would run", () => {
  assertEquals(
    csvLine([-1, 0.5, -(2n ** 63n), true, null, "", "a b", 'a"b', "v1.2-3"]),
    '-1,0.5,-9223372036854775808,true,,,"a b","a""b",v1.2-3\r\n',
  );
  assertEquals(
    csvLine(["=1+1", "-1", "+1", "@a", "\t=1", "a;=1", "a\r\nb"]),
    `"'=1+1","'-1","'+1","'@a","'\t=1","a;=1","a\r\nb"\r\n`,
  );
});
