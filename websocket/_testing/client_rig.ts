import { assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { WsClient } from "../client.ts";
import type { WsClientOptions } from "../client_options.ts";
import type { WsEvent } from "../event.ts";
import { readHello } from "../hub/_read_hello.ts";
import { Session } from "../mux/session.ts";
import type { SessionEvent } from "../mux/session_event.ts";
import type { SessionOptions } from "../mux/session_options.ts";
import { FakeNetwork } from "./fake_web_socket.ts";

/** A client over fake sockets, and the hub's end of its session. */
export class Rig {
  readonly network = new FakeNetwork();
  readonly clock = new ManualClock();
  readonly client: WsClient;
  readonly events: WsEvent[] = [];
  /** What came in at the hub. */
  readonly atHub: SessionEvent[] = [];
  hub: Session;
  readonly #hubOptions: Partial<SessionOptions>;
  #sessions = 0;
  /** How much of the last socket was taken in by the hub. */
  #taken = 0;
  #sockets = 0;

  constructor(
    options: Partial<WsClientOptions> = {},
    hubOptions: Partial<SessionOptions> = {},
  ) {
    this.client = new WsClient({
      url: "ws://game.test/",
      mux: true,
      webSocket: this.network.webSocket,
      clock: this.clock,
      random: new SeededRandom(1),
      ...options,
    });
    this.#hubOptions = hubOptions;
    this.hub = this.#newHub();
    this.client.connect();
  }

  #newHub(): Session {
    this.#sessions += 1;
    return new Session({
      role: "hub",
      clock: this.clock,
      sessionId: new Uint8Array(16).fill(this.#sessions),
      ...this.#hubOptions,
    });
  }

  /** The hub forgets its sessions. */
  restartHub(): void {
    this.hub = this.#newHub();
  }

  tick(seconds = 0.016): void {
    this.clock.advance(seconds * 1_000);
    this.client.tick(seconds);
    this.events.push(...this.client.drainEvents());
  }

  /** Frames both ways. */
  exchange(): void {
    const socket = this.network.sockets.at(-1);
    if (socket === undefined || !socket.isLive) return;
    if (this.network.sockets.length !== this.#sockets) {
      this.#sockets = this.network.sockets.length;
      this.#taken = 0;
      this.hub.detach();
      socket.open();
      return;
    }
    for (; this.#taken < socket.sent.length; this.#taken++) {
      const frame = socket.sent[this.#taken] as Uint8Array;
      if (this.#taken > 0) {
        assertEquals(this.hub.receive(frame), undefined);
        continue;
      }
      const hello = readHello(frame)!;
      const isKnown = hello.session?.[0] === this.#sessions;
      assertEquals(
        this.hub.attach(
          isKnown ? hello : { ...hello, session: undefined, received: 0 },
        ),
        undefined,
      );
    }
    this.hub.tick(0.016);
    for (let frame; (frame = this.hub.nextFrame()) !== undefined;) {
      socket.message(frame);
    }
    for (let event; (event = this.hub.poll()) !== undefined;) {
      this.atHub.push(event);
    }
  }

  run(frames = 10): void {
    for (let i = 0; i < frames; i++) {
      this.tick();
      this.exchange();
    }
  }

  /** The socket breaks, and the client comes back. */
  cut(frames = 200): void {
    this.network.last.end();
    this.run(frames);
  }

  of<T extends WsEvent["type"]>(type: T): Extract<WsEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<
      WsEvent,
      { type: T }
    >[];
  }

  /** The questions that came in at the hub. */
  get questions(): number[] {
    return this.atHub.flatMap((event) =>
      event.type === "message" && event.request !== undefined
        ? [event.request]
        : []
    );
  }
}
