// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { Channel, MessageLink } from "../../protocol/mod.ts";
import type { RpcObserver } from "../endpoint/rpc_observer.ts";
import { type ClientId, clientId, MAX_CLIENT_ID } from "../target/client_id.ts";
import { ReplayLink, type ReplayLinkOwner } from "./_replay_link.ts";
import type { Recorded } from "./recorded.ts";
import type { Recording } from "./recording.ts";

/** What an endpoint did otherwise than was recorded. */
export interface ReplayDifference {
  /**
   * - `packet`: it sent another packet, or one more.
   * - `missing`: it did not send a packet.
   * - `unread`: it did not take a packet in.
   * - `rejected`: it refused something else, or something more.
   * - `accepted`: it did not refuse something.
   * - `clock`: it measured handlers more or less often.
   * - `connect`: it could not be given a peer.
   */
  readonly type:
    | "packet"
    | "missing"
    | "unread"
    | "rejected"
    | "accepted"
    | "clock"
    | "connect";
  /** When, in milliseconds of simulation time. */
  readonly timeMs: number;
  /** Which client it is about; 0 is the server, or nobody. */
  readonly peer: number;
  /** What was recorded: a packet or a rejection; `undefined` if there was nothing. */
  readonly expected: Recorded | undefined;
  /** What was sent instead: the receiver's own; `undefined` if it was nothing, or no packet. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** All of it in a sentence, for people. */
  readonly message: string;
}

/** What a player does with the endpoint, which is the game's to write. */
export interface RpcPlayerEnds {
  /**
   * A peer was connected: give the link to the endpoint.
   *
   * @param link What brings what the recorded one brought.
   * @param client Which client; 0 in a client's recording.
   */
  connect(link: MessageLink, client: number): void;
  /**
   * The game had ended a link: do it again.
   *
   * @param client Which client's; 0 in a client's recording.
   * @param reason Why.
   */
  disconnect?(client: number, reason: string): void;
  /**
   * Call the endpoint's `tick`, and whatever the game did around it.
   *
   * @param dt The time in seconds.
   */
  tick(dt: number): void;
}

/** As much of an `RpcServer` as a player needs. */
export interface PlayableServer<P> {
  /** Takes a client in. */
  connect(link: MessageLink, id: ClientId): P | undefined;
  /** Ends a client. */
  disconnect(peer: P, reason?: string): void;
  /** Looks a client up. */
  peer(id: ClientId): P | undefined;
  /** Moves on. */
  tick(dt: number): void;
}

const MAX_DIFFERENCES = 64;
/** What an endpoint cannot do with less. */
const MIN_LINK_BYTES = 65;

/**
 * Plays what an `RpcRecorder` recorded to a fresh endpoint of the same options: the same
 * ticks, packets, answers of links and times of handlers. Whatever the endpoint does
 * otherwise than the recorded one is told in {@linkcode RpcPlayer.differences}: if there
 * are none, every packet is the same to the byte, and everything that was refused was
 * refused again.
 *
 * The endpoint gets the player as its `observer`, and a server its `clock` besides. What
 * handlers and the game had called they call again.
 *
 * @example A bug report as a test
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryLinkPair, varint } from "@tickwire/net/protocol";
 * import {
 *   clientId,
 *   defineRpc,
 *   loadRecording,
 *   RpcClient,
 *   RpcPlayer,
 *   RpcRecorder,
 *   RpcServer,
 * } from "@tickwire/net/rpc";
 *
 * const game = defineRpc({ add: { params: { n: varint }, from: "client", reply: varint } });
 * function serve(server: RpcServer<typeof game.definitions>): void {
 *   let sum = 0;
 *   server.answer("add", ({ n }) => sum += n);
 * }
 *
 * // Where it happened:
 * const recorder = new RpcRecorder(game, "server");
 * const live = new RpcServer(game, { observer: recorder, clock: recorder.clock });
 * serve(live);
 * const pair = new MemoryLinkPair();
 * live.connect(recorder.link(pair.a, clientId(7)), clientId(7));
 * const client = new RpcClient(game, pair.b);
 * client.call("add", { n: 3 });
 * for (let i = 0; i < 6; i++) {
 *   client.tick(0.05);
 *   live.tick(0.05);
 * }
 * const bytes = recorder.export();
 *
 * // In the test:
 * const player = new RpcPlayer(loadRecording(bytes));
 * const server = new RpcServer(game, { observer: player, clock: player.clock });
 * serve(server);
 * player.playTo(server);
 * assertEquals(player.differences, []);
 * ```
 */
