// This module is browser compatible.

/** A whole number. */
export interface IntField {
  /** The kind. */
  readonly kind: "int";
  /**
   * The least that is allowed: a safe integer.
   *
   * @default {Number.MIN_SAFE_INTEGER}
   */
  readonly min?: number;
  /**
   * The most that is allowed: a safe integer.
   *
   * @default {Number.MAX_SAFE_INTEGER}
   */
  readonly max?: number;
  /**
   * Whether it may be left out.
   *
   * @default {false}
   */
  readonly optional?: boolean;
}

/** A finite number. */
export interface FloatField {
  /** The kind. */
  readonly kind: "float";
  /**
   * The least that is allowed.
   *
   * @default {-Number.MAX_VALUE}
   */
  readonly min?: number;
  /**
   * The most that is allowed.
   *
   * @default {Number.MAX_VALUE}
   */
  readonly max?: number;
  /**
   * Whether it may be left out.
   *
   * @default {false}
   */
  readonly optional?: boolean;
}

/** Yes or no. */
export interface BoolField {
  /** The kind. */
  readonly kind: "bool";
  /**
   * Whether it may be left out.
   *
   * @default {false}
   */
  readonly optional?: boolean;
}

/** One of a few texts. */
export interface ChoiceField {
  /** The kind. */
  readonly kind: "choice";
  /** The texts: 1 to 256 labels. */
  readonly of: readonly string[];
  /**
   * Whether it may be left out.
   *
   * @default {false}
   */
  readonly optional?: boolean;
}

/**
 * A short text that names something of the game: 1 to 64 of `A–Z a–z 0–9 space _ . : / + -`. One that looks like
 * somebody's address or number is refused.
 */
export interface LabelField {
  /** The kind. */
  readonly kind: "label";
  /**
   * Whether it may be left out.
   *
   * @default {false}
   */
  readonly optional?: boolean;
}

/** What a field of an event may hold, as a game declares it. Plain data, so that it can stand in a file of JSON. */
export type FieldDefinition =
  | IntField
  | FloatField
  | BoolField
  | ChoiceField
  | LabelField;

/** Text in which whatever looks like personal data is blanked. Only the package's own `exception` has such fields. */
export interface TextField {
  /** The kind. */
  readonly kind: "text";
  /** The most characters; what is longer is cut. */
  readonly maxLength: number;
  /** Whether it may be left out. */
  readonly optional?: boolean;
}

/** A sketch in its form of JSON. Only the package's own `frameTime` and `memoryUsage` have such fields. */
export interface SketchField {
  /** The kind. */
  readonly kind: "sketch";
  /**
   * The most that a value of it may be.
   *
   * @default {Number.MAX_VALUE}
   */
  readonly max?: number;
  /** Whether it may be left out. */
  readonly optional?: boolean;
}

/** The fields of an event, by their names, in the order in which they are sent: 0 to 32. */
export type FieldDefinitions = Readonly<Record<string, FieldDefinition>>;

/** What an event may hold. */
export interface EventDefinition {
  /** The event's name: 1 to 64 of `A–Z a–z 0–9 _`, beginning with a letter. */
  readonly name: string;
  /** Its fields. */
  readonly fields: Readonly<
    Record<string, FieldDefinition | TextField | SketchField>
  >;
}

/** The value of a field. */
export type FieldValue = string | number | boolean | readonly number[];

/** The values of an event's fields. */
export type FieldValues = Readonly<Record<string, FieldValue | undefined>>;
