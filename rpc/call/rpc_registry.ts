// This module is browser compatible.
import { RpcError, type RpcErrorCode } from "../rpc_error.ts";
import { EVENT_LAYOUTS_BY_ID, eventLayout } from "./_event_layouts.ts";
import type { RpcCall } from "./rpc_call.ts";
import { FIRST_OWN_RPC_ID, isRpcId, MAX_RPC_ID, type RpcId } from "./rpc_id.ts";
import type { RpcParam, RpcParamType } from "./rpc_param.ts";

/**
 * Does what a call asks for.
 *
 * @typeParam C What whoever invokes it hands on.
 */
export type RpcCallHandler<C> = (call: RpcCall, context: C) => RpcParam | void;

/** The types of a call's parameters, in their order. */
export type RpcSignature = readonly RpcParamType[];

/** What became of a call. */
export type RpcInvocation =
  | {
    /** Its handler has returned. */
    readonly type: "returned";
    /** What it returned, if anything. */
    readonly value: RpcParam | undefined;
  }
  | {
    /** It was refused, or its handler threw. */
    readonly type: "failed";
    /**
     * Why: `unknownRpc`, `invalidParams` or `wrongParamType`, and then the handler was not
     * called; or `handlerFailed`, with what it threw as the `cause`.
     */
    readonly error: RpcError;
  };

interface Registration<C> {
  readonly id: RpcId;
  readonly name: string;
  readonly handler: RpcCallHandler<C>;
  readonly signature: RpcSignature | undefined;
}

const NAME = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/;
const NOTHING: RpcInvocation = Object.freeze({
  type: "returned",
  value: undefined,
});

/**
 * Which handler a call goes to. Names are for people and for both ends to agree: ids alone
 * go over the wire.
 *
 * @typeParam C What whoever invokes a handler hands on to it.
 *
 * @example A game's own call and one of the twelve
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readGameEvent, RpcCall, rpcChat, RpcParam, RpcRegistry } from "@tickwire/net/rpc";
 *
 * const registry = new RpcRegistry<{ log: string[] }>();
 * registry.register("chat", (call, { log }) => {
 *   const event = readGameEvent(call);
 *   if (event?.type === "chat") log.push(event.text);
 * });
 * const double = registry.register("double", ({ params: [param] }) => {
 *   if (param?.type === "int") return RpcParam.int(2 * param.value);
 * }, ["int"]);
 *
 * const context = { log: [] };
 * registry.invoke(rpcChat({ text: "hello" }), context);
 * assertEquals(context.log, ["hello"]);
 *
 * const outcome = registry.invoke(new RpcCall({ id: double, params: [RpcParam.int(4)] }), context);
 * assertEquals(outcome, { type: "returned", value: RpcParam.int(8) });
 * const wrong = registry.invoke(new RpcCall({ id: double }), context);
 * assertEquals(wrong.type === "failed" && wrong.error.code, "invalidParams");
 * ```
 */
export class RpcRegistry<C = undefined> {
  readonly #byId = new Map<RpcId, Registration<C>>();
  readonly #byName = new Map<string, RpcId>();
  #nextOwnId = FIRST_OWN_RPC_ID;

  /** How many calls have a handler. */
  get size(): number {
    return this.#byId.size;
  }

  /**
   * Registers a handler under a name. A name of the twelve (`"chat"`, …) has its fixed id;
   * any other gets the first free one from 100 on: both ends register the same names in the
   * same order, or use {@linkcode RpcRegistry.registerFixed}.
   *
   * @param name A letter and up to 63 further letters, digits, underscores and dots.
   * @param handler What to call.
   * @param signature The types of its parameters; of the twelve, their own if left out. Of
   * others it is then not checked what comes in.
   * @returns The id.
   * @throws {TypeError} If the name is taken.
   * @throws {RangeError} If it is no name, or no id is left.
   */
  register(
    name: string,
    handler: RpcCallHandler<C>,
    signature?: RpcSignature,
  ): RpcId {
    const id = eventLayout(name)?.id ?? this.#freeId(name);
    this.registerFixed(id, name, handler, signature);
    return id;
  }