export class RpcPlayer implements RpcObserver {
  /** The clock for an endpoint whose handlers are measured: it shows what was recorded. */
  readonly clock: Clock;
  readonly #recording: Recording;
  readonly #records: Iterator<Recorded>;
  readonly #links = new Map<number, ReplayLink>();
  readonly #differences: ReplayDifference[] = [];
  readonly #owner: ReplayLinkOwner;
  #differenceCount = 0;
  #next: Recorded | undefined;
  #timeMs = 0;
  #tickCount = 0;
  /** Of the span between two ticks. */
  #rejections: (Recorded & { readonly type: "rejected" })[] = [];
  #rejected = 0;
  #readings: number[] = [];
  #read = 0;
  #clockUs = 0;

  /**
   * Creates a player at the beginning of a recording.
   *
   * @param recording A server's or a client's.
   * @throws {TypeError} If it is one of calls.
   */
  constructor(recording: Recording) {
    if (recording.header.subject === "calls") {
      throw new TypeError(
        "Cannot play a recording as it must be a server's or a client's: current subject is \"calls\"",
      );
    }
    this.#recording = recording;
    this.#records = recording[Symbol.iterator]();
    this.#owner = {
      sentOther: (peer, expected, bytes, channel) =>
        this.#sentOther(peer, expected, bytes, channel),
      sentNot: (peer, expected) =>
        this.#differ("missing", peer, "A packet is missing", expected),
      tookNot: (peer, packet) =>
        this.#differ("unread", peer, "A packet was not taken in", packet),
    };
    this.clock = {
      nowMs: () => this.#nowMs(),
      epochMs: () => this.#nowMs(),
    };
    this.#advance();
  }

  /** The recording. */
  get recording(): Recording {
    return this.#recording;
  }

  /** The simulation time, in milliseconds. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** How many ticks were played. */
  get tickCount(): number {
    return this.#tickCount;
  }

  /** What was otherwise: the first 64. What comes after the first may be due to it. */
  get differences(): readonly ReplayDifference[] {
    return this.#differences;
  }

  /** How many differences there are in all. */
  get differenceCount(): number {
    return this.#differenceCount;
  }

  /**
   * Plays all of it to a server.
   *
   * @typeParam P What it has for its clients.
   * @param server A fresh `RpcServer`, with its handlers.
   * @param afterTick What the game did between the ticks: it is run after each.
   */
  playTo<P>(
    server: PlayableServer<P>,
    afterTick?: (dt: number) => void,
  ): void {
    this.play({
      connect: (link, client) => this.#connect(server, link, client),
      disconnect: (client, reason) => {
        const peer = server.peer(client as ClientId);
        if (peer !== undefined) server.disconnect(peer, reason);
      },
      tick: (dt) => {
        server.tick(dt);
        afterTick?.(dt);
      },
    });
  }

  /**
   * Plays all of it.
   *
   * @param ends What is done with the endpoint.
   */
  play(ends: RpcPlayerEnds): void {
    while (this.step(ends));
  }

  /**
   * Plays up to and with the next tick.
   *
   * @param ends What is done with the endpoint.
   * @returns Whether there was one.
   */
  step(ends: RpcPlayerEnds): boolean {
    for (;;) {
      const record = this.#next;
      if (record === undefined) return false;
      this.#advance();
      this.#timeMs = record.timeMs;
      switch (record.type) {
        case "tick":
          this.#fill();
          ends.tick(record.dt);
          this.#settle();
          this.#tickCount++;
          return true;
        case "connected": {
          const link = new ReplayLink(record, this.#owner);
          this.#links.set(record.peer, link);
          this.#fill();
          ends.connect(link, record.peer);
          this.#settle();
          break;
        }
        case "disconnected":
          this.#fill();
          ends.disconnect?.(record.peer, record.reason);
          this.#settle();
          break;
        default:
          // Before anything was connected nothing can happen.
          break;
      }
    }
  }

  /** The endpoint tells of a tick. */
  ticked(): void {}

  /** The endpoint tells that the game ended a link. */
  disconnected(): void {}

  /** The endpoint tells what it does not handle. */
  rejected(client: ClientId | undefined, rpc: string, reason: string): void {
    const expected = this.#rejections[this.#rejected];
    if (expected !== undefined) this.#rejected++;
    const peer = client ?? 0;
    if (
      expected?.peer === peer && expected.rpc === rpc &&
      expected.reason === reason
    ) return;
    const what = rpc === "" ? "A packet" : `"${rpc}"`;
    this.#differ(
      "rejected",
      peer,
      `${what} was refused: "${reason}"`,
      expected,
    );
  }

  #advance(): void {
    const { value, done } = this.#records.next();
    this.#next = done === true ? undefined : value;
  }

  /** Hands out what happens up to the next tick or peer. */
  #fill(): void {
    for (;;) {
      const record = this.#next;
      if (record === undefined) return;
      switch (record.type) {
        case "tick":
        case "connected":
        case "disconnected":
          return;
        case "rejected":
          this.#rejections.push(record);
          break;
        case "clock":
          this.#readings.push(record.elapsedMs * 1_000);
          break;
        case "call":
          break;
        default:
          this.#links.get(record.peer)?.add(record);
      }
      this.#advance();
    }
  }

  #settle(): void {
    for (const [peer, link] of this.#links) {
      link.settle();
      if (link.state.type === "closed") this.#links.delete(peer);
    }
    for (const expected of this.#rejections.slice(this.#rejected)) {
      const { peer, rpc } = expected;
      const what = rpc === "" ? "A packet" : `"${rpc}"`;
      this.#differ("accepted", peer, `${what} was not refused`, expected);
    }
    this.#rejections = [];
    this.#rejected = 0;
    if (this.#read < this.#readings.length) {
      this.#differ("clock", 0, "The clock was read less often");
      for (const elapsedUs of this.#readings.slice(this.#read)) {
        this.#clockUs += elapsedUs;
      }
    }
    this.#readings = [];
    this.#read = 0;
  }

  #nowMs(): number {
    const elapsedUs = this.#readings[this.#read];
    if (elapsedUs === undefined) {
      this.#differ("clock", 0, "The clock was read more often");
    } else {
      this.#read++;
      this.#clockUs += elapsedUs;
    }
    return this.#clockUs / 1_000;
  }

  #sentOther(
    peer: number,
    expected: Recorded | undefined,
    bytes: Uint8Array,
    channel: Channel,
  ): void {
    const message = expected === undefined
      ? `A packet of ${bytes.length} bytes on channel ${channel} is one more`
      : `A packet of ${bytes.length} bytes on channel ${channel} is another one`;
    this.#differ("packet", peer, message, expected, bytes);
  }

  #connect<P>(
    server: PlayableServer<P>,
    link: MessageLink,
    client: number,
  ): void {
    const isRight = client >= 1 && client <= MAX_CLIENT_ID &&
      server.peer(client as ClientId) === undefined &&
      (link.state.type !== "open" || link.maxMessageBytes >= MIN_LINK_BYTES);
    // A recording may be made up.
    if (isRight) server.connect(link, clientId(client));
    else this.#differ("connect", client, "The client cannot be connected");
  }

  #differ(
    type: ReplayDifference["type"],
    peer: number,
    message: string,
    expected?: Recorded,
    bytes?: Uint8Array,
  ): void {
    this.#differenceCount++;
    if (this.#differences.length >= MAX_DIFFERENCES) return;
    this.#differences.push({
      type,
      timeMs: this.#timeMs,
      peer,
      expected,
      bytes: bytes === undefined ? undefined : new Uint8Array(bytes),
      message: `${message}, to or from ${
        peer === 0 ? "the server" : `client ${peer}`
      } at ${this.#timeMs} ms`,
    });
  }
}
