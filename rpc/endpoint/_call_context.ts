// This module is browser compatible.
import type { ClientId } from "../target/client_id.ts";
import { RpcTarget } from "../target/rpc_target.ts";
import type { ReceivedCall } from "../wire/call_reader.ts";
import { TargetTag } from "../wire/packet_kind.ts";
import type { LinkEnd } from "./_link_end.ts";
import { DeferredReply, type ReplySink } from "./deferred_reply.ts";
import type { AnswerContext, ServerRpcContext } from "./rpc_handler.ts";

/** The one context of an endpoint, filled anew for each call. */
export class CallContext implements ServerRpcContext, AnswerContext<unknown> {
  /** Of a client, it may be `undefined`: its interface says so. */
  caller: ClientId = 0 as ClientId;
  sequence = 0;
  isRefused = false;
  deferred: DeferredReply<unknown> | undefined;
  readonly #makeSink: (end: LinkEnd, call: ReceivedCall) => ReplySink;
  #end: LinkEnd | undefined;
  /** The reader's own. */
  #call: ReceivedCall | undefined;

  constructor(makeSink: (end: LinkEnd, call: ReceivedCall) => ReplySink) {
    this.#makeSink = makeSink;
  }

  begin(end: LinkEnd, call: ReceivedCall, caller: ClientId | undefined): void {
    this.caller = caller as ClientId;
    this.sequence = call.sequence;
    this.isRefused = false;
    this.deferred = undefined;
    this.#end = end;
    this.#call = call;
  }

  end(): void {
    this.#end = undefined;
    this.#call = undefined;
  }

  get target(): RpcTarget {
    return this.#call === undefined
      ? RpcTarget.server()
      : targetOf(this.#call.tag, this.#call.id);
  }

  refuse(): void {
    this.#check("refuse a call");
    this.isRefused = true;
  }

  defer(): DeferredReply<unknown> {
    const end = this.#check("put an answer off");
    const call = this.#call!;
    if (call.ticket === 0 || this.deferred !== undefined) {
      throw new TypeError(
        "Cannot put an answer off as the call must wait for one: current call does not",
      );
    }
    this.deferred = new DeferredReply(this.#makeSink(end, call));
    return this.deferred;
  }

  #check(action: string): LinkEnd {
    if (this.#end !== undefined) return this.#end;
    throw new TypeError(
      `Cannot ${action} as its handler must be running: current handler has returned`,
    );
  }
}

/** The target that a client's call has on the wire. */
export function targetOf(tag: number, id: number): RpcTarget {
  switch (tag) {
    case TargetTag.All:
      return RpcTarget.all();
    case TargetTag.Client:
      return RpcTarget.client(id as ClientId);
    case TargetTag.Team:
      return RpcTarget.team(id);
    case TargetTag.AllExcept:
      return RpcTarget.allExcept(id as ClientId);
    default:
      return RpcTarget.server();
  }
}

/**
 * What a target is on the wire.
 *
 * @throws {TypeError} If it is none that a client can send to.
 */
export function tagOf(target: RpcTarget): TargetTag {
  switch (target?.type) {
    case "all":
      return TargetTag.All;
    case "server":
      return TargetTag.Server;
    case "client":
      return TargetTag.Client;
    case "team":
      return TargetTag.Team;
    case "allExcept":
      return TargetTag.AllExcept;
    default:
      throw new TypeError(
        `Cannot send to a target as a client's must be one of RpcTarget: current value is ${
          String((target as { type?: unknown } | undefined)?.type)
        }`,
      );
  }
}

/** Its client or team. */
export function idOf(target: RpcTarget): number {
  switch (target.type) {
    case "client":
    case "allExcept":
      return target.id;
    case "team":
      return target.team;
    default:
      return 0;
  }
}
