// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import type { MessageLink } from "../../protocol/mod.ts";
import type { RpcContract } from "../contract/define_rpc.ts";
import type { RpcDefinitions } from "../contract/rpc_definition.ts";
import type {
  AnsweredCallName,
  ClientCallName,
  RpcParams,
  RpcReply,
  ServerCallName,
  UnansweredCallName,
} from "../contract/rpc_types.ts";
import type { ClientId } from "../target/client_id.ts";
import { RpcTarget } from "../target/rpc_target.ts";
import type { ReceivedCall } from "../wire/call_reader.ts";
import { RpcPacketKind, TargetTag } from "../wire/packet_kind.ts";
import type { ReceivedResult } from "../wire/result_reader.ts";
import { idOf, tagOf } from "./_call_context.ts";
import { CallCore } from "./_call_core.ts";
import { checkCaller } from "./_check_call.ts";
import { type EndOwner, LinkEnd, type PendingCall } from "./_link_end.ts";
import type { RpcClientEvent, RpcPacketFault } from "./rpc_event.ts";
import type { AnswerHandler, CallHandler, RpcContext } from "./rpc_handler.ts";
import type { RpcCallOptions, RpcEndpointOptions } from "./rpc_options.ts";
import type { RpcTicket } from "./rpc_ticket.ts";

const NO_OPTIONS: RpcCallOptions = {};

/**
 * A client's end of a contract: it calls the server, and other clients through it, and
 * handles what they call.
 *
 * The game calls {@linkcode RpcClient.tick} once a frame and drains the events. Handlers
 * run inside of `tick`, in the order in which calls arrive. What is called before a tick
 * goes out at its end; what handlers call goes out with the next one.
 *
 * @typeParam D The definitions of the contract.
 *
 * @example Ask the server
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryLinkPair, string, struct, varint } from "@tickwire/net/protocol";
 * import { clientId, defineRpc, RpcClient, RpcServer } from "@tickwire/net/rpc";
 *
 * const game = defineRpc({
 *   buy: { params: { item: string }, from: "client", reply: struct({ gold: varint }) },
 * });
 * const pair = new MemoryLinkPair();
 * const server = new RpcServer(game);
 * server.connect(pair.a, clientId(7));
 * server.answer("buy", ({ item }) => ({ gold: item === "sword" ? 30 : 0 }));
 *
 * const client = new RpcClient(game, pair.b);
 * const ticket = client.call("buy", { item: "sword" });
 * let gold = 0;
 * for (let frame = 0; frame < 5; frame++) {
 *   server.tick(1 / 60);
 *   client.tick(1 / 60);
 *   for (const event of client.drainEvents()) {
 *     if (event.type === "result" && event.ticket === ticket) gold = event.value.gold;
 *   }
 * }
 * assertEquals(gold, 30);
 * ```
 */
export class RpcClient<const D extends RpcDefinitions> {
  readonly #core: CallCore;
  readonly #owner: EndOwner;
  #end: LinkEnd;

  /**
   * Creates a client.
   *
   * @param contract What it has in common with the server.
   * @param link The link to the server, which nothing else polls.
   * @param options Its limits.
   * @throws {RangeError} If an option is out of its range, or the link takes messages of
   * less than 65 bytes.
   */
  constructor(
    contract: RpcContract<D>,
    link: MessageLink,
    options: RpcEndpointOptions = {},
  ) {
    this.#core = new CallCore(contract, options, RpcPacketKind.ClientCalls);
    this.#owner = this.#makeOwner();
    this.#end = this.#open(link);
  }

  /** Whether the handshake is over, so that calls go out. */
  get isReady(): boolean {
    return this.#end.isReady;
  }

  /** How many calls wait for their answers. */
  get outstanding(): number {
    return this.#core.outstanding;
  }

  /**
   * Handles the calls of a name: the server's, and those that the server passes on.
   *
   * @param name Which: one that is not answered.
   * @param handler What is run for each.
   * @throws {TypeError} If there is no such call, or it has a handler.
   */
  on<N extends UnansweredCallName<D>>(
    name: N,
    handler: CallHandler<RpcParams<D[N]>, RpcContext>,
  ): void {
    this.#core.handle(this.#core.rpc(name), handler, "client", false);
  }

  /**
   * Answers the server's calls of a name.
   *
   * @param name Which.
   * @param handler What answers each.
   * @throws {TypeError} If there is no such call, or it has a handler.
   */
  answer<N extends AnsweredCallName<D, ServerCallName<D>>>(
    name: N,
    handler: AnswerHandler<RpcParams<D[N]>, RpcReply<D[N]>>,
  ): void {
    this.#core.handle(this.#core.rpc(name), handler, "client", true);
  }

  /**
   * Takes the handler of a name off.
   *
   * @param name Which.
   * @throws {TypeError} If there is no such call.
   */
  off(name: keyof D & string): void {
    this.#core.off(this.#core.rpc(name));
  }

  /**
   * Calls without waiting for an answer. What it carries is copied.
   *
   * @param name Which call.
   * @param params What it carries.
   * @param target Whom it is for: by default the server alone. To others it goes through the server.
   * @returns Whether it was taken: if not, an event says why.
   * @throws {RangeError} If a parameter is not what the contract allows.
   * @throws {TypeError} If a client cannot make such a call, or not to this target.
   */
  send<N extends UnansweredCallName<D, ClientCallName<D>>>(
    name: N,
    params: RpcParams<D[N]>,
    target: RpcTarget = RpcTarget.server(),
  ): boolean {
    const rpc = this.#core.rpc(name);
    checkCaller(rpc, "client", false);
    const tag = tagOf(target);
    this.#core.encode(rpc, tag, idOf(target), params);
    return this.#core.send(this.#end);
  }

