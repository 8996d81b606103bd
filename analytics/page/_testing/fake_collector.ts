// A collector that answers what it is told to, by the forms of PROTOCOL.md, section 6.
import { SeededRandom } from "../../../core/mod.ts";
import { AnalyticsPage, type AnalyticsPageTitle } from "../mod.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What the fake has: the canned figures are of these. */
export interface Labels {
  readonly events: readonly string[];
  readonly builds: readonly string[];
  readonly platforms: readonly string[];
  readonly causes: readonly string[];
  readonly floors: number;
}

/** What a game would have. */
export const USUAL_LABELS: Labels = {
  events: [
    "achievement",
    "bossEncounter",
    "custom",
    "death",
    "exception",
    "floorComplete",
    "frameTime",
    "itemPickup",
    "memoryUsage",
    "sessionEnd",
    "sessionStart",
  ],
  builds: ["1.0.4", "1.1.0", "1.2.0"],
  platforms: ["linux", "macos", "switch", "windows"],
  causes: [
    "spikes",
    "slime",
    "archer",
    "lava",
    "golem king",
    "poison",
    "fall",
    "bat",
  ],
  floors: 12,
};

/** A request that came. */
export interface AskedQuery {
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly key: string;
  readonly etag: string;
  readonly status: number;
}

/** A page and a collector on a port. */
export class FakeCollector {
  /** What was asked, oldest first. */
  readonly asked: AskedQuery[] = [];
  /** Whether nobody is answered. */
  isDown = false;
  /** Answers to this with status 400. */
  refusedPath = "";
  /** Changes all figures, as new events would. */
  revision = 0;
  /** Whether there is nothing at all. */
  isEmpty = false;
  readonly #page: AnalyticsPage;
  readonly #http: Deno.HttpServer<Deno.NetAddr>;
  readonly #labels: Labels;
  readonly #keys: Readonly<Record<string, "reader" | "game">> | undefined;

