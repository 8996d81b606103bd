// This module is browser compatible.
import { type Clock, type Metric, SystemClock } from "../../core/mod.ts";
import type { MessageLink } from "../../protocol/mod.ts";
import type { Rpc, RpcContract } from "../contract/define_rpc.ts";
import type { RpcDefinitions } from "../contract/rpc_definition.ts";
import type {
  AnsweredCallName,
  ClientCallName,
  RpcParams,
  RpcReply,
  ServerCallName,
  UnansweredCallName,
} from "../contract/rpc_types.ts";
import { CallGuard, type PeerGuard } from "../security/call_guard.ts";
import type { RpcDenial, RpcGuardEvent } from "../security/rpc_offence.ts";
import { type ClientId, clientId } from "../target/client_id.ts";
import { checkTarget, resolveTarget } from "../target/resolve_target.ts";
import type { ServerTarget } from "../target/server_target.ts";
import type { ReceivedCall } from "../wire/call_reader.ts";
import { RpcPacketKind, TargetTag } from "../wire/packet_kind.ts";
import type { ReceivedResult } from "../wire/result_reader.ts";
import { targetOf } from "./_call_context.ts";
import { CallCore } from "./_call_core.ts";
import { checkCaller } from "./_check_call.ts";
import { gauge } from "./_counters.ts";
import { PeerTable } from "./_peer_table.ts";
import { type EndOwner, LinkEnd, type PendingCall } from "./_link_end.ts";
import type { RpcPacketFault, RpcServerEvent } from "./rpc_event.ts";
import type {
  AnswerHandler,
  CallHandler,
  ServerRpcContext,
} from "./rpc_handler.ts";
import type { RpcCallOptions, RpcServerOptions } from "./rpc_options.ts";
import type { RpcPeer } from "./rpc_peer.ts";
import type { RpcTicket } from "./rpc_ticket.ts";

/**
 * How many calls of a packet are measured together: reading the clock takes longer than
 * all else that guards a call.
 */
const CALLS_PER_LAP = 4;
const NO_OPTIONS: RpcCallOptions = {};

/**
 * The server's end of a contract, with any number of clients: it calls them, handles
 * what they call, and passes on what is for others, with the caller that the connection
 * tells.
 *
 * The game calls {@linkcode RpcServer.tick} once a frame and drains the events. Handlers
 * run inside of `tick`, client after client, in the order in which the calls of each
 * arrive. What is called before a tick goes out at its end; what handlers call, and what
 * is passed on, goes out with the next one; answers leave at the end of the same.
 *
 * @typeParam D The definitions of the contract.
 *
 * @example A shot, and the damage that it does
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { f32, MemoryLinkPair, vec3 } from "@tickwire/net/protocol";
 * import { clientId, defineRpc, RpcClient, RpcServer, RpcTarget } from "@tickwire/net/rpc";
 *
 * const game = defineRpc({
 *   fire: { params: { at: vec3 }, from: "client" },
 *   damage: { params: { amount: f32 }, from: "server" },
 * });
 * const pair = new MemoryLinkPair();
 * const server = new RpcServer(game);
 * server.connect(pair.a, clientId(7));
 * server.on("fire", ({ at }, { caller }) => {
 *   if (at.x > 0) server.send("damage", { amount: 3 }, RpcTarget.client(caller));
 * });
 *
 * const client = new RpcClient(game, pair.b);
 * let health = 100;
 * client.on("damage", ({ amount }) => {
 *   health -= amount;
 * });
 * client.send("fire", { at: { x: 1, y: 0, z: 0 } });
 * for (let frame = 0; frame < 6; frame++) {
 *   client.tick(1 / 60);
 *   server.tick(1 / 60);
 * }
 * assertEquals(health, 97);
 * ```
 */
export class RpcServer<const D extends RpcDefinitions> {
  readonly #core: CallCore;
  readonly #options: RpcServerOptions;
  readonly #guard: CallGuard;
  readonly #clock: Clock;
  readonly #owner: EndOwner;
  readonly #peers = new PeerTable<Peer>();
  /** Whom the calls that are being queued go to. */
  readonly #receivers: ClientId[] = [];
  /** When the calls of a client were measured last, or its turn began. */
  #lapMs = 0;
  /** How many calls there were since. */
  #unmeasured = 0;

