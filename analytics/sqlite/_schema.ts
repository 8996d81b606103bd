/** What the header of a database says it is for: "TWAN". */
export const APPLICATION_ID = 0x5457_414e;

/**
 * What makes a database of version i one of version i + 1.
 *
 * An event costs its row and one entry of an index: whose it is and what came with it is in the row of its run, which it
 * came with and whose id is that of its first event, and further in that of the session. Only the names of events are
 * kept apart from them, as these are declared; all else that a player might be known by goes with the rows of his own.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE players (
    title TEXT NOT NULL,
    player TEXT NOT NULL,
    first_ms INTEGER NOT NULL, -- when the first session began
    PRIMARY KEY (title, player)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE erased (
    title TEXT NOT NULL,
    player TEXT NOT NULL,
    PRIMARY KEY (title, player)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    player TEXT NOT NULL,
    session TEXT NOT NULL,
    build TEXT NOT NULL,
    platform TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    is_start_said INTEGER NOT NULL, -- 1 if an event said it, 0 if it is the time of the first one
    last_ms INTEGER NOT NULL,
    end_reason TEXT NOT NULL,
    events INTEGER NOT NULL,
    numbers TEXT NOT NULL, -- of events that it has had: first and last of each range
    UNIQUE (player, session, title)
  ) STRICT;
  CREATE INDEX sessions_by_start ON sessions (title, start_ms);

  CREATE TABLE runs (
    id INTEGER PRIMARY KEY, -- that of its first event
    session INTEGER NOT NULL,
    events INTEGER NOT NULL, -- how many came, with the ids that follow
    received_ms INTEGER NOT NULL,
    common TEXT NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_session ON runs (session);

  CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (title, name)
  ) STRICT;

  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    data TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_time ON events (name, time_ms);

  CREATE TABLE counts (
    title TEXT NOT NULL,
    metric TEXT NOT NULL,
    hour_ms INTEGER NOT NULL,
    key1 TEXT NOT NULL,
    key2 TEXT NOT NULL,
    build TEXT NOT NULL,
    platform TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (title, metric, hour_ms, key1, key2, build, platform)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE day_counts ( -- the same by days, which a query of a month reads up to 24 times less of
    title TEXT NOT NULL,
    metric TEXT NOT NULL,
    day_ms INTEGER NOT NULL,
    key1 TEXT NOT NULL,
    key2 TEXT NOT NULL,
    build TEXT NOT NULL,
    platform TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (title, metric, day_ms, key1, key2, build, platform)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sketches (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    metric TEXT NOT NULL,
    hour_ms INTEGER NOT NULL,
    build TEXT NOT NULL,
    platform TEXT NOT NULL,
    sketch TEXT NOT NULL,
    UNIQUE (title, metric, hour_ms, build, platform)
  ) STRICT;

  -- For people.
  CREATE VIEW event_log AS
    SELECT events.id, sessions.title, names.name,
      strftime('%Y-%m-%d %H:%M:%f', events.time_ms / 1000.0, 'unixepoch') AS time,
      sessions.build, sessions.platform, sessions.player, sessions.session, events.number,
      events.data, runs.common,
      strftime('%Y-%m-%d %H:%M:%f', runs.received_ms / 1000.0, 'unixepoch') AS received
    FROM events
      JOIN names ON names.id = events.name
      JOIN runs ON runs.id = events.run
      JOIN sessions ON sessions.id = runs.session;
  `,
];
