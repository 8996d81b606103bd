import { assert, assertEquals } from "@std/assert";
import { playerId, SeededRandom } from "../core/mod.ts";
import * as lobby from "./mod.ts";

/** The documented classes, each with what it must be able to do. */
const METHODS = {
  LobbyManager:
    "createLobby destroyLobby join leave setReady kick startGame tick endGame resetLobby lobby lobbyForPlayer publicLobbies",
  LobbyBrowser: "canRefresh updateListings filteredSorted",
  MatchmakingQueue: "enqueue dequeue tick addBackfill processBackfill",
  VoiceChatManager:
    "setChannel setMuted setMutedForAll setDeafened setPushToTalk setTalkKey setSpeaking audibleSpeakers",
  TeamSystem: "assign rebalance",
  ReadyCheck: "vote check cancel tick",
} as const;

const ERRORS: Readonly<Record<lobby.LobbyError["type"], true>> = {
  lobbyNotFound: true,
  lobbyFull: true,
  lobbyNotJoinable: true,
  wrongPassword: true,
  playerNotFound: true,
  playerAlreadyInLobby: true,
  notHost: true,
  notEnoughPlayers: true,
  alreadyInGame: true,
  cannotKickSelf: true,
  teamNotFound: true,
  matchmakingError: true,
  banned: true,
  playersNotReady: true,
  invalidConfig: true,
  rateLimited: true,
  wrongState: true,
  notAllowed: true,
  teamFull: true,
  tooMany: true,
  lobbyExists: true,
  notFound: true,
};

const [ada, bob, eve, joe] = ["ada", "bob", "eve", "joe"].map(playerId) as [
  lobby.PlayerId,
  lobby.PlayerId,
  lobby.PlayerId,
  lobby.PlayerId,
];

function valueOf<T>(result: lobby.LobbyResult<T>): T {
  assert(result.isOk, result.isOk ? "" : result.error.message);
  return result.value;
}

function errorOf(result: lobby.LobbyResult<unknown>): string {
  return result.isOk ? "none" : result.error.type;
}

Deno.test("mod.ts has the documented classes, with their members", () => {
  for (const [name, members] of Object.entries(METHODS)) {
    const { prototype } = lobby[name as keyof typeof METHODS];
    const lacking = members.split(" ").filter((member) =>
      !Object.hasOwn(prototype, member)
    );
    assertEquals(lacking, [], name);
  }
  assertEquals(Object.keys(lobby.LobbyState), [
    "Waiting",
    "Countdown",
    "InGame",
    "Postgame",
  ]);
  assertEquals(Object.keys(lobby.TeamAssignment), ["Auto", "Random", "Manual"]);
  assert(Object.values(lobby.GameMode).every(lobby.isGameMode));
});

Deno.test("LobbyManager leads a lobby from its first player to a rematch, as documented", () => {
  const manager = new lobby.LobbyManager();
  const config: lobby.LobbyConfigChanges = {
    name: "Friday",
    maxPlayers: 3,
    countdownMs: 3_000,
  };
  const { id } = valueOf(manager.createLobby(ada, config));
  valueOf(manager.join(bob, id));
  assertEquals(manager.lobbyForPlayer(bob)?.id, id);
  assertEquals(manager.publicLobbies().map((it) => it.id), [id]);

  valueOf(manager.setReady(bob, true));
  valueOf(manager.startGame(ada));
  assertEquals(manager.lobby(id)?.state, lobby.LobbyState.Countdown);
  manager.tick(2.9);
  assertEquals(manager.lobby(id)?.state, lobby.LobbyState.Countdown);
  manager.tick(0.1);
  assertEquals(manager.lobby(id)?.state, lobby.LobbyState.InGame);
  valueOf(manager.endGame(id));
  assertEquals(manager.lobby(id)?.state, lobby.LobbyState.Postgame);
  valueOf(manager.resetLobby(ada));
  assertEquals(manager.lobby(id)?.state, lobby.LobbyState.Waiting);

  valueOf(manager.leave(ada));
  assertEquals(manager.lobby(id)?.host, bob);
  valueOf(manager.join(eve, id));
  valueOf(manager.kick(bob, eve));
  assertEquals(manager.lobbyForPlayer(eve), undefined);
  valueOf(manager.destroyLobby(id));
  assertEquals([manager.lobby(id), manager.publicLobbies()], [undefined, []]);
});

