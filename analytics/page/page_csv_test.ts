// What is downloaded, beside what is seen.
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { FakeCollector } from "./_testing/fake_collector.ts";
import {
  ALL_TABLES,
  browserTest,
  CARDS,
  type PageDriver,
} from "./_testing/page_driver.ts";

browserTest("AnalyticsPage gives as CSV what is seen", async (page) => {
  await using site = await FakeCollector.open();
  const folder = await Deno.makeTempDir();
  try {
    await page.session.send("Browser.setDownloadBehavior", {
      behavior: "allow",
      downloadPath: folder,
    });
    await page.open(`${site.url}#${ALL_TABLES}&events=death,custom`);
    for (const card of [...CARDS, "recent"]) {
      await page.click(`#${card} .actions button:last-child`);
      const { name, text } = await fileOf(page, folder, card);
      assertMatch(name, /^\w+-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv$/);
      const lines = parseCsv(text);
      const table = await page.table(card);
      assertEquals(lines.length, table.length, card);
      assertEquals(lines[0], table[0], card);
      for (const [i, line] of lines.entries()) {
        for (const [j, cell] of line.entries()) {
          const seen = table[i]![j]!;
          const where = `${card} ${i} ${j}: ${cell} and ${seen}`;
          if (i === 0 || cell === seen) continue;
          if (cell === "") assertEquals(seen, "–", where);
          else if (/^\d{4}-\d\d-\d\dT/.test(cell)) {
            assertStringIncludes(seen, `${new Date(cell).getUTCDate()}`, where);
          } else if (/^[\d,]+$/.test(seen)) {
            assertEquals(Number(cell), Number(seen.replaceAll(",", "")), where);
          } else if (seen.endsWith("%")) {
            assert(
              Math.abs(Number(cell) * 100 - parseFloat(seen)) <= .051,
              where,
            );
          } else if (seen.endsWith(" ms")) {
            assert(Math.abs(Number(cell) - parseFloat(seen)) <= .51, where);
          } else {
            // Durations and bytes are in full there.
            assertMatch(seen, /^[\d.]+( [KMG]iB|[dhms].*)$/, where);
            assertMatch(cell, /^\d+(\.\d+)?$/, where);
          }
        }
      }
    }
    page.assertCalm();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Waits for the download of a card; gives its name and its text. */
async function fileOf(
  page: PageDriver,
  folder: string,
  card: string,
): Promise<{ name: string; text: string }> {
  const endMs = performance.now() + 30_000;
  while (performance.now() < endMs) {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.startsWith(`${card}-`) || !name.endsWith(".csv")) continue;
      const text = await Deno.readTextFile(`${folder}/${name}`);
      // The browser holds the name free with an empty file.
      if (text.endsWith("\r\n")) return { name, text };
    }
    await page.session.evaluate(`new Promise(requestAnimationFrame)`);
  }
  throw new Error(`There is no download of ${card}`);
}

/** Reads CSV by RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (const [, quoted, plain, end] of text.matchAll(field)) {
    row.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
