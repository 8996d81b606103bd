// What TypeScript must refuse, for the reason whose number stands in each line: nobody runs
// it. `type_check_test.ts` beside the folder takes the directives out and looks whether the
// compiler complains of just these.
import {
  bool,
  Channel,
  choice,
  f32,
  list,
  optional,
  struct,
  u8,
  vec3,
} from "../../../protocol/mod.ts";
import {
  type AnsweredCallName,
  type ClientCallName,
  defineRpc,
  type RpcDefinitionsOf,
  type RpcParamsOf,
  type RpcReplyOf,
  type ServerCallName,
} from "../../mod.ts";

const game = defineRpc({
  hit: {
    params: {
      at: vec3,
      how: choice("blade", "fire"),
      bonus: optional(f32),
      marks: list(struct({ x: u8, by: optional(u8) }), { maxLength: 4 }),
    },
    from: "server",
  },
  miss: { params: {}, from: "server" },
  buy: { params: { id: u8 }, from: "client", reply: struct({ ok: bool }) },
});
type Game = typeof game;
type D = RpcDefinitionsOf<Game>;

const at = { x: 0, y: 0, z: 0 };
const whole: RpcParamsOf<Game, "hit"> = { at, how: "fire", marks: [] };

/** Every case by what is wrong with it. */
export const cases: Readonly<Record<string, unknown>> = {
  // @ts-expect-error 1360 "at" is missing.
  missing: { how: "fire", marks: [] } satisfies RpcParamsOf<Game, "hit">,
  // @ts-expect-error 2322 A text is no vector.
  wrongType: { ...whole, at: "0,0,0" } satisfies RpcParamsOf<Game, "hit">,
  // @ts-expect-error 2322 None of the words.
  wrongWord: { ...whole, how: "ice" } satisfies RpcParamsOf<Game, "hit">,
  // @ts-expect-error 2561 There is no such parameter; "bonus" is meant.
  typo: { ...whole, bonuss: 1 } satisfies RpcParamsOf<Game, "hit">,
  // @ts-expect-error 2322 What may be left out still has a type.
  wrongOptional: { ...whole, bonus: true } satisfies RpcParamsOf<Game, "hit">,
  // @ts-expect-error 2322 An element is an object.
  wrongElement: { ...whole, marks: [1] } satisfies RpcParamsOf<Game, "hit">,
  // @ts-expect-error 2322 Deep inside, too.
  wrongDeep: { ...whole, marks: [{ x: "" }] } satisfies RpcParamsOf<
    Game,
    "hit"
  >,
  // @ts-expect-error 2741 And there something may be missing.
  missingDeep: { ...whole, marks: [{ by: 1 }] } satisfies RpcParamsOf<
    Game,
    "hit"
  >,
  // @ts-expect-error 2344 There is no such call.
  noCall: (value: RpcParamsOf<Game, "heal">) => value,
  // @ts-expect-error 1360 The server may not make this call.
  wrongEnd: "buy" satisfies ServerCallName<D>,
  // @ts-expect-error 1360 A client may not make this one.
  wrongOtherEnd: "hit" satisfies ClientCallName<D>,
  // @ts-expect-error 1360 Nobody answers it.
  notAnswered: "hit" satisfies AnsweredCallName<D>,
  // @ts-expect-error 2322 There is no such reply.
  wrongReply: { ok: 1 } satisfies RpcReplyOf<Game, "buy">,
  // @ts-expect-error 1360 There is no reply at all.
  noReply: undefined satisfies RpcReplyOf<Game, "hit">,
  nothing: defineRpc({
    // @ts-expect-error 2322 No parameters.
    hit: { from: "server" },
  }),
  noSource: defineRpc({
    // @ts-expect-error 2322 Nobody who calls.
    hit: { params: {} },
  }),
  wrongSource: defineRpc({
    // @ts-expect-error 2322 No such end.
    hit: { params: {}, from: "peer" },
  }),
  noField: defineRpc({
    // @ts-expect-error 2322 Not a field.
    hit: { params: { amount: "f32" }, from: "server" },
  }),
  noMaker: defineRpc({
    // @ts-expect-error 2322 What makes fields, not a field.
    hit: { params: { how: choice }, from: "server" },
  }),
  noChannel: defineRpc({
    // @ts-expect-error 2322 Not a channel.
    hit: { params: {}, from: "server", channel: 4 },
  }),
  lostReply: defineRpc({
    hit: {
      params: {},
      from: "server",
      reply: bool,
      // @ts-expect-error 2322 What is answered may not be lost.
      channel: Channel.Unreliable,
    },
  }),
  cosmeticReply: defineRpc({
    // @ts-expect-error 2322 What is answered may not be left out.
    hit: { params: {}, from: "server", reply: bool, cosmetic: 1 },
  }),
  coalescedReply: defineRpc({
    // @ts-expect-error 2322 What is answered may not be replaced.
    hit: { params: {}, from: "server", reply: bool, coalesce: [] },
  }),
  noKey: defineRpc({
    // @ts-expect-error 2322 What is no parameter.
    hit: { params: { id: u8 }, from: "server", coalesce: ["di"] },
  }),
  noProperty: defineRpc({
    // @ts-expect-error 2322 "rate" is meant: it would be no limit at all.
    hit: { params: {}, from: "client", rtae: { perSecond: 1 } },
  }),
  serverRate: defineRpc({
    // @ts-expect-error 2322 Nobody limits the server.
    hit: { params: {}, from: "server", rate: { perSecond: 1 } },
  }),
  noRate: defineRpc({
    // @ts-expect-error 2741 No number.
    hit: { params: {}, from: "client", rate: { burst: 1 } },
  }),
};