  /**
   * Registers a handler under an id, whatever was registered before.
   *
   * @param id An id of the game's own, or one of the twelve with its name.
   * @param name A letter and up to 63 further letters, digits, underscores and dots.
   * @param handler What to call.
   * @param signature The types of its parameters; see {@linkcode RpcRegistry.register}.
   * @throws {TypeError} If the id or the name is taken, or one belongs to one of the twelve
   * and the other does not.
   * @throws {RangeError} If it is no id, one of this library that has no call yet, or no
   * name.
   */
  registerFixed(
    id: RpcId,
    name: string,
    handler: RpcCallHandler<C>,
    signature?: RpcSignature,
  ): void {
    const layout = EVENT_LAYOUTS_BY_ID.get(id);
    if (layout === undefined && !(isRpcId(id) && id >= FIRST_OWN_RPC_ID)) {
      throw new RangeError(
        `Cannot register rpc "${name}" as id must be one of the twelve or an integer from ${FIRST_OWN_RPC_ID} to ${MAX_RPC_ID}: current value is ${id}`,
      );
    }
    if (!NAME.test(name)) {
      throw new RangeError(
        `Cannot register an rpc as its name must be a letter and up to 63 letters, digits, underscores and dots: current value is "${name}"`,
      );
    }
    if (layout !== eventLayout(name)) {
      throw new TypeError(
        `Cannot register rpc "${name}" as a fixed name must go with its fixed id: current id is ${id}`,
      );
    }
    if (this.#byName.has(name) || this.#byId.has(id)) {
      throw new TypeError(
        `Cannot register rpc "${name}" as its name and its id must be free: current id is ${id}`,
      );
    }
    this.#byName.set(name, id);
    this.#byId.set(id, {
      id,
      name,
      handler,
      signature: signature?.slice() ?? layout?.signature,
    });
  }

  /**
   * Finds a handler.
   *
   * @param id Which call.
   * @returns Its handler; `undefined` if it has none.
   */
  handler(id: RpcId): RpcCallHandler<C> | undefined {
    return this.#byId.get(id)?.handler;
  }

  /**
   * Finds an id.
   *
   * @param name The name of a call.
   * @returns Its id, if it was registered or is one of the twelve.
   */
  idFor(name: string): RpcId | undefined {
    return this.#byName.get(name) ?? eventLayout(name)?.id;
  }

  /**
   * Gives a call to its handler. Who may call, and how often, is for `RpcSecurity` to
   * say before. It does not throw: what a handler throws is an outcome like others.
   *
   * @param call The call, from anybody.
   * @param context What the handler gets besides.
   * @returns What became of it.
   */
  invoke(call: RpcCall, context: C): RpcInvocation {
    const registration = this.#byId.get(call.id);
    if (registration === undefined) {
      return failed(
        "unknownRpc",
        `Cannot invoke rpc ${call.id} as it must have a handler`,
      );
    }
    const { name, handler, signature } = registration;
    if (signature !== undefined) {
      const outcome = checkParams(name, call.params, signature);
      if (outcome !== undefined) return outcome;
    }
    try {
      const value = handler(call, context);
      const anything: unknown = value;
      if (anything instanceof Promise) {
        // What it throws later would end the process.
        anything.catch(ignore);
        return failed(
          "handlerFailed",
          `The handler of rpc "${name}" must not be async`,
        );
      }
      return value ? { type: "returned", value } : NOTHING;
    } catch (cause) {
      return failed("handlerFailed", `The handler of rpc "${name}" threw`, {
        cause,
      });
    }
  }

  #freeId(name: string): RpcId {
    while (this.#byId.has(this.#nextOwnId as RpcId)) this.#nextOwnId++;
    if (this.#nextOwnId <= MAX_RPC_ID) return this.#nextOwnId as RpcId;
    throw new RangeError(
      `Cannot register rpc "${name}" as ids end at ${MAX_RPC_ID}`,
    );
  }
}

function checkParams(
  name: string,
  params: readonly RpcParam[],
  signature: RpcSignature,
): RpcInvocation | undefined {
  if (params.length !== signature.length) {
    return failed(
      "invalidParams",
      `Cannot invoke rpc "${name}" as it must have ${signature.length} parameters: current value is ${params.length}`,
    );
  }
  for (let i = 0; i < params.length; i++) {
    const { type } = params[i]!;
    if (type === signature[i]) continue;
    return failed(
      "wrongParamType",
      `Cannot invoke rpc "${name}" as parameter ${i} must be of type ${
        signature[i]
      }: current type is ${type}`,
    );
  }
  return undefined;
}

function ignore(): void {}

function failed(
  code: RpcErrorCode,
  message: string,
  options?: ErrorOptions,
): RpcInvocation {
  return { type: "failed", error: new RpcError(code, message, options) };
}
