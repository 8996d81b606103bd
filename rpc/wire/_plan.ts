// This module is browser compatible.
import type {
  AngleQuantizer,
  AnyField,
  Field,
  Fields,
  FloatQuantizer,
  QuatQuantizer,
} from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import { varintBytes } from "./_varint.ts";
import { isLight, SLOT_WEIGHT, weightOf } from "./_weight.ts";

/**
 * What a step does. Whole bytes first: see {@linkcode FIRST_OF_BITS}. A switch names
 * them as `case 8 satisfies typeof Op.Zigzag`, as the engine makes a table of jumps of
 * literals alone, which is a tenth of the time of a call.
 */
export const Op = {
  U8: 0,
  U16: 1,
  U32: 2,
  I8: 3,
  I16: 4,
  I32: 5,
  U64: 6,
  Varint: 7,
  Zigzag: 8,
  F32: 9,
  F64: 10,
  Vec2: 11,
  Vec3: 12,
  String: 13,
  Bytes: 14,
  Bool: 15,
  Ranged: 16,
  Float: 17,
  Angle: 18,
  Quat: 19,
  Floats: 20,
  Choice: 21,
  List: 22,
  Struct: 23,
  Optional: 24,
  Align: 25,
  End: 26,
} as const;

/** One of the operations. */
export type Op = typeof Op[keyof typeof Op];

/** From this operation on, what is written may begin within a byte. */
const FIRST_OF_BITS: number = Op.Bool;

/** The name of the only property of a value that is no struct. */
export const CELL = "value";

/**
 * A property of an object on its way to or from the wire. All steps have the same
 * shape, whatever they do, so that the loops over them stay quick.
 */
export class Step {
  readonly name: string;
  op: Op = Op.U8;
  /** Of what may be left out: whether all objects have a property of its name. */
  hasInherited = false;
  /** Of what takes bits: how many. */
  width = 0;
  /** Of a range: its smallest. Of text, bytes and lists: the most. */
  min = 0;
  /** Of a range: its largest. Of text, bytes and lists: the most. */
  max = 0;
  /** Of a float: its steps. */
  quantizer: FloatQuantizer | undefined;
  /** Of a vector of floats: theirs. */
  quantizers: readonly FloatQuantizer[] | undefined;
  angle: AngleQuantizer | undefined;
  quat: QuatQuantizer | undefined;
  /** Of a choice: its words, and their numbers. */
  words: readonly string[] | undefined;
  numbers: ReadonlyMap<string, number> | undefined;
  /** Of a list: the fewest bits of an element. */
  elementBits = 0;
  /** Of a list: what an element weighs, with its slot. */
  elementWeight = 0;
  /** Of a struct: its properties. Of a list: its element, under the name of a cell. */
  first: Step | undefined;
  /** The step after it, also if it is the last: see {@linkcode END}. */
  next: Step = this;
  /** Of a bit that tells if something is there: the last step of that. */
  last: Step = this;

  constructor(name: string) {
    this.name = name;
  }
}

/** The step after the last one: a chain is walked in fewer instructions than an array. */
export const END: Step = new Step("");
END.op = Op.End;

/** What is known of an rpc, by its number. All have the same shape. */
export class CallPlan {
  readonly rpc: Rpc;
  readonly plan: Plan;
  /** The first step of the plan, which is a struct. */
  readonly first: Step | undefined;
  /** Whether its calls have tickets. */
  readonly isAnswered: boolean;
  /** Whether further calls in a run need nothing but the steps. */
  readonly isQuick: boolean;
  /** Of its number, doubled, as a varint. */
  readonly idBytes: number;

  constructor(rpc: Rpc) {
    this.rpc = rpc;
    this.plan = planOf(rpc.params);
    this.first = this.plan.first;
    this.isQuick = this.first !== undefined && this.plan.isLight;
    this.isAnswered = rpc.definition.reply !== undefined;
    this.idBytes = varintBytes(rpc.id * 2 + 1);
  }
}

/** How a field is written and read. */
export interface Plan {
  /** The field that it was made of. */
  readonly field: Field<unknown>;
  /**
   * The first property of a struct; of any other field the cell. The steps from there
   * end with a whole byte. `undefined` if the field has parts of a kind that is not known
   * here: those write and read themselves.
   */
  readonly first: Step | undefined;
  /** Whether it is a struct, whose properties are those of the value. */
  readonly isStruct: boolean;
  /** What a value weighs without the elements of its lists. */
  readonly weight: number;
  /** Whether no value has excess, so that none is weighed. */
  readonly isLight: boolean;
}

const plans = new WeakMap<Field<unknown>, Plan>();

/**
 * Makes the plan of a field, once.
 *
 * @param field Any field.
 * @returns Its plan.
 */
export function planOf(field: Field<unknown>): Plan {
  const known = plans.get(field);
  if (known !== undefined) return known;
  const isStruct = field.type === "struct";
  const steps: Step[] = [];
  const end = isStruct
    ? addStruct(steps, (field as { fields?: Fields }).fields ?? {}, true)
    : addCell(steps, field, true);
  if (end === "bits") steps.push(alignStep());
  const plan = Object.freeze({
    field,
    first: end === undefined ? undefined : chain(steps),
    isStruct,
    weight: weightOf(field),
    isLight: end === undefined || isLight(field),
  });
  plans.set(field, plan);
  return plan;
}

