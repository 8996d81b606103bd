import { assertEquals, assertThrows } from "@std/assert";
import { type Metric, renderOpenMetrics } from "./metric.ts";

function metric(rest: Partial<Metric>): Metric {
  return { name: "m", help: "Help", type: "gauge", value: 1, ...rest };
}

Deno.test("renderOpenMetrics() writes the end and nothing else of nothing", () => {
  assertEquals(renderOpenMetrics([]), "# EOF\n");
});

Deno.test("renderOpenMetrics() brings the metrics of a name together", () => {
  const counter = { type: "counter", help: "Requests" } as const;
  assertEquals(
    renderOpenMetrics([
      metric({ ...counter, name: "b", labels: { code: "200" } }),
      metric({ name: "a", value: -2.5 }),
      metric({ ...counter, name: "b", value: 2, labels: { code: "404" } }),
    ]),
    `# TYPE b counter
# HELP b Requests
b_total{code="200"} 1
b_total{code="404"} 2
# TYPE a gauge
# HELP a Help
a -2.5
# EOF
`,
  );
});

Deno.test("renderOpenMetrics() escapes backslash, line feed and quote", () => {
  const text = 'a\\n"b"\nc';
  const lines = renderOpenMetrics([
    metric({ help: text, labels: { l: text } }),
  ]).split("\n");
  assertEquals(lines.slice(1, 3), [
    '# HELP m a\\\\n\\"b\\"\\nc',
    'm{l="a\\\\n\\"b\\"\\nc"} 1',
  ]);
});

Deno.test("renderOpenMetrics() writes each number as the format has it", () => {
  for (
    const [value, expected] of [
      [0, "0"],
      [-0, "0"],
      [1e21, "1e+21"],
      [1.5e-7, "1.5e-7"],
      [Infinity, "+Inf"],
      [-Infinity, "-Inf"],
      [NaN, "NaN"],
    ] as const
  ) {
    const line = renderOpenMetrics([metric({ value })]).split("\n")[2];
    assertEquals(line, `m ${expected}`);
  }
});

Deno.test("renderOpenMetrics() tells labels apart in whatever order", () => {
  const [one, two] = [{ a: "1", b: "2" }, { b: "2", a: "1" }];
  assertThrows(
    () => renderOpenMetrics([metric({ labels: one }), metric({ labels: two })]),
    RangeError,
    "another's of its name not",
  );
  // A label's text cannot pass for another label.
  const sneaky = { a: '1",b="2' };
  renderOpenMetrics([metric({ labels: one }), metric({ labels: sneaky })]);
});

Deno.test("renderOpenMetrics() refuses what the format does not allow", () => {
  for (
    const [metrics, message] of [
      [[{ name: "" }], "name must be"],
      [[{ name: "1a" }], "name must be"],
      [[{ name: "a-b" }], "name must be"],
      [[{ name: "a\nb" }], "name must be"],
      [[{ labels: { "a:b": "" } }], "label must be"],
      [[{ labels: { "": "" } }], "label must be"],
      [[{ name: "a_total", type: "counter" }], "without _total"],
      [[{ type: "counter", value: -1 }], "0 or more"],
      [[{ type: "counter", value: NaN }], "0 or more"],
      [[{ type: "counter" }, { type: "gauge" }], "type of"],
      [[{}, {}], "another's"],
      [[{ type: "counter" }, { name: "m_total" }], "no other's"],
    ] satisfies [Partial<Metric>[], string][]
  ) {
    assertThrows(
      () => renderOpenMetrics(metrics.map(metric)),
      RangeError,
      message,
    );
  }
});

Deno.test("renderOpenMetrics() writes text that a reader of the format takes", () => {
  const nasty = ["", " ", "\\", '"', "\n", "}", "é☃", "a,b=", "\\n"];
  const metrics = nasty.map((text, i) =>
    metric({
      help: text,
      name: `n${i % 3}`,
      value: i,
      labels: { of: text, i: `${i}` },
    })
  );
  const text = renderOpenMetrics(metrics);
  const found = [...text.matchAll(
    /^(n\d)\{i="(\d)",of="((?:[^"\\\n]|\\[\\"n])*)"\} (\d)$/gm,
  )].map(([, name, i, of, value]) => ({
    name,
    i,
    value,
    of: of!.replaceAll(/\\(.)/g, (_, c) => c === "n" ? "\n" : c),
  }));
  assertEquals(
    found.sort((a, b) => Number(a.i) - Number(b.i)),
    nasty.map((of, i) => ({ name: `n${i % 3}`, i: `${i}`, value: `${i}`, of })),
  );
});
