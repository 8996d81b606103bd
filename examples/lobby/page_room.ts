import type {
  Lobby,
  LobbyClient,
  LobbyClientEvent,
  LobbyEvent,
  LobbyPlayer,
} from "../../lobby/mod.ts";
import { browser, element, setAvatar, setText } from "./browser.ts";
import { isRanked, type Results } from "./game_message.ts";
import { ChatCard } from "./page_chat.ts";
import { GameCard } from "./page_game.ts";
import type { Requests } from "./page_requests.ts";

/** The lobby that one is in. */
export class Room {
  readonly game: GameCard;
  readonly #client: LobbyClient;
  readonly #requests: Requests;
  readonly #chat: ChatCard;
  #inviteCode = "";

  constructor(client: LobbyClient, requests: Requests) {
    this.#client = client;
    this.#requests = requests;
    this.#chat = new ChatCard(client, requests);
    this.game = new GameCard(client);
    element("leave").onclick = () => requests.ask(client.leave());
    element("ready").onclick = () => {
      const isReady = client.me?.isReady ?? false;
      requests.ask(client.setReady(!isReady));
    };
    element("rematch").onclick = () => {
      // Ready for another one.
      requests.ask(client.setReady(true));
    };
    element("take-seat").onclick = () => {
      requests.ask(client.setRole("player"));
    };
    element("invite").onclick = () => this.#invite();
    element("copy").onclick = () => this.#copy();
  }

  /** Takes what happens to the lobby. */
  onEvent(event: LobbyClientEvent): void {
    switch (event.type) {
      case "entered":
        this.#chat.clear();
        this.#setInvite("");
        this.#show(event.lobby);
        break;
      case "replaced":
        this.#show(event.lobby);
        break;
      case "synced":
        this.game.onSynced();
        if (event.lobby !== undefined) this.#show(event.lobby);
        break;
      case "lobby":
        this.#onLobby(event.event);
        this.#show(event.lobby);
        break;
      case "chat":
        this.#chat.say(event.message);
        break;
      case "chatMissed":
        this.#chat.note("Something was said while you were away");
        break;
      case "left":
        this.#setInvite("");
        if (event.reason === "timedOut" || event.reason === "unknown") {
          this.#requests.notice("Your seat was given up: you were away");
        } else if (event.reason === "destroyed") {
          this.#requests.notice("The lobby was closed");
        }
    }
  }

  /** Takes what the server says on the match's channel. */
  onTable(json: string): void {
    this.game.onTable(json);
    const { lobby } = this.#client;
    if (lobby !== undefined) this.#show(lobby);
  }

  frame(): void {
    const { lobby, countdownLeftMs } = this.#client;
    if (lobby === undefined) return;
    if (countdownLeftMs !== undefined) {
      const seconds = Math.max(1, Math.ceil(countdownLeftMs / 1_000));
      setText(element("countdown"), `${seconds}`);
    }
    this.game.show(lobby);
  }