  /**
   * Asks the server: exactly one outcome with the ticket that is returned will follow as
   * an event.
   *
   * @param name Which call.
   * @param params What it carries, which is copied.
   * @param options How long to wait.
   * @returns The ticket; `undefined` if it was not taken: an event says why.
   * @throws {RangeError} If a parameter is not what the contract allows, or `timeoutMs`
   * is not above 0.
   * @throws {TypeError} If a client cannot make such a call.
   */
  call<N extends AnsweredCallName<D, ClientCallName<D>>>(
    name: N,
    params: RpcParams<D[N]>,
    options: RpcCallOptions = NO_OPTIONS,
  ): RpcTicket<RpcReply<D[N]>> | undefined {
    const rpc = this.#core.rpc(name);
    checkCaller(rpc, "client", true);
    return this.#core.call(this.#end, rpc, TargetTag.Server, params, options) as
      | RpcTicket<RpcReply<D[N]>>
      | undefined;
  }

  /**
   * Does not wait for an answer any more: the outcome is `cancelled`. The server may do
   * what it was asked for all the same.
   *
   * @param ticket Which call.
   * @returns Whether it was waiting.
   */
  cancel(ticket: RpcTicket): boolean {
    return this.#core.cancel(ticket);
  }

  /**
   * Moves on: takes in what has come, runs handlers, times out, and sends.
   *
   * @param dt The time in seconds: finite, 0 or more.
   * @throws {RangeError} If it is not.
   * @throws {TypeError} If it is called from a handler.
   */
  tick(dt: number): void {
    this.#core.tick(dt, this.#tick);
  }

  /**
   * Iterates over the events that wait, and removes them: see `EventQueue.drain`.
   *
   * @param budgetMs How long it may take, in milliseconds.
   * @returns An iterator, to be used once.
   */
  drainEvents(budgetMs?: number): IterableIterator<RpcClientEvent<D>> {
    return this.#core.events.drain(budgetMs) as IterableIterator<
      RpcClientEvent<D>
    >;
  }

  /**
   * Takes the oldest event.
   *
   * @returns The event; `undefined` if none waits.
   */
  pollEvent(): RpcClientEvent<D> | undefined {
    return this.#core.events.poll() as RpcClientEvent<D> | undefined;
  }

  /**
   * Goes on over another link, with the same handlers. What waited on the old one, which
   * is closed if it is not yet, is `disconnected`.
   *
   * @param link The link to the server, which nothing else polls.
   * @throws {RangeError} If so many events wait that there is no room for the link's own,
   * or it takes messages of less than 65 bytes.
   */
  reconnect(link: MessageLink): void {
    this.#close(this.#end, "reconnecting");
    this.#end = this.#open(link);
  }

  /**
   * Closes the link.
   *
   * @param reason Why, for the server.
   */
  close(reason = "closed"): void {
    this.#core.observeEnd(this.#end, reason);
    this.#close(this.#end, reason);
  }

  /**
   * What it has counted.
   *
   * @returns The metrics, to be rendered by `renderOpenMetrics`.
   */
  metrics(): Iterable<Metric> {
    return this.#core.metrics();
  }

  #open(link: MessageLink): LinkEnd {
    const end = new LinkEnd(this.#owner, link, undefined);
    if (this.#core.open(end)) return end;
    throw new RangeError(
      `Cannot connect as there must be room for 3 events: current capacity is ${this.#core.events.capacity}, of which is used all`,
    );
  }

  #close(end: LinkEnd, reason: string): void {
    this.#core.close(end, reason, { type: "disconnected", reason });
  }

  readonly #tick = (dt: number): void => {
    // A handler may go on over another link, which has its turn in the next tick.
    const end = this.#end;
    end.beginTick(dt);
    end.receive();
    const { state } = end.link;
    if (state.type === "closed") this.#close(end, state.reason);
    this.#core.expire(end);
    end.flush();
  };

  #handle(end: LinkEnd, call: ReceivedCall): void {
    const core = this.#core;
    const { rpc, id } = call;
    core.counters.callsIn++;
    const { from, reply } = rpc.definition;
    const caller = id === 0 ? undefined : id as ClientId;
    const isAllowed = id === 0
      ? from === "server" || from === "any"
      : from !== "server" && reply === undefined;
    if (!isAllowed) return core.deny(end, call, "unauthorised");
    if (reply !== undefined) return core.answer(end, call, caller);
    if (!core.handles(rpc)) return core.deny(end, call, "noHandler");
    core.run(end, call, caller);
  }

  #makeOwner(): EndOwner {
    const core = this.#core;
    return {
      contract: core.contract,
      limits: core.limits,
      counters: core.counters,
      sends: RpcPacketKind.ClientCalls,
      receives: RpcPacketKind.ServerCalls,
      admitsPacket: (): boolean => true,
      handleCall: (end: LinkEnd, call: ReceivedCall): void =>
        this.#handle(end, call),
      handleResult: (pending: PendingCall, result: ReceivedResult): void =>
        core.handleResult(pending, result),
      packetDone: (end: LinkEnd, fault: RpcPacketFault | undefined): void =>
        core.packetDone(end, fault),
      handleDiffers: (end: LinkEnd, message: string): void =>
        core.handleDiffers(end, message),
      handleReady: (end: LinkEnd): void => core.tell(end, { type: "ready" }),
    };
  }
}
