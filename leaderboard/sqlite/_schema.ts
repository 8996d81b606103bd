/** What the header of a database says it is for: "TWLB". */
export const APPLICATION_ID = 0x5457_4c42;

/**
 * What makes a database of version i one of version i + 1.
 *
 * Entries are a log: the row of a ranking with the highest version is what a player has, so that a submission appends to
 * a page that others append to as well, where an update in place would write a page of its own for each entry. Times are
 * of any type, as a clock may give fractions.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE boards (board TEXT PRIMARY KEY, options TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE rankings (
    id INTEGER PRIMARY KEY,
    board TEXT NOT NULL,
    period TEXT NOT NULL,
    class TEXT NOT NULL,
    season INTEGER NOT NULL,
    UNIQUE (board, period, class, season)
  ) STRICT;

  CREATE TABLE entries (
    ranking INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state INTEGER NOT NULL, -- 0 seen, 1 hidden, 2 removed
    player TEXT NOT NULL,
    name TEXT NOT NULL,
    score INTEGER NOT NULL,
    subscore INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    class TEXT NOT NULL,
    metadata TEXT NOT NULL,
    replay TEXT NOT NULL,
    submitted_ms ANY NOT NULL,
    PRIMARY KEY (ranking, version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX entries_by_replay ON entries (replay) WHERE replay <> '';

  CREATE TABLE claims (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    name TEXT NOT NULL, -- board, player and key, a line each
    value TEXT NOT NULL,
    expires_ms ANY NOT NULL
  ) STRICT;
  CREATE TABLE claims_by_hash (
    hash INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (hash, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE attempts (
    board TEXT NOT NULL,
    period TEXT NOT NULL,
    season INTEGER NOT NULL,
    player TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (board, period, season, player)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE held (
    id TEXT PRIMARY KEY,
    board TEXT NOT NULL,
    player TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    held_ms ANY NOT NULL,
    state TEXT NOT NULL,
    replay TEXT NOT NULL,
    data TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX held_by_sequence ON held (board, state, sequence);
  CREATE INDEX held_by_replay ON held (replay) WHERE replay <> '';
  `,
];