  #onLobby(event: LobbyEvent): void {
    const chat = this.#chat;
    switch (event.type) {
      case "playerJoined":
        chat.note(`${event.player.name} sits down`);
        break;
      case "spectatorJoined":
        chat.note(`${event.spectator.name} looks on`);
        break;
      case "playerLeft":
        chat.note(
          event.reason === "timedOut"
            ? `${event.player} was away for too long`
            : `${event.player} has left`,
        );
        break;
      case "connectionChanged":
        chat.note(
          event.isConnected
            ? `${event.player} is back`
            : `${event.player} lost the connection`,
        );
        break;
      case "hostChanged":
        chat.note(`${event.host} is the host now`);
        break;
      case "gameStarted":
        chat.note("The match begins");
        break;
      case "gameEnded": {
        const results = event.results as Results | undefined;
        if (results !== undefined) chat.note(`${results.winner} wins`);
      }
    }
  }

  #show(lobby: Lobby): void {
    const { players, config, state, hasPassword, spectators } = lobby;
    const { player, me } = this.#client;
    setText(element("room-name"), config.name);
    setText(
      element("room-access"),
      isRanked(lobby) && state !== "waiting"
        ? "Ranked"
        : hasPassword
        ? "Password"
        : config.access === "public"
        ? "Public"
        : "Invite only",
    );
    // One's own side is on the left.
    const left = me ?? players[0];
    const right = players.find((each) => each !== left);
    this.#showSeat("left", lobby, left);
    this.#showSeat("right", lobby, right);
    const names = spectators.map(({ name }) => name).join(", ");
    element("watching").hidden = spectators.length === 0;
    setText(element("watching"), `Looking on: ${names}`);
    const isWaiting = state === "waiting" || state === "countdown";
    const isAlone = players.length < config.minPlayers;
    element("countdown").hidden = state !== "countdown";
    element("ready").hidden = !isWaiting || me === undefined;
    element("ready").ariaPressed = `${me?.isReady ?? false}`;
    setText(element("ready"), me?.isReady ? "Not ready after all" : "Ready");
    element("take-seat").hidden = !isWaiting || me !== undefined ||
      players.length + lobby.reservedSeats >= config.maxPlayers;
    element("invite").hidden = me === undefined ||
      players.length >= config.maxPlayers;
    if (players.length >= config.maxPlayers) this.#setInvite("");
    const isOver = state === "postgame";
    element("rematch").hidden = !isOver || me === undefined || me.isReady ||
      isAlone;
    element("result").hidden = !isOver;
    const results = isOver ? lobby.results as Results | undefined : undefined;
    if (results !== undefined) {
      const { winner, isForfeit } = results;
      const isMine = winner === player;
      element("result").dataset.won = `${isMine}`;
      setText(
        element("result"),
        isMine
          ? isForfeit ? "You win: the other one gave up" : "You win the match!"
          : me === undefined
          ? `${winner} wins the match`
          : `${winner} wins the match. Another one?`,
      );
    } else setText(element("result"), "The match is over");
    setText(element("stage-text"), this.#words(lobby, me, isAlone));
    this.game.show(lobby);
  }

  #words(
    lobby: Lobby,
    me: LobbyPlayer | undefined,
    isAlone: boolean,
  ): string {
    const { state, players } = lobby;
    const other = players.find((each) => each !== me);
    switch (state) {
      case "waiting": {
        if (isAlone || other === undefined) return "Waiting for an opponent …";
        if (me === undefined) return "The players get ready";
        if (!other.isConnected) return `${other.name} is away`;
        if (me.isReady) return `Waiting for ${other.name} to get ready …`;
        return other.isReady
          ? `${other.name} is ready. Are you?`
          : "The match begins when both are ready.";
      }
      case "countdown":
        return "Get ready: best of five";
      case "postgame":
        if (isAlone || other === undefined) {
          return "Everybody else is gone. Leave to find a match.";
        }
        if (me === undefined) return "The players may want another one";
        if (!other.isConnected) return `${other.name} is away`;
        if (me.isReady) {
          return `Waiting for ${other.name} to want another one …`;
        }
        if (other.isReady) return `${other.name} wants another one. Do you?`;
        return isRanked(lobby) ? "A rematch is not ranked." : "";
      default:
        return "";
    }
  }

  #showSeat(
    side: "left" | "right",
    lobby: Lobby,
    seated: LobbyPlayer | undefined,
  ): void {
    const { host, state } = lobby;
    const seat = element(`${side}-seat`);
    const isWaiting = state === "waiting" || state === "countdown";
    seat.dataset.state = seated === undefined
      ? "free"
      : !seated.isConnected
      ? "away"
      : isWaiting && seated.isReady
      ? "ready"
      : "here";
    setAvatar(element(`${side}-avatar`), seated?.name ?? "?");
    setText(element(`${side}-name`), seated?.name ?? "Free seat");
    const words = seated === undefined
      ? ""
      : !seated.isConnected
      ? "away"
      : isWaiting
      ? seated.isReady ? "ready" : "not ready"
      : "";
    const rating = seated && this.game.ratingOf(lobby, seated.id);
    const parts = [
      ...(rating === undefined ? [] : [rating]),
      ...(seated !== undefined && seated.id === this.#client.player
        ? ["you"]
        : []),
      ...(seated?.id === host ? ["host"] : []),
      ...(words === "" ? [] : [words]),
    ];
    setText(element(`${side}-about`), parts.join(" · "));
  }

  #invite(): void {
    if (this.#inviteCode !== "") {
      this.#setInvite("");
      return;
    }
    this.#requests.ask(this.#client.invite(), {
      onDone: ({ code }) => {
        this.#setInvite(code);
        element("copy").focus();
      },
    });
  }

  #setInvite(code: string): void {
    this.#inviteCode = code;
    element("invite-code").hidden = code === "";
    setText(element("invite-text"), code);
    setText(element("copy"), "Copy");
  }

  #copy(): void {
    // Pages that came without TLS from elsewhere have none.
    const { clipboard } = browser.navigator;
    if (clipboard === undefined) {
      this.#requests.notice("Select the code to copy it");
      return;
    }
    clipboard.writeText(this.#inviteCode).then(
      () => setText(element("copy"), "Copied"),
      () => this.#requests.notice("Select the code to copy it"),
    );
  }
}