Deno.test("LobbyManager refuses with each of the documented errors", () => {
  const manager = new lobby.LobbyManager({
    passwordRatePerPlayer: { burst: 1, intervalMs: 1_000 },
  });
  const nowhere = lobby.lobbyId("nowhere");
  const teams = { count: 2, assignment: lobby.TeamAssignment.Manual };
  const { id } = valueOf(
    manager.createLobby(ada, { maxPlayers: 2, countdownMs: 0, teams }),
  );
  const seen = new Set<string>();
  function refuses(error: string, result: lobby.LobbyResult<unknown>): void {
    assertEquals(errorOf(result), error);
    seen.add(error);
  }
  refuses("lobbyNotFound", manager.join(bob, nowhere));
  refuses("notEnoughPlayers", manager.startGame(ada));
  refuses("playerAlreadyInLobby", manager.join(ada, id));
  refuses("playerNotFound", manager.leave(eve));
  valueOf(manager.join(bob, id));
  refuses("lobbyFull", manager.join(eve, id));
  refuses("notHost", manager.kick(bob, ada));
  refuses("cannotKickSelf", manager.kick(ada, ada));
  refuses("teamNotFound", manager.setTeam(ada, ada, lobby.teamId(2)));
  refuses("playersNotReady", manager.startGame(ada));
  refuses("invalidConfig", manager.configure(ada, { maxPlayers: 0 }));
  valueOf(manager.setReady(bob, true));
  valueOf(manager.startGame(ada));
  refuses("alreadyInGame", manager.startGame(ada));
  valueOf(manager.kick(ada, bob, { banMs: Infinity }));
  refuses("banned", manager.join(bob, id));
  refuses("lobbyNotJoinable", manager.join(eve, id));
  refuses("matchmakingError", manager.createMatch([{ player: ada }]));
  valueOf(manager.endGame(id));

  valueOf(manager.setPassword(ada, "verifier"));
  refuses("wrongPassword", manager.join(eve, id));
  const pending = valueOf(manager.join(eve, id, { password: "open sesame" }));
  assert(pending.type === "pending");
  const asked = [...manager.drainEvents()].at(-1);
  assert(asked?.type === "passwordToVerify" && asked.password !== "");
  refuses("wrongPassword", manager.answerPassword(pending.attempt, false));
  const again = { password: "open says me" };
  refuses("rateLimited", manager.join(eve, id, again));
  // Those that are documented; the others are the library's own.
  assertEquals(Object.keys(ERRORS).slice(0, 16).sort(), [...seen].sort());
});

Deno.test("LobbyBrowser filters and sorts by all that is documented", () => {
  const base: lobby.LobbyListing = {
    id: lobby.lobbyId("a"),
    name: "Duel",
    mode: lobby.GameMode.Race,
    map: "quarry",
    state: lobby.LobbyState.Waiting,
    players: 1,
    maxPlayers: 2,
    reservedSeats: 0,
    spectators: 0,
    isPrivate: false,
    isJoinable: true,
    isOpenToSpectators: true,
    region: "",
    metadata: {},
    pingMs: 90,
  };
  const other: lobby.LobbyListing = {
    ...base,
    id: lobby.lobbyId("b"),
    name: "Castle",
    mode: lobby.GameMode.Custom,
    map: "harbour",
    players: 2,
    isPrivate: true,
    pingMs: 20,
  };
  const browser = new lobby.LobbyBrowser();
  assert(browser.canRefresh);
  browser.updateListings([base, other]);
  assert(!browser.canRefresh);
  const filters: lobby.LobbyBrowserFilter[] = [
    { maxPingMs: 50 },
    { mode: lobby.GameMode.Custom },
    { map: "harbour" },
    { name: "CAST" },
  ];
  for (const filter of filters) {
    assertEquals(browser.filteredSorted(filter), [other]);
  }
  for (const filter of [{ hideFull: true }, { hidePrivate: true }]) {
    assertEquals(browser.filteredSorted(filter), [base]);
  }
  for (
    const [by, first] of [
      ["players", other],
      ["ping", other],
      ["name", other],
      ["mode", other],
    ] as const
  ) assertEquals(browser.filteredSorted({}, { by })[0], first, by);
});

