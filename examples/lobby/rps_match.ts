import type { PlayerId } from "../../core/mod.ts";
import type { LobbyId } from "../../lobby/mod.ts";
import {
  type Choice,
  CHOICES,
  type Move,
  type Pair,
  type Results,
  type Round,
  ROUNDS_TO_WIN,
  type Table,
} from "./game_message.ts";

/** A match as it is kept, which nobody but the server sees. */
export type MatchRecord = {
  readonly lobby: LobbyId;
  readonly game: number;
  readonly players: Pair<PlayerId>;
  readonly score: Pair<number>;
  readonly round: number;
  readonly choices: readonly [Choice | null, Choice | null];
  readonly last?: Round;
  /** Who has won, as the other one has gone away or not chosen in time. */
  readonly forfeitedTo?: PlayerId;
};

/** A match of rock, paper, scissors, judged by the server: what one has chosen, nobody sees before both have. */
export class RpsMatch {
  #record: MatchRecord;

  /** Goes on with a match, or begins one with {@linkcode newMatch}. */
  constructor(record: MatchRecord) {
    this.#record = record;
  }

  /** All of it, to be kept. */
  get record(): MatchRecord {
    return this.#record;
  }

  /** How it has ended; `undefined` while it goes on. */
  get results(): Results | undefined {
    const { players, score, forfeitedTo } = this.#record;
    const winner = forfeitedTo ??
      players.find((_, i) => score[i] === ROUNDS_TO_WIN);
    if (winner === undefined) return undefined;
    return { winner, players, score, isForfeit: forfeitedTo !== undefined };
  }

  /**
   * Takes what a player has chosen. What comes too late, twice or from somebody else counts for nothing.
   *
   * @returns Whether it has.
   */
  choose(player: PlayerId, { game, round, choice }: Move): boolean {
    const record = this.#record;
    const seat = record.players.indexOf(player);
    if (seat < 0 || this.results !== undefined) return false;
    if (game !== record.game || round !== record.round) return false;
    if (record.choices[seat] !== null) return false;
    const [first, second] = record.choices.map((each, i) =>
      i === seat ? choice : each
    ) as [Choice | null, Choice | null];
    this.#record = first === null || second === null
      ? { ...record, choices: [first, second] }
      : judged(record, [first, second]);
    return true;
  }

  /** Ends it, as a player has gone away or not chosen in time. */
  forfeit(player: PlayerId): void {
    const { players } = this.#record;
    if (this.results !== undefined || !players.includes(player)) return;
    const forfeitedTo = players.find((each) => each !== player)!;
    this.#record = { ...this.#record, forfeitedTo };
  }

  /** Who is to choose yet. */
  get undecided(): readonly PlayerId[] {
    const { players, choices } = this.#record;
    return players.filter((_, i) => choices[i] === null);
  }

  /** How it stands for somebody who is there. */
  tableFor(player: PlayerId): Table {
    const { lobby, game, round, players, score, choices, last } = this.#record;
    const own = choices[players.indexOf(player)];
    return {
      lobby,
      game,
      round,
      players,
      score,
      hasChosen: [choices[0] !== null, choices[1] !== null],
      ...(own != null && { own }),
      ...(last !== undefined && { last }),
    };
  }
}

/** A match that begins. */
export function newMatch(
  lobby: LobbyId,
  game: number,
  players: Pair<PlayerId>,
): MatchRecord {
  return {
    lobby,
    game,
    players,
    score: [0, 0],
    round: 1,
    choices: [null, null],
  };
}

function judged(record: MatchRecord, choices: Pair<Choice>): MatchRecord {
  const [first, second] = choices.map((each) => CHOICES.indexOf(each)) as [
    number,
    number,
  ];
  const seat = [undefined, 0, 1][(first - second + CHOICES.length) % 3];
  const [a, b] = record.score;
  const winner = seat === undefined ? undefined : record.players[seat]!;
  return {
    ...record,
    score: [a + Number(seat === 0), b + Number(seat === 1)],
    round: record.round + 1,
    choices: [null, null],
    last: { choices, ...(winner !== undefined && { winner }) },
  };
}
