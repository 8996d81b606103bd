// Whether everybody can use the dashboard: by keyboard, by ear, on a phone, in the dark and on paper.
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import axe from "axe-core";
import { FakeCollector } from "./_testing/fake_collector.ts";
import {
  ALL_TABLES,
  browserTest,
  CARDS,
  type PageDriver,
} from "./_testing/page_driver.ts";

browserTest("AnalyticsPage is used by keyboard", async (page) => {
  await using site = await FakeCollector.open();
  await page.open(site.url);
  await page.session.send("Page.bringToFront");
  const focus = (): Promise<string> =>
    page.session.evaluate(
      `document.activeElement.id || document.activeElement.ariaLabel || document.activeElement.textContent`,
    );
  const order: string[] = [];
  for (let i = 0; i < 7; i++) {
    await page.press("Tab");
    order.push(await focus());
  }
  assertEquals(order, [
    "skip",
    "theme",
    "range-7d",
    "build",
    "platform",
    "Table of Events over time",
    "Download Events over time as CSV",
  ]);
  // Whatever has the focus shows it.
  assertEquals(
    await page.session.evaluate(
      `getComputedStyle(document.activeElement).outlineStyle`,
    ),
    "solid",
  );
  await page.session.evaluate(`document.querySelector("#skip").focus()`);
  await page.press("Enter");
  assertEquals(await focus(), "figures-title");
  assertEquals(await page.session.evaluate(`location.hash`), "");

  // The range is one stop, and arrows go through it.
  await page.session.evaluate(`document.querySelector("#range-7d").focus()`);
  await page.press("ArrowRight");
  await page.session.until(`location.hash === "#range=30d"`);
  await page.settled();
  await page.session.until(
    `/30 days|sessions/.test(document.querySelector("#said").textContent)`,
  );

  await page.session.evaluate(
    `document.querySelector("#events svg.chart").focus()`,
  );
  assertMatch(await focus(), /^Lines of .+ by day: .+ \d/);
  await page.press("ArrowRight", 3);
  const tip = `document.querySelector("#events .tip")`;
  const [, , , third] = await page.session.evaluate<string[]>(
    `[document.querySelector("#events .tip").hidden, 0, 0, ${tip}.textContent]`,
  );
  const said = await page.text("#said");
  const [day, figure] = said.split(": ");
  assertStringIncludes(third!, day!);
  assertStringIncludes(third!, figure!.split(" ")[1]!);
  await page.press("ArrowDown");
  assert(await page.text("#said") !== said);
  await page.press("End");
  assertStringIncludes(await page.text("#said"), "(so far)");
  await page.press("Escape");
  assertEquals(await page.session.evaluate(`${tip}.hidden`), true);

  // A line is switched off, and the button keeps the focus.
  const first = `document.querySelector("#events .legend button")`;
  await page.session.evaluate(`${first}.focus()`);
  const name = await focus();
  await page.press("Enter");
  await page.session.until(`${first}.ariaPressed === "false"`);
  assertEquals(await focus(), name);
  assertEquals(
    (await page.session.evaluate<string>(`location.hash`)).includes(name),
    false,
  );

  // The table opens below the chart.
  const toggle = `document.querySelector("#deaths .actions button")`;
  await page.session.evaluate(`${toggle}.focus()`);
  await page.press(" ");
  await page.session.until(`${toggle}.ariaExpanded === "true"`);
  assertEquals(await focus(), "Table of Deaths by floor and cause");
  assert((await page.table("deaths")).length > 10);
  for (const key of ["ArrowRight", "ArrowDown", "End", "Home"]) {
    for (const card of CARDS) {
      await page.session.evaluate(
        `document.querySelector("#${card} svg.chart").focus()`,
      );
      await page.press(key);
      assertEquals(
        await page.session.evaluate(
          `document.querySelector("#${card} .tip").hidden`,
        ),
        false,
        `${card} ${key}`,
      );
    }
  }
  page.assertCalm();
});

