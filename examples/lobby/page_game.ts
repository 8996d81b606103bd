import type { PlayerId } from "../../core/mod.ts";
import type { Lobby, LobbyClient } from "../../lobby/mod.ts";
import { browser, element, setText } from "./browser.ts";
import {
  type Choice,
  CHOICES,
  GAME_CHANNEL,
  type Move,
  ROUNDS_TO_WIN,
  type Table,
} from "./game_message.ts";

/** The match: what one chooses, and what the server says of it. */
export class GameCard {
  readonly #client: LobbyClient;
  #table: Table | undefined;
  /** What was sent, as long as the server has not told of it. */
  #sent: Move | undefined;
  /** When the time to choose is over, by the page's clock. */
  #endMs = 0;

  constructor(client: LobbyClient) {
    this.#client = client;
    for (const choice of CHOICES) {
      element(choice).onclick = () => this.#choose(choice);
    }
    browser.document.addEventListener("keydown", (event) => {
      const { target, key, ctrlKey, metaKey, altKey, repeat } = event;
      if (ctrlKey || metaKey || altKey || repeat) return;
      if (target.tagName === "INPUT" || target.tagName === "SELECT") return;
      const choice = CHOICES.find((each) => each[0] === key.toLowerCase());
      if (choice !== undefined) this.#choose(choice);
    });
  }

  /** Takes what the server says on the match's channel. */
  onTable(json: string): void {
    this.#table = JSON.parse(json) as Table;
    this.#sent = undefined;
    const { secondsLeft = 0 } = this.#table;
    this.#endMs = performance.now() + secondsLeft * 1_000;
  }

  /** How strong a player is, in a ranked match: "1512 ± 80", and after it what has changed. */
  ratingOf(lobby: Lobby, player: PlayerId): string | undefined {
    const table = this.#tableOf(lobby);
    const rating = table?.ratings?.[table.players.indexOf(player)];
    if (rating === undefined) return undefined;
    const mu = Math.round(rating.mu);
    // In one line, also on a phone.
    const shown = `${mu}\u00a0±\u00a0${Math.round(rating.sigma)}`;
    if (rating.muBefore === undefined) return shown;
    const gain = mu - Math.round(rating.muBefore);
    return `${shown} (${gain < 0 ? "−" : "+"}${Math.abs(gain)})`;
  }

  /** What was sent to a server that does not know this page any more has not arrived. */
  onSynced(): void {
    this.#sent = undefined;
  }

  /** Shows how it stands: during a game, and after it. */
  show(lobby: Lobby): void {
    const table = this.#tableOf(lobby);
    const isOn = lobby.state === "inGame";
    element("match").hidden = !isOn && table?.last === undefined;
    if (element("match").hidden) return;
    element("match").dataset.state = isOn ? "on" : "over";
    const me = this.#client.player;
    // Who looks on sees the host's side on the left.
    const own = table?.players.findIndex((each) => each === me) ?? 0;
    const left = Math.max(0, own);
    const isPlaying = own >= 0 && isOn;
    for (const [side, seat] of [["left", left], ["right", 1 - left]] as const) {
      const score = table?.score[seat] ?? 0;
      setText(element(`${side}-score`), `${score}`);
      element(`${side}-score`).ariaLabel = `${score} of ${ROUNDS_TO_WIN}`;
      const hand = element(`${side}-hand`);
      const hasChosen = isOn && table?.hasChosen[seat] === true;
      const last = table?.last?.choices[seat];
      // Between rounds the last one stays to be seen.
      const isNew = isOn && table?.hasChosen.includes(true) === true;
      const shown = side === "left" && isNew
        ? table?.own ?? (hasChosen ? "hidden" : "none")
        : isNew
        ? hasChosen ? "hidden" : "none"
        : last ?? "none";
      if (hand.dataset.choice !== shown) hand.dataset.choice = shown;
      const words: Record<string, string> = {
        none: "nothing yet",
        hidden: "has chosen, hidden",
      };
      hand.ariaLabel = words[shown] ?? shown;
      const isBest = !isNew && table?.last?.winner !== undefined &&
        table.last.winner === table.players[seat];
      hand.dataset.won = `${isBest}`;
    }
    setText(element("round"), this.#headline(table, isOn));
    setText(element("round-text"), this.#words(table, own, isOn));
    element("choices").hidden = !isPlaying;
    const chosen = table?.own ?? this.#sentFor(table);
    for (const choice of CHOICES) {
      const button = element(choice);
      button.disabled = table === undefined || chosen !== undefined ||
        !this.#client.socket.isConnected;
      const isChosen = `${choice === chosen}`;
      if (button.ariaPressed !== isChosen) button.ariaPressed = isChosen;
    }
  }

  #choose(choice: Choice): void {
    const { lobby, player } = this.#client;
    if (lobby?.state !== "inGame" || player === undefined) return;
    const table = this.#tableOf(lobby);
    if (table === undefined || !table.players.includes(player)) return;
    if (table.own !== undefined || this.#sentFor(table) !== undefined) return;
    const move: Move = { game: table.game, round: table.round, choice };
    const isTaken = this.#client.socket.sendOnChannel(
      GAME_CHANNEL,
      JSON.stringify(move),
    );
    if (isTaken) this.#sent = move;
    this.show(lobby);
  }

  /** What was told of this game, and not of another one. */
  #tableOf({ id, gameCount }: Lobby): Table | undefined {
    const table = this.#table;
    return table?.lobby === id && table.game === gameCount ? table : undefined;
  }

  #sentFor(table: Table | undefined): Choice | undefined {
    const sent = this.#sent;
    return sent !== undefined && sent.game === table?.game &&
        sent.round === table.round
      ? sent.choice
      : undefined;
  }

  #headline(table: Table | undefined, isOn: boolean): string {
    if (!isOn) return "Final score";
    if (table === undefined) return "The match begins";
    const round = `Round ${table.round}`;
    if (table.secondsLeft === undefined) return round;
    const leftMs = Math.max(0, this.#endMs - performance.now());
    return `${round} · ${Math.ceil(leftMs / 1_000)} s`;
  }

  #words(table: Table | undefined, own: number, isOn: boolean): string {
    if (table === undefined || !isOn) return "";
    const { hasChosen, players, last } = table;
    if (own < 0) {
      const [name] = players.filter((_, i) => hasChosen[i]);
      return name === undefined ? ofLast(table) : `${name} has chosen`;
    }
    const other = players[1 - own]!;
    if (hasChosen[own]) return `Waiting for ${other} …`;
    if (hasChosen[1 - own]) return `${other} has chosen. Your turn!`;
    if (last === undefined) return "Choose. Nobody sees it before both have.";
    return `${ofLast(table, players[own])} Choose again.`;
  }
}

function ofLast({ last }: Table, me?: string): string {
  if (last === undefined) return "Both are choosing";
  if (last.winner === undefined) return "A draw.";
  return last.winner === me ? "Yours." : `${last.winner} takes the round.`;
}