  /**
   * Creates a server without clients.
   *
   * @param contract What it has in common with them.
   * @param options What it knows of the game, and its limits.
   * @throws {RangeError} If an option is out of its range.
   * @throws {TypeError} If the contract has calls of owners, and `isOwner` is not given.
   */
  constructor(contract: RpcContract<D>, options: RpcServerOptions = {}) {
    const { isOwner, limits, clock = new SystemClock() } = options;
    const core = new CallCore(contract, options, RpcPacketKind.ServerCalls);
    const emit = (event: RpcGuardEvent): void => void core.events.push(event);
    this.#core = core;
    this.#options = options;
    this.#guard = new CallGuard({ contract, emit, isOwner, limits });
    this.#clock = clock;
    this.#owner = this.#makeOwner();
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#peers.size;
  }

  /** How many calls wait for their answers. */
  get outstanding(): number {
    return this.#core.outstanding;
  }

  /**
   * Takes a client in. It stays until its link closes, or {@linkcode RpcServer.disconnect}.
   *
   * @param link The link to it, which nothing else polls.
   * @param id Which client it is, in whatever it calls.
   * @returns The client; `undefined` if so many events wait to be drained that there is no
   * room for its own: the link is closed then.
   * @throws {RangeError} If the id is not an integer from 1 to 2^53 - 1, a client of it is
   * connected, or the link takes messages of less than 65 bytes.
   */
  connect(link: MessageLink, id: ClientId): RpcPeer | undefined {
    // A number that was cast, such as 0 for "the first one", would pass for the server.
    clientId(id);
    if (this.#peers.has(id)) {
      throw new RangeError(
        `Cannot connect a client as its id must not be connected: current value is ${id}`,
      );
    }
    const end = new LinkEnd(this.#owner, link, id);
    if (!this.#core.open(end)) {
      end.close("the server is busy");
      return undefined;
    }
    end.guard = this.#guard.connect(id);
    const peer = new Peer(end, id);
    this.#peers.add(id, peer);
    return peer;
  }

  /**
   * Ends a client, and closes its link. One that is not connected any more stays so.
   *
   * @param peer Which.
   * @param reason Why, for the client.
   */
  disconnect(peer: RpcPeer, reason = "disconnected"): void {
    const own = this.#peers.get(peer.id);
    if (own === undefined || own !== peer) return;
    this.#core.observeEnd(own.end, reason);
    this.#close(own, reason);
  }

  /**
   * Looks a client up.
   *
   * @param id Which.
   * @returns The client; `undefined` if it is not connected.
   */
  peer(id: ClientId): RpcPeer | undefined {
    return this.#peers.get(id);
  }

  /**
   * Iterates over the clients.
   *
   * @returns An iterator over those that are connected.
   */
  peers(): IterableIterator<RpcPeer> {
    return this.#peers.values();
  }

  /**
   * Handles the clients' calls of a name: those for the server, and those for others,
   * which it may refuse before they are passed on.
   *
   * @param name Which: one that is not answered.
   * @param handler What is run for each.
   * @throws {TypeError} If there is no such call of clients, or it has a handler.
   */
  on<N extends UnansweredCallName<D, ClientCallName<D>>>(
    name: N,
    handler: CallHandler<RpcParams<D[N]>, ServerRpcContext>,
  ): void {
    this.#core.handle(this.#core.rpc(name), handler, "server", false);
  }

  /**
   * Answers the clients' calls of a name.
   *
   * @param name Which.
   * @param handler What answers each.
   * @throws {TypeError} If there is no such call of clients, or it has a handler.
   */
  answer<N extends AnsweredCallName<D, ClientCallName<D>>>(
    name: N,
    handler: AnswerHandler<RpcParams<D[N]>, RpcReply<D[N]>>,
  ): void {
    this.#core.handle(this.#core.rpc(name), handler, "server", true);
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
   * Calls clients without waiting for an answer. What it carries is copied.
   *
   * @param name Which call.
   * @param params What it carries.
   * @param target Whom it is for.
   * @returns Whether it was taken for all of them: if not, events say why. Not if the one
   * client that it is for is not connected.
   * @throws {RangeError} If a parameter is not what the contract allows.
   * @throws {TypeError} If the server cannot make such a call, or not to this target.
   */
  send<N extends UnansweredCallName<D, ServerCallName<D>>>(
    name: N,
    params: RpcParams<D[N]>,
    target: ServerTarget,
  ): boolean {
    const rpc = this.#core.rpc(name);
    checkCaller(rpc, "server", false);
    checkTarget(target, this.#options);
    if (target.type === "server") {
      throw new TypeError(
        'Cannot send a call as its target must be clients: current value is "server"',
      );
    }
    const start = this.#receivers.length;
    const isThere = this.#resolve(target);
    return this.#pass(start, rpc, 0, params) && isThere;
  }

  /**
   * Asks a client: exactly one outcome with the ticket that is returned will follow as an
   * event.
   *
   * @param name Which call.
   * @param params What it carries, which is copied.
   * @param client Which client.
   * @param options How long to wait.
   * @returns The ticket; `undefined` if it was not taken: the client is not connected, or
   * an event says why.
   * @throws {RangeError} If a parameter is not what the contract allows, or `timeoutMs`
   * is not above 0.
   * @throws {TypeError} If the server cannot make such a call.
   */
  call<N extends AnsweredCallName<D, ServerCallName<D>>>(
    name: N,
    params: RpcParams<D[N]>,
    client: ClientId,
    options: RpcCallOptions = NO_OPTIONS,
  ): RpcTicket<RpcReply<D[N]>> | undefined {
    const rpc = this.#core.rpc(name);
    checkCaller(rpc, "server", true);
    const end = this.#peers.get(client)?.end;
    return this.#core.call(end, rpc, 0, params, options) as
      | RpcTicket<RpcReply<D[N]>>
      | undefined;
  }

  /**
   * Does not wait for an answer any more: the outcome is `cancelled`. The client may do
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
  drainEvents(budgetMs?: number): IterableIterator<RpcServerEvent<D>> {
    return this.#core.events.drain(budgetMs) as IterableIterator<
      RpcServerEvent<D>
    >;
  }

  /**
   * Takes the oldest event.
   *
   * @returns The event; `undefined` if none waits.
   */
  pollEvent(): RpcServerEvent<D> | undefined {
    return this.#core.events.poll() as RpcServerEvent<D> | undefined;
  }

  /**
   * What it has counted.
   *
   * @returns The metrics, to be rendered by `renderOpenMetrics`.
   */
  *metrics(): IterableIterator<Metric> {
    yield gauge("clients", "Clients", this.#peers.size);
    yield* this.#core.metrics();
    yield* this.#guard.metrics();
  }

  /** Finds whom a call is for; returns `false` if it is one client, who is not there. */
  #resolve(target: ServerTarget): boolean {
    const receivers = this.#receivers;
    const before = receivers.length;
    resolveTarget(target, this.#peers, this.#options, receivers);
    if (target.type !== "client" || receivers.length > before) return true;
    this.#core.counters.refused.closed++;
    return false;
  }

  /**
   * Queues a call for the receivers from a place on; returns whether all of them took it.
   * One that is passed on for a client has its guard.
   */
  #pass(
    start: number,
    rpc: Rpc,
    caller: number,
    params: Readonly<Record<string, unknown>>,
    guard?: PeerGuard,
  ): boolean {
    const core = this.#core;
    const receivers = this.#receivers;
    let isTaken = true;
    try {
      // No code of the game's runs from here on, which could make calls.
      core.encode(rpc, 0, caller, params);
      guard?.relayed(receivers.length - start, core.encodedBytes);
      const isRelay = guard !== undefined;
      for (let i = start; i < receivers.length; i++) {
        const peer = this.#peers.get(receivers[i]!);
        isTaken = peer !== undefined && core.send(peer.end, isRelay) && isTaken;
      }
    } finally {
      receivers.length = start;
    }
    return isTaken;
  }

  #close(peer: Peer, reason: string): void {
    const { end, id: client } = peer;
    this.#peers.remove(client);
    this.#core.close(end, reason, { type: "peerDisconnected", client, reason });
    if (end.guard !== undefined) this.#guard.disconnect(end.guard);
  }

  readonly #tick = (dt: number): void => {
    this.#guard.tick(dt);
    const peers = this.#peers;
    for (const { end } of peers.values()) end.beginTick(dt);
    for (const peer of peers.values()) {
      const { end } = peer;
      this.#lapMs = this.#clock.nowMs();
      end.receive();
      const { state } = end.link;
      if (end.isClosed) continue;
      if (state.type === "closed") this.#close(peer, state.reason);
      else if (end.guard!.mustClose) this.#close(peer, "kicked");
    }
    for (const { end } of peers.values()) {
      this.#core.expire(end);
      end.flush();
    }
  };

  #handle(end: LinkEnd, call: ReceivedCall): void {
    const core = this.#core;
    const { rpc, tag } = call;
    const client = end.client!;
    core.counters.callsIn++;
    const denial = end.guard!.admit(rpc, call.params);
    if (denial !== undefined) return core.deny(end, call, DENIALS[denial]);
    if (rpc.definition.reply !== undefined) {
      // The server alone answers.
      if (tag !== TargetTag.Server) core.deny(end, call, "unauthorised");
      else core.answer(end, call, client);
      return;
    }
    if (tag !== TargetTag.Server) {
      const denial = end.guard!.admitRelay(rpc);
      if (denial !== undefined) return core.deny(end, call, DENIALS[denial]);
    }
    const isHandled = core.handles(rpc);
    if (!isHandled && tag === TargetTag.Server) {
      return core.deny(end, call, "noHandler");
    }
    if (isHandled && !core.run(end, call, client)) {
      core.counters.denied.refused++;
      core.observer?.rejected(client, rpc.name, "refused");
      return;
    }
    if (tag !== TargetTag.Server) this.#relay(end, call);
  }

