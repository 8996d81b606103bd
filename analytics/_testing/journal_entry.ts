// Reads what a client keeps in its journal, without the client's own reader: tests must not believe what they test.

/** An event of a run. */
export interface JournalEvent {
  readonly session: string;
  readonly number: number;
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The form of a run, as PROTOCOL.md has it in section 4. */
export interface RunJson {
  readonly s: string;
  readonly i?: string;
  readonly n: number;
  readonly t?: number;
  readonly d: readonly (readonly string[])[];
  readonly e: readonly (readonly unknown[])[];
}

/** The events of a run. */
export function eventsOfRun(run: RunJson): JournalEvent[] {
  return run.e.map(([index, _differenceMs, ...values], at) => {
    const [name, ...names] = run.d[index as number]!;
    const fields: Record<string, unknown> = {};
    values.forEach((value, i) => {
      if (value !== null) fields[names[i]!] = value;
    });
    return { session: run.s, number: run.n + at, name: name!, fields };
  });
}

/** The events of an entry: behind a byte, a length and as many bytes of facts is the text of a run, but for its end. */
export function eventsOfEntry(bytes: Uint8Array): JournalEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bodyAt = 5 + view.getUint32(1, true);
  if (bodyAt >= bytes.length) return [];
  const body = new TextDecoder().decode(bytes.subarray(bodyAt));
  return eventsOfRun(JSON.parse(`${body}}`));
}

/** The ids of these events, of those that have one. */
export function idsOf(events: readonly JournalEvent[]): number[] {
  return events.flatMap(({ fields }) =>
    typeof fields.id === "number" ? [fields.id] : []
  );
}
