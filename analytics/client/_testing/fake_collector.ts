import type { FakeCall } from "../../../http/_testing/fake_fetch.ts";

/** An event that has arrived. */
export interface ArrivedEvent {
  readonly session: string;
  readonly number: number;
  readonly name: string;
  readonly timeMs: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A run as it came. */
interface RunJson {
  readonly s: string;
  readonly i?: string;
  readonly b: string;
  readonly p: string;
  readonly c?: unknown;
  readonly n: number;
  readonly t: number;
  readonly d: readonly (readonly string[])[];
  readonly e: readonly (readonly unknown[])[];
}

/** Takes batches as a collector does: each event once, by its session and number. */
export class FakeCollector {
  readonly events = new Map<string, ArrivedEvent>();
  readonly runs: RunJson[] = [];
  readonly sentAts: number[] = [];
  duplicates = 0;
  bytes = 0;

  /** The events of a name, in the order in which they came. */
  of(name: string): ArrivedEvent[] {
    return [...this.events.values()].filter((it) => it.name === name);
  }

  /** How many events of names that a game records arrived. */
  count(...names: string[]): number {
    return names.reduce((sum, name) => sum + this.of(name).length, 0);
  }

  /** What the drop events say of an event. */
  dropped(event: string): number {
    let sum = 0;
    for (const { fields } of this.of("drop")) {
      if (fields.event === event) sum += fields.count as number;
    }
    return sum;
  }

  /** Takes a batch in, and makes the answer. */
  async take(call: FakeCall): Promise<Response> {
    return this.takeText(await textOf(call));
  }

  takeText(text: string): Response {
    this.bytes += text.length;
    const batch = JSON.parse(text);
    if (batch.v !== 1) throw new Error("v is not 1");
    this.sentAts.push(batch.sentAt);
    let accepted = 0;
    let duplicates = 0;
    for (const run of batch.runs as RunJson[]) {
      this.runs.push(run);
      let timeMs = run.t;
      run.e.forEach(([index, delta, ...values], at) => {
        if ((delta as number) < 0) throw new Error("time goes backwards");
        timeMs += delta as number;
        if (timeMs > batch.sentAt) throw new Error("an event of the future");
        const [name, ...names] = run.d[index as number]!;
        const fields: Record<string, unknown> = {};
        values.forEach((value, i) => {
          if (value !== null) fields[names[i]!] = value;
        });
        const number = run.n + at;
        const key = `${run.s}/${number}`;
        const event = {
          session: run.s,
          number,
          name: name!,
          timeMs,
          fields,
        };
        const before = this.events.get(key);
        if (before === undefined) {
          this.events.set(key, event);
          accepted++;
          return;
        }
        duplicates++;
        // A number that is used for two events would lose one of them silently.
        if (
          before.name !== event.name ||
          JSON.stringify(before.fields) !== JSON.stringify(event.fields)
        ) {
          throw new Error(`Two events are ${key}: ${before.name}, ${name}`);
        }
      });
    }
    this.duplicates += duplicates;
    return Response.json({ accepted, duplicates, refused: [] });
  }
}

/** The body of a call as text, decompressed. */
export async function textOf(call: FakeCall): Promise<string> {
  const body = new Response(call.init.body as BodyInit).body!;
  const isGzip = call.headers.get("content-encoding") === "gzip";
  const stream = isGzip
    ? body.pipeThrough(new DecompressionStream("gzip"))
    : body;
  return await new Response(stream).text();
}
