import { assert, assertEquals } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { applyLobbyEvent } from "../manager/apply_lobby_event.ts";
import { LobbyManager } from "../manager/lobby_manager.ts";
import {
  LOBBY_CHANNEL,
  LOBBY_LIST_CHANNEL,
  LOBBY_PROTOCOL,
} from "./lobby_request.ts";
import { EVENT_FIELDS } from "./_lobby_event_shapes.ts";
import {
  CONFIG_FIELDS,
  LISTING_FIELDS,
  LOBBY_FIELDS,
  PLAYER_FIELDS,
  SPECTATOR_FIELDS,
} from "./_lobby_shapes.ts";
import { EXPLANATION_FIELDS } from "./_read_answer.ts";
import {
  CHAT_FIELDS,
  PROPOSAL_FIELDS,
  PUSH_FIELDS,
  TICKET_FIELDS,
} from "./_read_push.ts";
import { MAX_REQUEST_BYTES, REQUEST_FIELDS } from "./_read_request.ts";
import type { Shape } from "./_shape.ts";
import type { LobbyRequestError } from "./lobby_answer.ts";

const DOCUMENT = await Deno.readTextFile(
  new URL("../PROTOCOL.md", import.meta.url),
);

/** The fields of each error, besides `type` and `message`; with a `?` those that may be left out. */
const ERROR_FIELDS: {
  readonly [K in LobbyRequestError["type"]]: readonly Exclude<
    FieldOf<Extract<LobbyRequestError, { readonly type: K }>>,
    "type" | "message"
  >[];
} = {
  lobbyNotFound: ["lobby"],
  lobbyFull: ["limit", "lobby", "role"],
  lobbyNotJoinable: ["lobby", "reason"],
  wrongPassword: ["lobby"],
  playerNotFound: ["player"],
  playerAlreadyInLobby: ["lobby", "player"],
  notHost: ["host", "player"],
  notEnoughPlayers: ["have", "need"],
  alreadyInGame: ["lobby"],
  cannotKickSelf: ["player"],
  teamNotFound: ["team", "teams"],
  matchmakingError: ["cause?", "players?", "reason"],
  banned: ["leftMs?", "lobby", "player"],
  playersNotReady: ["players"],
  invalidConfig: ["field"],
  rateLimited: ["retryAfterMs"],
  wrongState: ["lobby", "state"],
  notAllowed: ["rule"],
  teamFull: ["limit", "team"],
  tooMany: ["limit", "of"],
  lobbyExists: ["lobby"],
  notFound: ["what"],
  invalidRequest: ["field"],
  configRefused: ["reason"],
  chatRefused: ["reason"],
  unsupportedProtocol: ["protocol"],
  queueNotFound: ["queue"],
  elsewhere: ["url"],
  unavailable: ["retryAfterMs"],
};

/** The names of a type's fields; with a `?` those that may be left out. */
type FieldOf<T> = {
  [K in keyof T & string]-?: undefined extends T[K] ? `${K}?` : K;
}[keyof T & string];

/** The rows of the table that a section begins with: the name, and what of it is said in its second cell. */
function rows(heading: string): Map<string, string> {
  const start = DOCUMENT.indexOf(`\n${heading}`);
  assert(start >= 0, heading);
  const text = DOCUMENT.slice(start + 1).split(/\n##+ /)[0]!;
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\| `(\w+\??)` +\|([^|]*)\|/.exec(line);
    if (match !== null) found.set(match[1]!, match[2]!);
  }
  // The head of the table.
  for (const head of ["do", "push", "type"]) found.delete(head);
  return found;
}

/** The names in a cell; those that may be left out with a `?`. */
function names(cell: string): string[] {
  return [...cell.matchAll(/`(\w+\??)`/g)].map((match) => match[1]!)
    .filter((name) => name !== "null").sort();
}

/** The names of a shape's fields; those that may be left out with a `?`. */
function fieldsOf(shape: Shape): string[] {
  return Object.entries(shape).map(([field, check]) =>
    check(undefined) ? `${field}?` : field
  );
}

