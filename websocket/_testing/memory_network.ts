// Clients and a hub over sockets in memory: what is sent arrives with the next `pump`.
import { ManualClock, playerId, SeededRandom } from "../../core/mod.ts";
import { FakeSocket } from "../hub/_testing/hub_world.ts";
import {
  WsClient,
  type WsClientOptions,
  WsHub,
  type WsHubOptions,
} from "../mod.ts";
import { FakeWebSocket } from "./fake_web_socket.ts";

interface Wire {
  readonly client: FakeWebSocket;
  readonly hub: FakeSocket;
}

/** One address, at which there is a hub or none. */
export class MemoryNetwork {
  readonly clock = new ManualClock();
  /** When each attempt to connect was begun, in milliseconds of the clock. */
  readonly attempts: number[] = [];
  /** Of them, those that found a hub. */
  readonly accepted: number[] = [];
  hub: WsHub | undefined;
  #upgraded: FakeSocket | undefined;
  readonly #asking: FakeWebSocket[] = [];
  #wires: Wire[] = [];

  /** A hub is there from now on: another one than before. */
  start(options: Partial<WsHubOptions> = {}): WsHub {
    return this.hub = new WsHub({
      clock: this.clock,
      upgrade: () => {
        this.#upgraded = new FakeSocket();
        return { socket: this.#upgraded, response: new Response(null) };
      },
      authenticate: (request) => ({
        playerId: playerId(new URL(request.url).pathname.slice(1)),
      }),
      maxSocketsPerAddress: 10_000,
      ...options,
    });
  }

  /** The hub is gone, and all that it had to say. */
  kill(): void {
    this.hub = undefined;
    for (const { client } of this.#wires.splice(0)) client.end(0);
  }

  client(
    name: string,
    seed: number,
    options: Partial<WsClientOptions> = {},
  ): WsClient {
    return new WsClient({
      url: `ws://hub.test/${name}`,
      mux: true,
      clock: this.clock,
      random: new SeededRandom(seed),
      webSocket: (url, protocols) => {
        const socket = new FakeWebSocket(url, protocols);
        this.attempts.push(this.clock.nowMs());
        this.#asking.push(socket);
        return socket;
      },
      ...options,
    });
  }

  /** Cuts one of the connections. */
  cut(index: number): void {
    const [wire] = this.#wires.splice(index % this.#wires.length, 1);
    wire?.client.end(1006);
    wire?.hub.emit("close", { code: 1006 });
  }

  /**
   * Lets arrive what was sent, and answers who asks for a connection; returns whether there was anything.
   */
  async pump(): Promise<boolean> {
    let isBusy = this.#asking.length > 0;
    for (const client of this.#asking.splice(0)) {
      if (!client.isLive) continue;
      if (this.hub === undefined) {
        client.error();
        continue;
      }
      const request = new Request(client.url.replace("ws:", "http:"), {
        headers: { upgrade: "websocket" },
      });
      this.#upgraded = undefined;
      await this.hub.handler(request);
      if (this.#upgraded === undefined) {
        client.error();
        continue;
      }
      this.accepted.push(this.clock.nowMs());
      this.#wires.push({ client, hub: this.#upgraded });
      client.open();
    }
    this.#wires = this.#wires.filter((wire) => {
      isBusy ||= wire.client.sent.length + wire.hub.sent.length > 0;
      return isLeft(wire);
    });
    return isBusy;
  }
}

/** Carries over what waits; tells whether the ends are still open. */
function isLeft({ client, hub }: Wire): boolean {
  for (const frame of client.sent.splice(0) as Uint8Array[]) {
    hub.emit("message", { data: frame.slice().buffer });
  }
  for (const frame of hub.sent.splice(0)) client.message(frame);
  if (client.isLive && hub.closed === undefined) return true;
  client.end(hub.closed?.code);
  hub.emit("close", { code: client.closedWith?.code });
  return false;
}
