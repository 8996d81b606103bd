import { DatabaseSync, StatementSync } from "node:sqlite";
import { MIGRATIONS } from "../_schema.ts";

type Method = (this: StatementSync, ...args: unknown[]) => unknown;
type Methods = Record<"all" | "get" | "run", Method>;

/** What was run of a statement. */
export interface RunStatement {
  readonly sql: string;
  /** How SQLite finds its rows: a line for each step. */
  readonly plan: readonly string[];
  /** How often it was run. */
  readonly runs: number;
  /** How many rows it gave in all. */
  readonly rows: number;
}

/** Counts the statements that are run in this process, while it is there: what a query costs, whatever the machine does. */
export class StatementLog implements Disposable {
  readonly #counts = new Map<string, { runs: number; rows: number }>();
  readonly #real: Methods;

  constructor() {
    const methods = StatementSync.prototype as unknown as Methods;
    const { all, get, run } = methods;
    this.#real = { all, get, run };
    const counts = this.#counts;
    for (const name of ["all", "get", "run"] as const) {
      const real = this.#real[name];
      methods[name] = function (...args) {
        const value = real.apply(this, args);
        const count = counts.get(this.sourceSQL) ?? { runs: 0, rows: 0 };
        counts.set(this.sourceSQL, count);
        count.runs++;
        if (name === "all") count.rows += (value as unknown[]).length;
        else if (name === "get" && value !== undefined) count.rows++;
        return value;
      };
    }
  }

  /** What was run since the last call, with its plan on a database of the schema. */
  take(): RunStatement[] {
    using db = new DatabaseSync(":memory:");
    for (const migration of MIGRATIONS) db.exec(migration);
    const { all } = this.#real;
    const statements = Array.from(this.#counts, ([sql, count]) => {
      const plan = all.call(db.prepare(`EXPLAIN QUERY PLAN ${sql}`)) as {
        detail: string;
      }[];
      return { sql, plan: plan.map(({ detail }) => detail), ...count };
    });
    this.#counts.clear();
    return statements;
  }

  [Symbol.dispose](): void {
    Object.assign(StatementSync.prototype, this.#real);
  }
}