  #relay(end: LinkEnd, { rpc, tag, id, params }: ReceivedCall): void {
    const client = end.client!;
    const start = this.#receivers.length;
    try {
      this.#resolve(targetOf(tag, id));
      this.#pass(start, rpc, client, params, end.guard);
    } catch (error) {
      // The game's own `teamOf` threw, or its handler has changed the parameters into
      // what they must not be.
      this.#core.handlerFailed(end, rpc, client, error);
      return;
    }
    this.#core.counters.callsRelayed++;
  }

  #packetDone(end: LinkEnd, fault: RpcPacketFault | undefined): void {
    if (this.#unmeasured > 0) this.#spend(end);
    if (fault !== undefined) end.guard!.malformed();
    this.#core.packetDone(end, fault);
  }

  /** Within a packet too, so that the next calls of it are not let through for nothing. */
  #spend(end: LinkEnd): void {
    const nowMs = this.#clock.nowMs();
    end.guard!.spend(nowMs - this.#lapMs);
    this.#unmeasured = 0;
    this.#lapMs = nowMs;
  }

  #makeOwner(): EndOwner {
    const core = this.#core;
    return {
      contract: core.contract,
      limits: core.limits,
      counters: core.counters,
      sends: RpcPacketKind.ServerCalls,
      receives: RpcPacketKind.ClientCalls,
      admitsPacket: (end: LinkEnd, bytes: number): boolean => {
        const denial = end.guard!.admitPacket(bytes);
        if (denial === undefined) return true;
        core.observer?.rejected(end.client, "", denial);
        return false;
      },
      handleCall: (end: LinkEnd, call: ReceivedCall): void => {
        this.#handle(end, call);
        if (++this.#unmeasured === CALLS_PER_LAP) this.#spend(end);
      },
      handleResult: (pending: PendingCall, result: ReceivedResult): void =>
        core.handleResult(pending, result),
      packetDone: (end: LinkEnd, fault: RpcPacketFault | undefined): void =>
        this.#packetDone(end, fault),
      handleDiffers: (end: LinkEnd, message: string): void =>
        core.handleDiffers(end, message),
      handleReady: (end: LinkEnd): void =>
        core.tell(end, { type: "peerReady" }),
    };
  }
}

const DENIALS: Readonly<
  Record<RpcDenial, "unauthorised" | "rateLimited">
> = {
  calls: "rateLimited",
  bytes: "rateLimited",
  handlerTime: "rateLimited",
  rate: "rateLimited",
  relays: "rateLimited",
  muted: "rateLimited",
  unauthorised: "unauthorised",
  notOwner: "unauthorised",
  ownerCheckFailed: "unauthorised",
};

class Peer implements RpcPeer {
  readonly end: LinkEnd;
  readonly id: ClientId;

  constructor(end: LinkEnd, id: ClientId) {
    this.end = end;
    this.id = id;
  }

  get link(): MessageLink {
    return this.end.link;
  }

  get isReady(): boolean {
    return this.end.isReady;
  }

  get isClosed(): boolean {
    return this.end.isClosed;
  }

  get outstanding(): number {
    return this.end.pending.size;
  }
}
