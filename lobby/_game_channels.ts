import type { Identity, PlayerId } from "../core/mod.ts";
import type { WsHubEvent } from "../websocket/mod.ts";
import type { LobbyAnswer } from "./wire/lobby_answer.ts";
import type { LobbyServer } from "./server/lobby_server.ts";
import type { LobbyServerEvent } from "./server/lobby_server_event.ts";
import { MAX_REQUEST_BYTES } from "./wire/_read_request.ts";

/** What the name of a lobby's channel begins with; its id follows. */
export const GAME_CHANNEL = "game/";

const decoder = new TextDecoder();

/**
 * A channel for each lobby, on which who is in it talks to the others, and on which its host, by a request
 * `{ "do": "end", "results"? }`, says that the game is over: games without a server of their own.
 */
export class GameChannels {
  readonly #server: () => LobbyServer;

  /** @param server The server, which is asked for later: it is made with this. */
  constructor(server: () => LobbyServer) {
    this.#server = server;
  }

  /** Whether somebody may listen and speak on a channel: that of its lobby. */
  isOpenTo({ playerId }: Identity, channel: string): boolean {
    const lobby = this.#server().manager.lobbyForPlayer(playerId);
    return lobby !== undefined && channel === `${GAME_CHANNEL}${lobby.id}`;
  }

  /** Takes what the server tells. */
  onEvent(event: LobbyServerEvent): void {
    if (event.type === "hub") this.#onHub(event.event);
    if (event.type !== "lobby") return;
    const { event: change, view } = event;
    if (change.type === "playerLeft") {
      this.#dismiss(change.player, change.lobby);
    } else if (change.type === "lobbyDestroyed") {
      for (const { id } of [...view.players, ...view.spectators]) {
        this.#dismiss(id, change.lobby);
      }
    }
  }

  #onHub(event: WsHubEvent): void {
    if (event.type !== "message" || event.request === undefined) return;
    this.#server().hub.reply(
      event.client,
      event.channel,
      event.request,
      JSON.stringify(this.#answer(event)),
    );
  }

  /** Ends a subscription that somebody has no right to any more. */
  #dismiss(player: PlayerId, lobby: string): void {
    const server = this.#server();
    for (const client of server.clientsOf(player)) {
      server.hub.unsubscribe(
        client,
        `${GAME_CHANNEL}${lobby}`,
        "not in the lobby",
      );
    }
  }

  #answer(event: WsHubEvent & { type: "message" }): LobbyAnswer {
    const { manager } = this.#server();
    const { playerId } = event.identity;
    const lobby = manager.lobbyForPlayer(playerId);
    const read = readEnd(event.bytes);
    if (lobby === undefined || read === undefined) {
      return {
        ok: false,
        error: {
          type: "invalidRequest",
          field: "do",
          message: `The host ends a game with { "do": "end", "results"? }`,
        },
      };
    }
    if (lobby.host !== playerId) {
      return {
        ok: false,
        error: {
          type: "notHost",
          player: playerId,
          host: lobby.host,
          message: "Only the host ends the game",
        },
      };
    }
    const ended = manager.endGame(lobby.id, read.results);
    return ended.isOk
      ? { ok: true, value: {} }
      : { ok: false, error: ended.error };
  }
}

function readEnd(
  bytes: Uint8Array,
): { results?: Parameters<LobbyServer["manager"]["endGame"]>[1] } | undefined {
  // As long as a request of the lobby's may be: reading more is work for nothing.
  if (bytes.length > MAX_REQUEST_BYTES) return undefined;
  try {
    const value = JSON.parse(decoder.decode(bytes));
    return value?.do === "end" ? value : undefined;
  } catch {
    return undefined;
  }
}
