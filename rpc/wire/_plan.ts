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
} as const;

/** One of the operations. */
export type Op = typeof Op[keyof typeof Op];

/** From this operation on, what is written may begin within a byte. */
export const FIRST_OF_BITS: number = Op.Bool;

/** The name of the only property of a value that is no struct. */
export const CELL = "value";

/**
 * A property of an object on its way to or from the wire. All steps have the same
 * shape, whatever they do, so that the loops over them stay quick.
 */
export class Step {
  readonly name: string;
  op: Op = Op.U8;
  /** Whether a bit before it tells if it is there. */
  isOptional = false;
  /** Whether it is optional, and all objects have a property of its name. */
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
  /** Of a struct: its properties. Of a list: its element, under the name of a cell. */
  steps: readonly Step[] | undefined;

  constructor(name: string) {
    this.name = name;
  }
}

/** What is known of an rpc, by its number. All have the same shape. */
export class CallPlan {
  readonly rpc: Rpc;
  readonly plan: Plan;
  /** Whether its calls have tickets. */
  readonly isAnswered: boolean;
  /** Of its number, doubled, as a varint. */
  readonly idBytes: number;

  constructor(rpc: Rpc) {
    this.rpc = rpc;
    this.plan = planOf(rpc.params);
    this.isAnswered = rpc.definition.reply !== undefined;
    this.idBytes = varintBytes(rpc.id * 2 + 1);
  }
}

/** How a field is written and read. */
export interface Plan {
  /** The field that it was made of. */
  readonly field: Field<unknown>;
  /**
   * The properties of a struct; of any other field one, the cell. `undefined` if the
   * field has parts of a kind that is not known here: those write and read themselves.
   */
  readonly steps: readonly Step[] | undefined;
  /** Whether it is a struct, whose properties are those of the value. */
  readonly isStruct: boolean;
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
  const steps = isStruct
    ? stepsOf((field as { fields?: Fields }).fields ?? {})
    : oneStep(field);
  const plan = Object.freeze({ field, steps, isStruct });
  plans.set(field, plan);
  return plan;
}

function stepsOf(fields: Fields): readonly Step[] | undefined {
  const steps: Step[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const step = stepOf(name, field);
    if (step === undefined) return undefined;
    steps.push(step);
  }
  return steps;
}

function oneStep(field: Field<unknown>): readonly Step[] | undefined {
  const step = stepOf(CELL, field);
  return step === undefined ? undefined : [step];
}

function stepOf(name: string, anything: Field<unknown>): Step | undefined {
  const step = new Step(name);
  let field = anything as AnyField;
  if (field.type === "optional") {
    step.isOptional = true;
    step.hasInherited = name in Object.prototype;
    field = field.field as AnyField;
  }
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
      step.steps = oneStep(field.element);
      if (step.steps === undefined) return undefined;
      break;
    case "struct":
      step.op = Op.Struct;
      step.steps = stepsOf(field.fields);
      if (step.steps === undefined) return undefined;
      break;
    default:
      // A field of the game's own making.
      return undefined;
  }
  return step;
}