browserTest(
  "AnalyticsPage fits a phone, is dark and light, and can be read",
  async (page) => {
    await using site = await FakeCollector.open();
    const { session } = page;
    const background = `getComputedStyle(document.body).backgroundColor`;
    const colors: string[] = [];
    for (const isDark of [false, true]) {
      for (const width of [360, 1_280]) {
        await session.setScreen({
          width,
          height: 800,
          isDark,
          isPhone: width < 500,
          hasReducedMotion: true,
        });
        await page.open(
          `${site.url}?${width}${isDark}#${ALL_TABLES}&deaths=map`,
        );
        if (width < 500) {
          assertEquals(
            await session.evaluate(`document.documentElement.scrollWidth`),
            360,
          );
          const small =
            `[...document.querySelectorAll("button, select, input:not([type=radio]), .ranges label")]
            .filter((it) => it.checkVisibility() && it.id !== "skip")
            .filter((it) => it.getBoundingClientRect().height < (it.closest(".legend") ? 36 : 44))
            .map((it) => it.outerHTML)`;
          assertEquals(await session.evaluate(small), []);
          colors.push(await session.evaluate<string>(background));
        }
        assertEquals(await contrastFailures(page), []);
        // What has another form on a phone has the same names and roles in both themes. The contrast was looked at.
        if (isDark !== (width < 500)) continue;
        await session.evaluate(`{ ${axe.source} }`);
        const violations = await session.evaluate(
          `axe.run(document, { resultTypes: ["violations"], rules: { "color-contrast": { enabled: false } } }).then(({ violations }) =>
          violations.map(({ id, nodes }) => id + ": " + nodes.map((it) => it.html.slice(0, 200)).join(" | ")))`,
        );
        assertEquals(violations, [], `${width} ${isDark}`);
      }
    }
    assertEquals(new Set(colors).size, 2);

    // The reader's choice is above that of his system, and stays.
    await session.setScreen({ width: 1_280, height: 800, isDark: true });
    const choices: string[] = [];
    for (let i = 0; i < 3; i++) {
      await page.click("#theme");
      choices.push(
        `${await page.text("#theme")} ${
          await session.evaluate<string>(background) === colors[0]
        }`,
      );
      if (i !== 0) continue;
      await page.open(`${site.url}?again`);
      assertEquals(await session.evaluate(background), colors[0]);
    }
    assertEquals(choices, [
      "Theme: light true",
      "Theme: dark false",
      "Theme: auto false",
    ]);
    // On paper it is light, and without what cannot be pressed there.
    await session.send("Emulation.setEmulatedMedia", { media: "print" });
    assertEquals(
      await session.evaluate(
        `[...document.querySelectorAll("button:not(.legend *), select")].filter((it) => it.checkVisibility()).length`,
      ),
      0,
    );
    assertEquals(await session.evaluate(background), "rgb(255, 255, 255)");
    page.assertCalm();
  },
);

/** Texts, in charts too, that stand out from what is behind them by less than 4.5:1. */
function contrastFailures(page: PageDriver): Promise<string[]> {
  return page.session.evaluate(`(() => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const known = new Map();
    const rgbaOf = (color) => {
      if (!known.has(color)) known.set(color, readColor(color));
      return known.get(color);
    };
    const readColor = (color) => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data];
    };
    const luminanceOf = ([red, green, blue]) => {
      const [r, g, b] = [red, green, blue].map((it) => {
        const value = it / 255;
        return value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
      });
      return .2126 * r + .7152 * g + .0722 * b;
    };
    const behind = (element) => {
      if (element.matches(".celltext")) return rgbaOf(getComputedStyle(element.previousElementSibling).fill);
      for (let it = element; it !== null; it = it.parentElement) {
        const rgba = rgbaOf(getComputedStyle(it).backgroundColor);
        if (rgba[3] > 0) return rgba;
      }
      return [255, 255, 255, 255];
    };
    const failures = [];
    for (const element of document.querySelectorAll("body *")) {
      const isText = [...element.childNodes].some((it) => it.nodeType === 3 && it.data.trim() !== "");
      if (!isText || !element.checkVisibility() || element.matches(":disabled, script, .unseen, option")) continue;
      const style = getComputedStyle(element);
      const front = luminanceOf(rgbaOf(element.closest("svg") ? style.fill : style.color)) + .05;
      const back = luminanceOf(behind(element)) + .05;
      const contrast = Math.max(front, back) / Math.min(front, back);
      if (contrast < 4.5) failures.push(contrast.toFixed(2) + " " + element.outerHTML.slice(0, 200));
    }
    return failures;
  })()`);
}
