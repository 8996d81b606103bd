import { assert, assertEquals } from "@std/assert";
import { ManualClock, playerId } from "../../../core/mod.ts";
import {
  type ControlMessage,
  decodeControl,
  encodeControl,
} from "../../mux/control_message.ts";
import type { Deflater } from "../../mux/deflater.ts";
import { Session } from "../../mux/session.ts";
import type { SessionEvent } from "../../mux/session_event.ts";
import type { WebSocketLike } from "../../web_socket_like.ts";
import { WsHub } from "../hub.ts";
import type { WsHubEvent } from "../hub_event.ts";
import type { HandlerInfo, WsHubOptions } from "../hub_options.ts";

/** The hub's end of a socket that exists in memory alone. */
export class FakeSocket implements WebSocketLike {
  binaryType = "blob";
  readyState = 1;
  bufferedAmount = 0;
  readonly protocol = "";
  readonly sent: Uint8Array[] = [];
  readonly sentTexts: string[] = [];
  closed: { code: number | undefined; reason: string | undefined } | undefined;
  readonly #listeners = new Map<string, (event: never) => void>();

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }

  send(data: string | Uint8Array): void {
    if (typeof data === "string") this.sentTexts.push(data);
    else this.sent.push(data.slice());
  }

  close(code?: number, reason?: string): void {
    this.closed ??= { code, reason };
    this.readyState = 3;
  }

  /** What the client does. */
  emit(type: string, event: object = {}): void {
    this.#listeners.get(type)?.(event as never);
  }
}

/** A client of the hub, without the part that connects again. */
export class Client {
  readonly session: Session;
  readonly name: string;
  socket: FakeSocket | undefined;
  readonly events: SessionEvent[] = [];

  constructor(world: World, name: string, deflater?: Deflater) {
    this.name = name;
    this.session = new Session({
      role: "client",
      clock: world.clock,
      ...deflater && { deflater },
    });
  }

  get messages(): string[] {
    return this.events.flatMap((event) =>
      event.type === "message"
        ? [`${event.channel}: ${new TextDecoder().decode(event.bytes)}`]
        : []
    );
  }

  get controls(): ControlMessage[] {
    return this.events.flatMap((event) =>
      event.type === "control" ? [decodeControl(event.bytes)!] : []
    );
  }

  say(message: ControlMessage): void {
    assert(this.session.control(encodeControl(message)));
  }

  subscribe(channel: string, history = 0, withPresence = false): void {
    this.say({ type: "subscribe", request: 1, channel, history, withPresence });
  }

  cut(): void {
    this.socket!.readyState = 3;
    this.socket!.emit("close", { code: 1006 });
    this.socket = undefined;
    this.session.detach();
  }
}

export const TICK_SECONDS = 0.05;

/** A hub, clients, and a clock that all go by. */
export class World {
  readonly clock = new ManualClock();
  readonly hub: WsHub;
  readonly clients: Client[] = [];
  readonly events: WsHubEvent[] = [];
  /** Whether what happens is taken. */
  isDrained = true;
  #upgraded: FakeSocket | undefined;

  constructor(options: Partial<WsHubOptions> = {}) {
    this.hub = new WsHub({
      clock: this.clock,
      upgrade: () => {
        this.#upgraded = new FakeSocket();
        return { socket: this.#upgraded, response: new Response(null) };
      },
      authenticate: (request) => {
        const name = new URL(request.url).searchParams.get("name");
        return name === null
          ? undefined
          : { playerId: playerId(name), displayName: name.toUpperCase() };
      },
      channel: () => ({ isRelayed: true, historyMessages: 3 }),
      ...options,
    });
  }

  request(
    name: string | undefined,
    headers: Record<string, string> = {},
    info?: HandlerInfo,
  ): Promise<Response> {
    const query = name === undefined ? "" : `?name=${name}`;
    return this.hub.handler(
      new Request(`http://hub.test/${query}`, {
        headers: { upgrade: "websocket", ...headers },
      }),
      info,
    );
  }

  /** A socket of a client that is nothing else. */
  async connectSocket(name: string): Promise<FakeSocket> {
    await this.request(name);
    return this.#upgraded!;
  }

  async connect(
    name: string,
    client = new Client(this, name),
  ): Promise<Client> {
    client.socket = await this.connectSocket(name);
    client.session.attach();
    if (!this.clients.includes(client)) this.clients.push(client);
    return client;
  }

  /** Lets time go by, and promises settle, until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + 30_000;
    while (!isSo()) {
      assert(performance.now() < deadlineMs, "it takes too long");
      await new Promise((resolve) => setTimeout(resolve));
      this.run(1);
    }
  }

  /** Lets so many ticks go by, of so many seconds each. */
  run(ticks = 6, dt = TICK_SECONDS): void {
    for (let i = 0; i < ticks; i++) {
      for (const { session, socket } of this.clients) {
        session.tick(dt);
        if (socket === undefined) continue;
        for (
          let frame = session.nextFrame();
          frame;
          frame = session.nextFrame()
        ) {
          socket.emit("message", { data: frame.slice().buffer });
        }
      }
      this.clock.advance(1_000 * dt);
      this.hub.tick(dt);
      if (this.isDrained) this.events.push(...this.hub.drainEvents());
      for (const { session, socket, events } of this.clients) {
        for (const frame of socket?.sent.splice(0) ?? []) {
          assertEquals(session.receive(frame), undefined);
        }
        for (let event = session.poll(); event; event = session.poll()) {
          events.push(event);
        }
      }
    }
  }
}
