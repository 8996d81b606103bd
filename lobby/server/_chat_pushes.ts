// This module is browser compatible.
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyChatMessage, LobbyPush } from "../wire/lobby_push.ts";
import type { Chat } from "./_chat.ts";
import type { ClientPushes } from "./_client_pushes.ts";
import type { Outbox } from "./_outbox.ts";
import type { LobbySocket } from "./_people.ts";

/**
 * Tells clients what is said in lobbies, and notes up to where each of them has been told, so that it can go on from there.
 */
export class ChatPushes {
  readonly #chat: Chat;
  readonly #outbox: Outbox;
  readonly #pushes: ClientPushes;

  constructor(chat: Chat, outbox: Outbox, pushes: ClientPushes) {
    this.#chat = chat;
    this.#outbox = outbox;
    this.#pushes = pushes;
  }

  /** Tells what was said in a lobby after a message; the last ones, if it is not known after which. */
  retell(
    socket: LobbySocket,
    lobby: LobbyId,
    after: number | undefined,
  ): void {
    const { player } = socket.person;
    const { messages, missed, number } = this.#chat.since(lobby, player, after);
    if (missed !== undefined) {
      const push: LobbyPush = { push: "chatMissed", lobby, ...missed };
      this.push([socket], push, { lobby, number: missed.to });
    }
    for (const message of messages) {
      this.push([socket], { push: "chat", message }, message);
    }
    this.#outbox.push(() => {
      if (!socket.isBehind) socket.heard = { lobby, number };
    });
  }

  /** Tells a client that was behind what was said meanwhile. */
  goOn(socket: LobbySocket, lobby: LobbyId): void {
    const { heard } = socket;
    if (heard === undefined) return;
    this.retell(
      socket,
      lobby,
      heard.lobby === lobby ? heard.number : undefined,
    );
  }

  /** Pushes something of what is said, and notes up to where that goes. */
  push(
    sockets: readonly LobbySocket[],
    push: LobbyPush,
    { lobby, number }: Pick<LobbyChatMessage, "lobby" | "number">,
  ): void {
    const text = JSON.stringify(push);
    this.#outbox.push(() => {
      for (const socket of sockets) {
        if (this.#pushes.send(socket, text)) socket.heard = { lobby, number };
      }
    });
  }
}
