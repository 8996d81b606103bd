// This module is browser compatible.

/** A value of an attribute: exactly one of these. */
export interface OtlpValue {
  /** A text. */
  readonly stringValue?: string;
  /** Yes or no. */
  readonly boolValue?: boolean;
  /** An integer of 64 bits, in decimal. */
  readonly intValue?: string;
  /** A number. */
  readonly doubleValue?: number;
}

/** An attribute. */
export interface OtlpAttribute {
  /** Its name. */
  readonly key: string;
  /** Its value. */
  readonly value: OtlpValue;
}

/** Where something comes from: a title, a build, a platform. */
export interface OtlpResource {
  /** What it is known by. */
  readonly attributes: readonly OtlpAttribute[];
}

/** What has made the records. */
export interface OtlpScope {
  /** The name of this package. */
  readonly name: string;
}

/** An event. */
export interface OtlpLogRecord {
  /** When it happened: nanoseconds since 1970, in decimal. */
  readonly timeUnixNano: string;
  /** When the collector saw it: nanoseconds since 1970, in decimal; `"0"` if that is not known. */
  readonly observedTimeUnixNano: string;
  /** 9 (INFO), 17 (ERROR) or 21 (FATAL). */
  readonly severityNumber: number;
  /** Its name. */
  readonly eventName: string;
  /** Its name again, for what does not know `eventName`. */
  readonly body: OtlpValue;
  /** Its fields, whose it is, and the id to tell duplicates by. */
  readonly attributes: readonly OtlpAttribute[];
}

/** The body of a request to `/v1/logs`: `ExportLogsServiceRequest`. */
export interface OtlpLogsRequest {
  /** The records, by where they come from. */
  readonly resourceLogs: readonly {
    /** Where they come from. */
    readonly resource: OtlpResource;
    /** One list. */
    readonly scopeLogs: readonly {
      /** What made them. */
      readonly scope: OtlpScope;
      /** The records. */
      readonly logRecords: readonly OtlpLogRecord[];
    }[];
  }[];
}

/** What all points of metrics have. */
export interface OtlpPoint {
  /** What tells it from others of the metric. */
  readonly attributes: readonly OtlpAttribute[];
  /** Since when it counts: nanoseconds since 1970, in decimal. */
  readonly startTimeUnixNano: string;
  /** Until when it counts: nanoseconds since 1970, in decimal. */
  readonly timeUnixNano: string;
}

/** A sum. */
export interface OtlpNumberPoint extends OtlpPoint {
  /** The sum, in decimal. */
  readonly asInt: string;
}

/** A sketch: an exponential histogram. */
export interface OtlpHistogramPoint extends OtlpPoint {
  /** How many values there are, in decimal. */
  readonly count: string;
  /** Their sum. */
  readonly sum: number;
  /** 6: the base of the buckets is 2^(1/64). */
  readonly scale: number;
  /** How many values are 0, in decimal. */
  readonly zeroCount: string;
  /** The others. */
  readonly positive: {
    /** The lowest bucket. */
    readonly offset: number;
    /** How many each bucket holds from there on, in decimal. */
    readonly bucketCounts: readonly string[];
  };
  /** The smallest value. */
  readonly min: number;
  /** The largest value. */
  readonly max: number;
}

/** A metric: either a histogram or a sum. */
export interface OtlpMetric {
  /** Its name. */
  readonly name: string;
  /** What it says. */
  readonly description: string;
  /** Its unit by UCUM. */
  readonly unit: string;
  /** The points of sketches. */
  readonly exponentialHistogram?: {
    /** 1: each point counts what came since the one before (delta). */
    readonly aggregationTemporality: 1;
    /** The points. */
    readonly dataPoints: readonly OtlpHistogramPoint[];
  };
  /** The points of sums. */
  readonly sum?: {
    /** 1, as above. */
    readonly aggregationTemporality: 1;
    /** It only grows. */
    readonly isMonotonic: true;
    /** The points. */
    readonly dataPoints: readonly OtlpNumberPoint[];
  };
}

/** The body of a request to `/v1/metrics`: `ExportMetricsServiceRequest`. */
export interface OtlpMetricsRequest {
  /** The metrics, by where they come from. */
  readonly resourceMetrics: readonly {
    /** Where they come from. */
    readonly resource: OtlpResource;
    /** One list. */
    readonly scopeMetrics: readonly {
      /** What made them. */
      readonly scope: OtlpScope;
      /** The metrics. */
      readonly metrics: readonly OtlpMetric[];
    }[];
  }[];
}
