// This module is browser compatible.

/** A number that a server tells about itself. */
export interface Metric {
  /**
   * Letters, digits, `_` and `:`, not beginning with a digit, with the unit if it has
   * one: `tickwire_hub_bytes`. A counter's does not end in `_total`, which is added.
   */
  readonly name: string;
  /** What it says, in a sentence. */
  readonly help: string;
  /** Whether it only grows (`counter`, 0 or more) or goes up and down (`gauge`). */
  readonly type: "counter" | "gauge";
  /** The number now. */
  readonly value: number;
  /** What tells it from others of the same name. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The `Content-Type` of what {@linkcode renderOpenMetrics} writes. */
export const OPEN_METRICS_CONTENT_TYPE =
  "application/openmetrics-text; version=1.0.0; charset=utf-8";

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** All metrics of one name. */
interface Family {
  readonly first: Metric;
  /** By their labels, sorted and written. */
  readonly samples: Map<string, Metric>;
}

/**
 * Writes metrics as OpenMetrics text, version 1.0, which Prometheus reads. Those of
 * one name come together, in the order in which the names came, whatever the order
 * of the input.
 *
 * @param metrics The metrics, of one server or of several: all of one name have the
 * same type, the help of the first, and labels of their own.
 * @returns The text, which ends in `# EOF`.
 * @throws {RangeError} If a name or a label's name is none, a counter's name ends in
 * `_total` or its value is negative or `NaN`, a name has two types, or two metrics
 * have the same name and labels.
 *
 * @example Answer a scrape
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   type Metric,
 *   OPEN_METRICS_CONTENT_TYPE,
 *   renderOpenMetrics,
 * } from "@tickwire/net/core";
 *
 * const metrics: Metric[] = [
 *   { name: "players", help: "Players", type: "gauge", value: 3 },
 *   { name: "shots", help: "Shots", type: "counter", value: 7, labels: { of: "ada" } },
 * ];
 * const text = renderOpenMetrics(metrics);
 * assertEquals(text.split("\n"), [
 *   "# TYPE players gauge",
 *   "# HELP players Players",
 *   "players 3",
 *   "# TYPE shots counter",
 *   "# HELP shots Shots",
 *   'shots_total{of="ada"} 7',
 *   "# EOF",
 *   "",
 * ]);
 * new Response(text, { headers: { "content-type": OPEN_METRICS_CONTENT_TYPE } });
 * ```
 */
export function renderOpenMetrics(metrics: Iterable<Metric>): string {
  const families = new Map<string, Family>();
  for (const metric of metrics) add(families, metric);
  let text = "";
  for (const [name, { first, samples }] of families) {
    const { type, help } = first;
    text += `# TYPE ${name} ${type}\n# HELP ${name} ${escape(help)}\n`;
    const sampleName = type === "counter" ? `${name}_total` : name;
    if (type === "counter" && families.has(sampleName)) {
      throw unusable("name", "no other's with _total", sampleName);
    }
    for (const [labels, { value }] of samples) {
      text += `${sampleName}${labels} ${numberText(value)}\n`;
    }
  }
  return `${text}# EOF\n`;
}

function add(families: Map<string, Family>, metric: Metric): void {
  const { name, type, value } = metric;
  if (!NAME.test(name)) {
    throw unusable("name", "letters, digits, _ and :", name);
  }
  if (type === "counter") {
    if (name.endsWith("_total")) {
      throw unusable("name", "without _total", name);
    }
    // Written so that NaN is refused too.
    if (!(value >= 0)) {
      throw unusable(`value of counter "${name}"`, "0 or more", value);
    }
  }
  let family = families.get(name);
  if (family === undefined) {
    family = { first: metric, samples: new Map() };
    families.set(name, family);
  }
  if (family.first.type !== type) {
    throw unusable(`type of "${name}"`, `"${family.first.type}"`, type);
  }
  const labels = labelText(metric.labels ?? {});
  if (family.samples.has(labels)) {
    throw unusable("labels", "another's of its name not", `${name}${labels}`);
  }
  family.samples.set(labels, metric);
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs: string[] = [];
  for (const name of Object.keys(labels).sort()) {
    if (!LABEL.test(name)) {
      throw unusable("label", "letters, digits and _", name);
    }
    pairs.push(`${name}="${escape(labels[name]!)}"`);
  }
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** The three escapes that the format has, in help and in labels alike. */
function escape(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

function unusable(what: string, wanted: string, value: unknown): RangeError {
  const shown = typeof value === "string" ? JSON.stringify(value) : value;
  return new RangeError(
    `Cannot render metrics as ${what} must be ${wanted}: current value is ${shown}`,
  );
}