/** Where steps end, as far as is known before they write; `undefined` for a kind that is not known. */
type StepsEnd = "whole" | "bits" | undefined;

/**
 * Adds the steps of a struct. Where a byte may have been begun is known when they are
 * made, so that only there a step of its own ends it.
 *
 * @param steps What they are added to.
 * @param fields What the struct has.
 * @param isWhole Whether what is before them ends with a whole byte.
 * @returns Whether they do.
 */
function addStruct(
  steps: Step[],
  fields: Fields,
  isWhole: boolean,
): StepsEnd {
  let end: StepsEnd = isWhole ? "whole" : "bits";
  for (const [name, field] of Object.entries(fields)) {
    end = addField(steps, name, field, end === "whole");
    if (end === undefined) return undefined;
  }
  return end;
}

/** The same for what is no struct, or for an element of a list. */
function addCell(
  steps: Step[],
  field: Field<unknown>,
  isWhole: boolean,
): StepsEnd {
  return addField(steps, CELL, field, isWhole);
}

function addField(
  steps: Step[],
  name: string,
  anything: Field<unknown>,
  isWhole: boolean,
): StepsEnd {
  let field = anything as AnyField;
  let bit: Step | undefined;
  if (field.type === "optional") {
    field = field.field as AnyField;
    bit = new Step(name);
    bit.op = Op.Optional;
    bit.hasInherited = name in Object.prototype;
    steps.push(bit);
    isWhole = false;
  }
  const step = stepOf(name, field, isWhole);
  if (step === undefined) return undefined;
  const isBits = step.op >= FIRST_OF_BITS;
  if (!isBits && !isWhole) steps.push(alignStep());
  steps.push(step);
  if (bit !== undefined) bit.last = step;
  return isBits || bit !== undefined ? "bits" : "whole";
}

/** Ties steps to those that come after them; returns the first. */
function chain(steps: readonly Step[]): Step {
  for (const [i, step] of steps.entries()) step.next = steps[i + 1] ?? END;
  return steps[0] ?? END;
}

function alignStep(): Step {
  const step = new Step(CELL);
  step.op = Op.Align;
  return step;
}

function stepOf(
  name: string,
  field: AnyField,
  isWhole: boolean,
): Step | undefined {
  const step = new Step(name);
  const inner: Step[] = [];
  switch (field.type) {
    case "bool":
      step.op = Op.Bool;
      break;
    case "u8":
      step.op = Op.U8;
      break;
    case "u16":
      step.op = Op.U16;
      break;
    case "u32":
      step.op = Op.U32;
      break;
    case "i8":
      step.op = Op.I8;
      break;
    case "i16":
      step.op = Op.I16;
      break;
    case "i32":
      step.op = Op.I32;
      break;
    case "u64":
      step.op = Op.U64;
      break;
    case "varint":
      step.op = Op.Varint;
      break;
    case "zigzag":
      step.op = Op.Zigzag;
      break;
    case "f32":
      step.op = Op.F32;
      break;
    case "f64":
      step.op = Op.F64;
      break;
    case "vec2":
    case "vec3":
      if ("quantizers" in field) {
        step.op = Op.Floats;
        step.quantizers = field.quantizers;
      } else step.op = field.type === "vec2" ? Op.Vec2 : Op.Vec3;
      break;
    case "int":
      step.op = Op.Ranged;
      step.min = field.min;
      step.max = field.max;
      step.width = field.maxBits;
      break;
    case "bits":
      step.op = Op.Ranged;
      step.max = 2 ** field.width - 1;
      step.width = field.width;
      break;
    case "float":
      step.op = Op.Float;
      step.quantizer = field.quantizer;
      step.width = field.quantizer.bits;
      break;
    case "angle":
      step.op = Op.Angle;
      step.angle = field.quantizer;
      step.width = field.quantizer.bits;
      break;
    case "quat":
      step.op = Op.Quat;
      step.quat = field.quantizer;
      step.width = field.quantizer.bits;
      break;
    case "string":
      step.op = Op.String;
      step.max = field.maxBytes;
      break;
    case "bytes":
      step.op = Op.Bytes;
      step.max = field.maxBytes;
      break;
    case "choice":
      step.op = Op.Choice;
      step.words = field.options;
      step.numbers = new Map(field.options.map((word, i) => [word, i]));
      step.max = field.options.length - 1;
      step.width = field.maxBits;
      break;
    case "list":
      step.op = Op.List;
      step.max = field.maxLength;
      step.width = 32 - Math.clz32(field.maxLength);
      step.elementBits = field.element.minBits;
      step.elementWeight = SLOT_WEIGHT + weightOf(field.element);
      // The number of its elements is of bits, and so may be what is before the next.
      if (addCell(inner, field.element, false) === undefined) return undefined;
      step.first = chain(inner);
      break;
    case "struct":
      step.op = Op.Struct;
      if (addStruct(inner, field.fields, isWhole) === undefined) {
        return undefined;
      }
      step.first = chain(inner);
      break;
    default:
      // A field of the game's own making.
      return undefined;
  }
  return step;
}