  private constructor(
    page: AnalyticsPage,
    labels: Labels,
    keys: Readonly<Record<string, "reader" | "game">> | undefined,
  ) {
    this.#page = page;
    this.#labels = labels;
    this.#keys = keys;
    this.#http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => this.#answer(request),
    );
  }

  static async open(
    labels = USUAL_LABELS,
    keys?: Readonly<Record<string, "reader" | "game">>,
    titles?: readonly AnalyticsPageTitle[],
  ): Promise<FakeCollector> {
    return new FakeCollector(await AnalyticsPage.make(titles), labels, keys);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#http.addr.port}/`;
  }

  /** What it answers to a question. */
  bodyOf(path: string, params: Readonly<Record<string, string>>): unknown {
    const from = Number(params.from);
    const to = Math.min(Number(params.to), Date.now());
    const { build = "", platform = "" } = params;
    const { events, builds, platforms, causes, floors } = this.#labels;
    const random = new SeededRandom(
      seedOf(
        [path, build, platform, this.revision, Math.floor(from / DAY_MS)]
          .join(),
      ),
    );
    const factor = (build === "" ? 1 : .4) * (platform === "" ? 1 : .3) *
      (1 + this.revision / 10);
    const stepMs = params.step === "hour" ? HOUR_MS : DAY_MS;
    const starts: number[] = [];
    for (let ms = Math.floor(from / stepMs) * stepMs; ms < to; ms += stepMs) {
      starts.push(ms);
    }
    const around = (value: number): number =>
      Math.round(value * factor * (.75 + random.nextFloat() / 2));
    const rows: unknown[] = [];
    switch (path) {
      case "filters":
        return this.isEmpty
          ? { events: [], builds: [], platforms: [] }
          : { events, builds, platforms };
      case "events":
        if (this.isEmpty) return { rows };
        for (const [i, start] of starts.entries()) {
          for (const [j, event] of events.entries()) {
            if (params.event !== undefined && params.event !== event) continue;
            const wave = 1 + .4 * Math.sin(i / 2 + j);
            const count = around(
              event === "exception" ? 6 : wave * 3_000 / (1 + j % 7),
            );
            rows.push({ start, event, count });
          }
        }
        return { rows };
      case "sessions": {
        if (this.isEmpty) {
          return {
            rows,
            total: { sessions: 0, players: 0, medianMs: 0, unclean: 0 },
          };
        }
        let sessions = 0;
        let unclean = 0;
        for (const [i, start] of starts.entries()) {
          const row = {
            start,
            sessions: around(400 * (1 + .3 * Math.sin(i))) + i * 4,
            players: around(210),
            medianMs: 1_400_000 + around(200_000),
            unclean: around(7),
          };
          sessions += row.sessions;
          unclean += row.unclean;
          rows.push(row);
        }
        return {
          rows,
          total: {
            sessions,
            players: Math.round(sessions * .4),
            medianMs: 1_494_000,
            unclean,
          },
        };
      }
      case "retention": {
        const total = { of: 0, back: 0 };
        const d7 = { of: 0, back: 0 };
        let all = 0;
        const first = Math.floor(from / DAY_MS) * DAY_MS;
        for (let start = first; start < to && !this.isEmpty; start += DAY_MS) {
          const players = around(120) + 1;
          const back = Math.round(players * (.3 + random.nextFloat() / 5));
          const late = Math.round(players * (.1 + random.nextFloat() / 8));
          const hasDay = (day: number): boolean =>
            start + (day + 1) * DAY_MS <= Date.now();
          all += players;
          if (hasDay(1)) {
            total.of += players;
            total.back += back;
          }
          if (hasDay(7)) {
            d7.of += players;
            d7.back += late;
          }
          rows.push({
            start,
            players,
            d1: hasDay(1) ? back : null,
            d7: hasDay(7) ? late : null,
            d30: hasDay(30) ? Math.round(late / 2) : null,
          });
        }
        return {
          rows,
          total: { players: all, d1: total, d7, d30: { of: 0, back: 0 } },
        };
      }
      case "funnel": {
        let count = this.isEmpty ? 0 : around(9_000);
        for (const [i, step] of params.steps!.split(",").entries()) {
          rows.push({ step, count, medianMs: i === 0 ? 0 : 95_000 * i });
          count = Math.round(count * (.5 + random.nextFloat() / 3));
        }
        return { rows };
      }
      case "frames":
      case "memory": {
        const names = params.by === "build"
          ? builds
          : params.by === "platform"
          ? platforms
          : [""];
        for (const [i, name] of names.entries()) {
          if (this.isEmpty) break;
          if (params.by === "build" && build !== "" && build !== name) continue;
          const isFrames = path === "frames";
          const unit = isFrames ? 1 : 30 * 2 ** 20;
          const base = (isFrames ? 11 + i * 2.3 : 12 + i * 3) * unit *
            (.9 + random.nextFloat() / 5);
          rows.push({
            build: params.by === "build" ? name : "",
            platform: params.by === "platform" ? name : "",
            frames: around(2_400_000 / (i + 1)),
            p50: base,
            p90: base * 1.25,
            p95: base * 1.4,
            p99: base * (isFrames ? 2 : 1.55),
            p999: base * (isFrames ? 3.6 : 1.7),
            max: base * (isFrames ? 14 : 1.9),
            ...(isFrames && { hitches: around(900 * (i + 1)) }),
          });
        }
        return { rows };
      }
      case "deaths":
        for (let floor = 1; floor <= floors && !this.isEmpty; floor++) {
          for (const [i, cause] of causes.entries()) {
            const near = Math.exp(-(((floor - 2 - i * 1.4) / 3) ** 2));
            const count = around(600 * near / (1 + i / 4));
            if (count > 0) rows.push({ floor, cause, count });
          }
        }
        return { rows };
      case "drops":
        return {
          rows: this.isEmpty ? [] : [
            { event: "itemPickup", reason: "rateLimited", count: around(420) },
            { event: "custom", reason: "sampled", count: around(300) },
            {
              event: "death",
              reason: "refused: unknownField",
              count: around(41),
            },
            { event: "custom", reason: "journalFull", count: around(12) },
          ],
          uncleanSessions: this.isEmpty ? 0 : around(60),
          sessions: this.isEmpty ? 0 : around(3_100),
        };
      case "recent":
        for (let i = 0; i < Number(params.limit) && !this.isEmpty; i++) {
          const name = events[random.nextU32() % events.length]!;
          rows.push({
            id: 1_000 - i,
            title: "main",
            session: `AAECAwQFBgcICQoLDA${String(i).padStart(4, "0")}`,
            player: "EBESExQVFhcYGRobHB0eHw",
            build: builds[i % builds.length],
            platform: platforms[i % platforms.length],
            common: "{}",
            number: i,
            name,
            timeMs: to - i * 1_700,
            data: JSON.stringify(
              name === "death"
                ? {
                  cause: causes[i % causes.length],
                  floor: 1 + i % floors,
                  x: 12.34567,
                }
                : name === "frameTime"
                ? { sketch: [10, 1, 2, 0, 1, 3], hitches: 2 }
                : name === "itemPickup"
                ? { item: "potion", floor: 3, rarity: "rare" }
                : {},
            ),
          });
        }
        return { rows };
      default:
        return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/") return this.#page.respond(request.method);
    const params = Object.fromEntries(url.searchParams);
    const path = url.pathname.replace("/v1/query/", "");
    const key = request.headers.get("x-api-key") ?? "";
    const etag = request.headers.get("if-none-match") ?? "";
    const response = await this.#respond(path, params, key, etag);
    this.asked.push({ path, params, key, etag, status: response.status });
    return response;
  }

  async #respond(
    path: string,
    params: Readonly<Record<string, string>>,
    key: string,
    etag: string,
  ): Promise<Response> {
    const problem = (status: number, code: string, message: string): Response =>
      Response.json({ code, message }, { status });
    if (this.isDown) return problem(503, "unavailable", "It is down");
    const role = this.#keys?.[key];
    if (this.#keys !== undefined && role === undefined) {
      return problem(401, "unauthenticated", "There is no such key");
    }
    if (role === "game") return problem(403, "forbidden", "It may not read");
    if (path === this.refusedPath) {
      return problem(400, "invalidRequest", "Cannot read steps <b>here</b>");
    }
    const body = this.bodyOf(path, params);
    if (body === undefined) return problem(404, "notFound", "Nothing is there");
    const text = JSON.stringify(body);
    const hash = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode(text),
    );
    const tag = `"${new Uint8Array(hash).toHex().slice(0, 16)}"`;
    return etag === tag
      ? new Response(null, { status: 304, headers: { etag: tag } })
      : new Response(text, {
        headers: { "content-type": "application/json", etag: tag },
      });
  }
}

function seedOf(text: string): number {
  let seed = 1;
  for (const letter of text) {
    seed = (Math.imul(seed, 31) + letter.codePointAt(0)!) >>> 0;
  }
  return seed;
}
