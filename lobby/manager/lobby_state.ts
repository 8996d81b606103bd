// This module is browser compatible.

/** Where a lobby is between one game and the next. */
export const LobbyState = {
  /** People come, choose and get ready. */
  Waiting: "waiting",
  /** The game begins when the time is up. */
  Countdown: "countdown",
  /** The game is under way. */
  InGame: "inGame",
  /** It is over, and the results are shown; a rematch leads back to waiting. */
  Postgame: "postgame",
} as const;

/** One of {@linkcode LobbyState}. */
export type LobbyState = typeof LobbyState[keyof typeof LobbyState];