Deno.test("MatchmakingQueue widens from 50 to 500 over 60 s, keeps parties together, and fills games up", () => {
  function ticksUntilMatch(apart: number): number {
    const queue = new lobby.MatchmakingQueue({
      modes: { duel: { teams: 2, teamSize: 1 } },
    });
    for (const [player, skill] of [[ada, 0], [bob, apart]] as const) {
      queue.enqueue({ players: [{ player, skill }], modes: ["duel"] });
    }
    for (let i = 0; i <= 100; i++) if (queue.tick(1).length > 0) return i + 1;
    return Infinity;
  }
  assertEquals([50, 275, 500, 501].map(ticksUntilMatch), [1, 30, 60, Infinity]);

  const queue = new lobby.MatchmakingQueue({
    modes: { pairs: { teams: 2, teamSize: 2 } },
  });
  const skill = 1_500;
  const party = [ada, bob].map((player) => ({ player, skill }));
  queue.enqueue({ players: party, modes: ["pairs"] });
  for (const player of [eve, joe]) {
    queue.enqueue({ players: [{ player, skill }], modes: ["pairs"] });
  }
  const [match]: lobby.ProposedMatch[] = queue.tick(1);
  assert(
    match?.teams.some(({ parties }) =>
      parties.length === 1 && parties[0]!.length === 2
    ),
  );

  const added = queue.addBackfill({ mode: "pairs", openSeats: [1, 0], skill });
  assert(added.isOk);
  const late = queue.enqueue({
    players: [{ player: ada, skill }],
    modes: ["pairs"],
  });
  assert(late.isOk);
  const [filled] = queue.processBackfill();
  assertEquals(filled?.backfill, added.value);
  assertEquals(filled?.teams.map(({ tickets }) => tickets), [[late.value], []]);
  const gone = queue.enqueue({
    players: [{ player: bob, skill }],
    modes: ["pairs"],
  });
  assert(gone.isOk && queue.dequeue(gone.value).isOk);
  assertEquals(queue.size, 0);
});

Deno.test("VoiceChatManager knows who hears whom, by channel and switch", () => {
  const voice = new lobby.VoiceChatManager();
  const id = lobby.lobbyId("a");
  voice.addPlayer(ada, id, lobby.teamId(0));
  voice.addPlayer(bob, id, lobby.teamId(0));
  voice.addPlayer(eve, id, lobby.teamId(1));
  function hear(): lobby.PlayerId[] {
    return [bob, eve].filter((it) => voice.audibleSpeakers(it).length > 0);
  }
  voice.setSpeaking(ada, true);
  assertEquals(hear(), [bob, eve]);
  voice.setChannel(ada, { type: "team" });
  assertEquals(hear(), [bob]);
  voice.setChannel(ada, { type: "direct", player: eve });
  assertEquals(hear(), [eve]);
  voice.setChannel(ada, { type: "lobby" });
  voice.setMuted(bob, ada, true);
  voice.setDeafened(eve, true);
  assertEquals(hear(), []);
  voice.setMuted(bob, ada, false);
  voice.setPushToTalk(ada, true);
  assertEquals(hear(), []);
  voice.setTalkKey(ada, true);
  assertEquals(hear(), [bob]);
  voice.setSpeaking(ada, false);
  assertEquals(hear(), []);
});

Deno.test("TeamSystem assigns by each documented way, and rebalances", () => {
  const members = [ada, bob, eve, joe].map((player, i) => ({
    player,
    skill: 1_000 * i,
    team: lobby.teamId(0),
  }));
  const random = new SeededRandom(1);
  for (const assignment of Object.values(lobby.TeamAssignment)) {
    const system = new lobby.TeamSystem({ count: 2, assignment, random });
    const teams = system.assign(members)!.map(({ team }) => team);
    const first = teams.filter((team) => team === 0).length;
    assertEquals(first, assignment === "manual" ? 4 : 2, assignment);
    if (assignment === "auto") assertEquals(teams[0], teams[3]);
  }
  const moved = new lobby.TeamSystem({ count: 2 }).rebalance(members);
  assertEquals(moved.map(({ team }) => team), [lobby.teamId(1)]);
});

Deno.test("ReadyCheck ends as all are ready, as time is up, or as it is called off", () => {
  function check(): lobby.ReadyCheck {
    return new lobby.ReadyCheck([ada, bob], { timeoutMs: 10_000 });
  }
  const ready = check();
  for (const player of [ada, bob]) ready.vote(player, true);
  const late = check();
  late.tick(10);
  const called = check();
  called.cancel("weather");
  assertEquals([ready, late, called].map((it) => it.check()?.type), [
    "allReady",
    "timedOut",
    "cancelled",
  ]);
});