Deno.test("PROTOCOL.md names each request with its fields", () => {
  const documented = rows("## 2. Requests");
  assertEquals(
    [...documented.keys()].sort(),
    Object.keys(REQUEST_FIELDS).sort(),
  );
  for (const [name, cell] of documented) {
    if (cell.includes("the same")) continue;
    const fields = fieldsOf(REQUEST_FIELDS[name as never]);
    // One of the two has to be there.
    const expected = name === "join"
      ? fields.map((field) => field.replace(/^(lobby|code)\?/, "$1"))
      : fields;
    assertEquals(names(cell), expected.sort(), name);
  }
  assert(
    DOCUMENT.includes(
      `at most ${MAX_REQUEST_BYTES.toLocaleString("en-US")} bytes`,
    ),
  );
});

Deno.test("PROTOCOL.md names each push with its fields, the channels and the version", () => {
  const documented = rows("## 4. Pushes");
  assertEquals([...documented.keys()].sort(), Object.keys(PUSH_FIELDS).sort());
  for (const [name, cell] of documented) {
    assertEquals(
      names(cell),
      fieldsOf(PUSH_FIELDS[name as never]).sort(),
      name,
    );
  }
  assert(DOCUMENT.includes(`\nVersion ${LOBBY_PROTOCOL}.`));
  for (const channel of [LOBBY_CHANNEL, LOBBY_LIST_CHANNEL]) {
    assert(DOCUMENT.includes(`| \`${channel}\``), channel);
  }
});

Deno.test("PROTOCOL.md has the fields of all values", () => {
  const tables: Readonly<Record<string, Shape>> = {
    Configuration: CONFIG_FIELDS,
    Lobby: LOBBY_FIELDS,
    Player: PLAYER_FIELDS,
    Listing: LISTING_FIELDS,
    Explanation: EXPLANATION_FIELDS,
  };
  for (const [heading, shape] of Object.entries(tables)) {
    assertEquals([...rows(`### ${heading}\n`).keys()], fieldsOf(shape));
  }
  assertEquals(
    fieldsOf(SPECTATOR_FIELDS),
    fieldsOf(PLAYER_FIELDS).filter((it) => !/isReady|team/.test(it)),
  );
  for (const shape of [CHAT_FIELDS, TICKET_FIELDS, PROPOSAL_FIELDS]) {
    const text = `\`{ ${fieldsOf(shape).join(", ")} }\``;
    assert(DOCUMENT.includes(text), text);
  }
});

Deno.test("PROTOCOL.md has each event and each error, with their fields", () => {
  const events = rows("## 10. Events");
  assertEquals([...events.keys()], Object.keys(EVENT_FIELDS));
  for (const [name, cell] of events) {
    const fields = fieldsOf(EVENT_FIELDS[name as never]);
    assertEquals(names(cell), fields.sort(), name);
  }
  const errors = rows("## 11. Errors");
  assertEquals([...errors.keys()], Object.keys(ERROR_FIELDS));
  for (const [name, cell] of errors) {
    assertEquals(names(cell), ERROR_FIELDS[name as never], name);
  }
});

Deno.test("PROTOCOL.md tells which of the events about games make nobody ready", () => {
  const ada = playerId("ada");
  const created = new LobbyManager().createMatch([{ player: ada }], {
    minPlayers: 1,
    isAutoStarted: false,
  });
  assert(created.isOk);
  const lobby = created.value;
  const { id, version } = lobby;
  const section = DOCUMENT.slice(DOCUMENT.indexOf("\n## 10. Events"));
  for (const type of ["gameEnded", "lobbyReset"] as const) {
    const event = { type, lobby: id, version: version + 1 };
    const after = applyLobbyEvent(lobby, event)!;
    const row = section.split("\n").find((it) =>
      it.startsWith(`| \`${type}\``)
    )!;
    assertEquals(
      row.includes("nobody is ready"),
      !after.players[0]!.isReady,
      type,
    );
  }
});
