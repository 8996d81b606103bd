// This module is browser compatible.
import {
  checkFinite,
  checkInteger,
  checkPositive,
  type Clock,
  type Journal,
  type Random,
  SecureRandom,
  SystemClock,
} from "../../core/mod.ts";
import type { RateLimit } from "../../http/server/mod.ts";
import { EventCatalog } from "../event/event_catalog.ts";
import { hasLabelForm, isLabel } from "../event/label.ts";
import { isName } from "../event/name.ts";
import type {
  AnalyticsHttpOptions,
  AnalyticsOptions,
} from "./analytics_options.ts";

const KEY = /^[\x21-\x7e]{1,256}$/;
const MAX_COMMON = 16;
const DEFAULT_RATE: RateLimit = { burst: 32_768, perSecond: 100 };

/** The options, checked. */
export interface Settings {
  readonly build: string;
  readonly platform: string;
  readonly apiKey: string | undefined;
  readonly identity: "session" | "install";
  readonly catalog: EventCatalog;
  /** As JSON; `""` where there are none. */
  readonly common: string;
  readonly sample: Readonly<Record<string, number>>;
  readonly rateLimit: RateLimit | undefined;
  readonly journal: (() => Journal | Promise<Journal>) | undefined;
  readonly flushMs: number;
  readonly flushEvents: number;
  readonly sliceMs: number;
  readonly maxQueued: number;
  readonly idleMs: number;
  readonly maxSessionMs: number;
  readonly http: AnalyticsHttpOptions;
  readonly clock: Clock;
  readonly random: Random;
}

/** Fills in the defaults and refuses what is out of range. */
export function readSettings(
  build: string,
  platform: string,
  options: AnalyticsOptions,
): Settings {
  const { identity = "session", apiKey, http = {}, journal } = options;
  if (identity !== "session" && identity !== "install") {
    throw new TypeError(
      `Cannot use identity as it must be "session" or "install": current value is "${identity}"`,
    );
  }
  if (apiKey !== undefined && !KEY.test(apiKey)) {
    throw new RangeError(
      "Cannot use apiKey as it must be 1 to 256 visible ASCII characters",
    );
  }
  const catalog = new EventCatalog(options.events);
  return {
    build: checkBuild(build),
    platform: checkPlatform(platform),
    apiKey,
    identity,
    catalog,
    common: readCommon(options.common ?? {}),
    sample: readSample(options.sample ?? {}, catalog),
    rateLimit: readRate(options.rateLimit ?? DEFAULT_RATE),
    journal,
    flushMs: checkFinite("flushMs", options.flushMs ?? 60_000),
    flushEvents: checkInteger(
      "flushEvents",
      options.flushEvents ?? 100,
      1,
      16_384,
    ),
    sliceMs: checkPositive("sliceMs", options.sliceMs ?? 1),
    maxQueued: checkInteger(
      "maxQueued",
      options.maxQueued ?? 32_768,
      1,
      1_048_576,
    ),
    idleMs: checkPositive("idleMs", options.idleMs ?? 1_800_000),
    maxSessionMs: checkPositive(
      "maxSessionMs",
      options.maxSessionMs ?? 86_400_000,
    ),
    http,
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? new SecureRandom(),
  };
}

function checkBuild(build: string): string {
  if (hasLabelForm(build)) return build;
  throw new RangeError(
    `Cannot use build as it must be 1 to 64 of A–Z a–z 0–9 space _ . : / + -: current value is ${
      shown(build)
    }`,
  );
}

function checkPlatform(platform: string): string {
  if (isLabel(platform)) return platform;
  throw new RangeError(
    `Cannot use platform as it must be 1 to 64 of A–Z a–z 0–9 space _ . : / + -, and no personal data: current value is ${
      shown(platform)
    }`,
  );
}

function readCommon(common: NonNullable<AnalyticsOptions["common"]>): string {
  const entries = Object.entries(common);
  if (entries.length > MAX_COMMON) {
    throw new RangeError(
      `Cannot use common as it must have at most ${MAX_COMMON} properties: current count is ${entries.length}`,
    );
  }
  for (const [name, value] of entries) {
    if (!isName(name) || !isLabel(name)) {
      throw new RangeError(
        `Cannot use common as its names must be 1 to 64 of A–Z a–z 0–9 _, beginning with a letter, and no personal data: current value is ${
          shown(name)
        }`,
      );
    }
    if (
      typeof value !== "boolean" && !Number.isFinite(value) && !isLabel(value)
    ) {
      throw new RangeError(
        `Cannot use common as "${name}" must be a label, a finite number or a boolean, and no personal data`,
      );
    }
  }
  return entries.length === 0 ? "" : JSON.stringify(common);
}

function readSample(
  sample: Readonly<Record<string, number>>,
  catalog: EventCatalog,
): Readonly<Record<string, number>> {
  for (const [name, share] of Object.entries(sample)) {
    if (!catalog.isRecordable(name)) {
      throw new RangeError(
        `Cannot use sample as it must name events that a game records: current value is ${
          shown(name)
        }`,
      );
    }
    if (!(share >= 0 && share <= 1)) {
      throw new RangeError(
        `Cannot use sample as the share of "${name}" must be from 0 to 1: current value is ${share}`,
      );
    }
  }
  return { ...sample };
}

function readRate(
  rate: RateLimit | false,
): RateLimit | undefined {
  if (rate === false) return undefined;
  return {
    burst: checkInteger(
      "rateLimit.burst",
      rate.burst,
      1,
      Number.MAX_SAFE_INTEGER,
    ),
    perSecond: checkFinite("rateLimit.perSecond", rate.perSecond),
  };
}

function shown(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value.slice(0, 80))
    : `of type ${typeof value}`;
}
