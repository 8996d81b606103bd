import { assert, assertEquals } from "@std/assert";
import { Channel } from "../../../protocol/mod.ts";
import { NonBlockingSocket } from "../../deno.ts";
import { ConnectionManager } from "../../mod.ts";
import { NetcodeClient } from "../netcode_client.ts";
import type { TokenGame } from "./token_game.ts";

const DEADLINE_MS = 20_000;

/** A client over UDP that sends numbers until it is disposed of, and then wants them all back. */
export class NativePlayer implements AsyncDisposable {
  readonly events: string[] = [];
  readonly echoes: number[] = [];
  readonly #manager = new ConnectionManager({ link: new NetcodeClient() });
  readonly #timer: ReturnType<typeof setInterval>;
  #sent = 0;
  #isLeaving = false;

  private constructor(socket: NonBlockingSocket, game: TokenGame) {
    this.#manager.bind(socket);
    const { host, port } = game.udp.localAddress;
    const to = socket.address(host, port);
    const peer = this.#manager.connect(to, game.token());
    this.#timer = setInterval(() => {
      this.#manager.poll((_peer, bytes) => this.echoes.push(bytes[0]!));
      for (const { type } of this.#manager.drainEvents()) {
        this.events.push(type);
      }
      const bytes = new Uint8Array(500).fill(this.#sent);
      if (
        !this.#isLeaving &&
        this.#manager.send(peer, bytes, Channel.ReliableOrdered)
      ) this.#sent++;
    }, 2);
  }

  static async join(game: TokenGame): Promise<NativePlayer> {
    const hostname = "127.0.0.1";
    return new NativePlayer(await NonBlockingSocket.bind({ hostname }), game);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLeaving = true;
    const endMs = performance.now() + DEADLINE_MS;
    while (this.echoes.length < this.#sent && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    clearInterval(this.#timer);
    this.#manager[Symbol.dispose]();
    assertEquals(this.events, ["peerConnected"]);
    assert(this.#sent > 20, `${this.#sent}`);
    assertEquals(
      this.echoes,
      Array.from({ length: this.#sent }, (_, i) => i & 255),
    );
  }
}
