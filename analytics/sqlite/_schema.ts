/** What the header of a database says it is for: "TWAN". */
export const APPLICATION_ID = 0x5457_414e;

/**
 * What makes a database of version i one of version i + 1.
 *
 * Events cost little as many of them share a row: a block has those of a run that lie close together in time, as one text.
 * Sums cost little as many of them are summed up before each is looked for in its table: what a commit adds is one row until
 * then.
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

  CREATE TABLE blocks (
    id INTEGER PRIMARY KEY, -- that of its first event: those of the others follow
    title TEXT NOT NULL,
    session INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, -- of its events the least time, and the greatest: 2 minutes later at most
    last_ms INTEGER NOT NULL,
    count INTEGER NOT NULL, -- of events that are there
    received_ms INTEGER NOT NULL,
    common TEXT NOT NULL,
    names TEXT NOT NULL, -- of its events, in quotes: to be looked at without reading what comes behind
    events TEXT NOT NULL -- JSON, with a line for each: [number, milliseconds since first_ms, name, fields], or 0 if it is gone
  ) STRICT;
  CREATE INDEX blocks_by_time ON blocks (title, first_ms, last_ms);
  CREATE INDEX blocks_by_session ON blocks (session);

  CREATE TABLE pending_sums ( -- what is to be added to the tables below
    id INTEGER PRIMARY KEY,
    sums TEXT NOT NULL -- JSON: [[title, build, platform,
                       --   [[metric, hour_ms, key1, key2, count], …], [[metric, hour_ms, sketch], …]], …]
  ) STRICT;

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
    SELECT blocks.id + event.key AS id, sessions.title, event.value ->> 2 AS name,
      strftime('%Y-%m-%d %H:%M:%f', (blocks.first_ms + (event.value ->> 1)) / 1000.0, 'unixepoch') AS time,
      sessions.build, sessions.platform, sessions.player, sessions.session, event.value ->> 0 AS number,
      event.value -> 3 AS data, blocks.common,
      strftime('%Y-%m-%d %H:%M:%f', blocks.received_ms / 1000.0, 'unixepoch') AS received
    FROM blocks
      JOIN sessions ON sessions.id = blocks.session
      JOIN json_each(blocks.events) AS event
    WHERE event.type = 'array';
  `,
];
