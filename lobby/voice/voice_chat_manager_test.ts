import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertFalse,
  assertThrows,
} from "@std/assert";
import { type PlayerId, playerId, SeededRandom } from "../../core/mod.ts";
import { lobbyId } from "../lobby_id.ts";
import { type TeamId, teamId } from "../team_id.ts";
import { type VoiceChannel, VoiceChatManager } from "./voice_chat_manager.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

const ADA = playerId("ada");
const BOB = playerId("bob");
const CY = playerId("cy");
const DI = playerId("di");
const HOME = lobbyId("home");
const AWAY = lobbyId("away");

/** Ada and Bob in one team, Cy in the other, Di in another lobby. */
function open(
  options?: ConstructorParameters<typeof VoiceChatManager>[0],
): VoiceChatManager {
  const voice = new VoiceChatManager(options);
  voice.addPlayer(ADA, HOME, teamId(0));
  voice.addPlayer(BOB, HOME, teamId(0));
  voice.addPlayer(CY, HOME, teamId(1));
  voice.addPlayer(DI, AWAY, teamId(0));
  return voice;
}

function heardBy(voice: VoiceChatManager, listener: PlayerId): PlayerId[] {
  return voice.audibleSpeakers(listener).map(({ player }) => player);
}

Deno.test("VoiceChatManager lets everybody in the lobby hear who speaks, but not the speaker", () => {
  const voice = open();
  assertEquals(heardBy(voice, BOB), []);
  assert(voice.setSpeaking(ADA, true));
  assertFalse(voice.setSpeaking(ADA, true));
  assertEquals(
    [ADA, BOB, CY, DI].map((player) => heardBy(voice, player)),
    [[], [ADA], [ADA], []],
  );
  assert(voice.setSpeaking(ADA, false));
  assertEquals(heardBy(voice, BOB), []);
});

Deno.test("VoiceChatManager keeps team and direct channels to whom they are for", () => {
  const voice = open();
  voice.setSpeaking(ADA, true);
  assert(voice.setChannel(ADA, { type: "team" }));
  assertFalse(voice.setChannel(ADA, { type: "team" }));
  assertEquals(
    [BOB, CY, DI].map((player) => heardBy(voice, player)),
    [[ADA], [], []],
  );
  // It follows the team, and without one there is nobody.
  voice.setTeam(CY, teamId(0));
  assertEquals(heardBy(voice, CY), [ADA]);
  voice.setTeam(ADA, undefined);
  voice.setTeam(BOB, undefined);
  assertEquals(heardBy(voice, BOB), []);
  assert(voice.setChannel(ADA, { type: "direct", player: DI }));
  assertEquals(voice.audibleSpeakers(DI), [
    { player: ADA, channel: "direct", gain: 1 },
  ]);
  assertEquals(heardBy(voice, BOB), []);
  assertFalse(voice.setChannel(ADA, { type: "direct", player: ADA }));
  assertFalse(
    voice.setChannel(ADA, { type: "all" } as unknown as VoiceChannel),
  );
  assertFalse(
    voice.setChannel(ADA, { type: "direct" } as unknown as VoiceChannel),
  );
  assert(voice.setChannel(ADA, { type: "direct", player: CY }));
  assertEquals([CY, DI].map((p) => heardBy(voice, p)), [[ADA], []]);
  assert(voice.setChannel(ADA, { type: "lobby" }));
  assertEquals([CY, DI].map((p) => heardBy(voice, p)), [[ADA], []]);
});

Deno.test("VoiceChatManager mutes for one and for all", () => {
  const voice = open();
  voice.setSpeaking(ADA, true);
  assert(voice.setMuted(BOB, ADA, true));
  assertFalse(voice.setMuted(BOB, ADA, true));
  assertEquals([BOB, CY].map((p) => heardBy(voice, p)), [[], [ADA]]);
  assert(voice.setMutedForAll(ADA, true));
  assertEquals(heardBy(voice, CY), []);
  voice.setMutedForAll(ADA, false);
  assert(voice.setMuted(BOB, ADA, false));
  assertEquals([BOB, CY].map((p) => heardBy(voice, p)), [[ADA], [ADA]]);
  // A direct word does not get around it.
  voice.setChannel(ADA, { type: "direct", player: BOB });
  voice.setMuted(BOB, ADA, true);
  assertEquals(heardBy(voice, BOB), []);
});

Deno.test("VoiceChatManager lets who is deafened hear nobody, and be heard", () => {
  const voice = open();
  voice.setSpeaking(ADA, true);
  voice.setSpeaking(BOB, true);
  voice.setDeafened(BOB, true);
  assertEquals(heardBy(voice, BOB), []);
  assertEquals(voice.gain(BOB, ADA), 0);
  assertEquals(heardBy(voice, ADA), [BOB]);
  voice.setDeafened(BOB, false);
  assertEquals(heardBy(voice, BOB), [ADA]);
});

Deno.test("VoiceChatManager with push-to-talk needs the key", () => {
  const voice = open();
  voice.setSpeaking(ADA, true);
  voice.setPushToTalk(ADA, true);
  assertEquals(heardBy(voice, BOB), []);
  voice.setTalkKey(ADA, true);
  assertEquals(heardBy(voice, BOB), [ADA]);
  voice.setSpeaking(ADA, false);
  assertEquals(heardBy(voice, BOB), []);
  voice.setSpeaking(ADA, true);
  voice.setTalkKey(ADA, false);
  assertEquals(heardBy(voice, BOB), []);
  voice.setPushToTalk(ADA, false);
  assertEquals(heardBy(voice, BOB), [ADA]);
});

Deno.test("VoiceChatManager makes voices quieter with distance, in the lobby channel alone", () => {
  const voice = open({ proximity: { radius: 30, fullRadius: 10 } });
  voice.setSpeaking(ADA, true);
  const at = (x: number): number => {
    assert(voice.setPosition(BOB, { x, y: 0, z: 0 }));
    return voice.gain(BOB, ADA);
  };
  // Who is nowhere is near everybody.
  assertEquals(voice.gain(BOB, ADA), 1);
  assert(voice.setPosition(ADA, { x: 0, y: 0, z: 0 }));
  assertEquals([0, 10, 30, 31].map(at), [1, 1, 0, 0]);
  assertAlmostEquals(at(20), 0.5);
  assertAlmostEquals(at(-25), 0.25);
  assertEquals(voice.audibleSpeakers(BOB)[0]?.gain, voice.gain(BOB, ADA));
  at(1000);
  assertEquals(heardBy(voice, BOB), []);
  voice.setChannel(ADA, { type: "team" });
  assertEquals(voice.gain(BOB, ADA), 1);
  voice.setChannel(ADA, { type: "lobby" });
  assertFalse(voice.setPosition(BOB, { x: NaN, y: 0, z: 0 }));
  assertEquals(voice.gain(BOB, ADA), 0);
  assert(voice.setPosition(BOB, undefined));
  assertEquals(voice.gain(BOB, ADA), 1);
});

Deno.test("VoiceChatManager.audibleSpeakers() has the loudest first, and not too many", () => {
  const voice = new VoiceChatManager({
    maxAudible: 3,
    proximity: { radius: 10 },
  });
  voice.addPlayer(ADA, HOME);
  voice.setPosition(ADA, { x: 0, y: 0, z: 0 });
  for (const x of [8, 2, 5, 2, 9]) {
    const player = playerId(`p${voice.playerCount}`);
    voice.addPlayer(player, HOME);
    voice.setPosition(player, { x, y: 0, z: 0 });
    voice.setSpeaking(player, true);
  }
  assertEquals(voice.audibleSpeakers(ADA), [
    { player: playerId("p2"), channel: "lobby", gain: 0.8 },
    { player: playerId("p4"), channel: "lobby", gain: 0.8 },
    { player: playerId("p3"), channel: "lobby", gain: 0.5 },
  ]);
});

Deno.test("VoiceChatManager.addPlayer() moves who is known, silent and with what was switched", () => {
  const voice = open();
  voice.setSpeaking(ADA, true);
  voice.setMuted(ADA, DI, true);
  voice.setChannel(ADA, { type: "direct", player: BOB });
  assert(voice.addPlayer(ADA, AWAY));
  assertEquals(voice.playerCount, 4);
  assertEquals([BOB, DI].map((p) => heardBy(voice, p)), [[], []]);
  voice.setSpeaking(ADA, true);
  voice.setSpeaking(DI, true);
  assertEquals([BOB, DI, ADA].map((p) => heardBy(voice, p)), [[], [ADA], []]);
});

Deno.test("VoiceChatManager knows nobody who was removed", () => {
  const voice = open();
  voice.setSpeaking(ADA, true);
  assert(voice.removePlayer(ADA));
  assertFalse(voice.removePlayer(ADA));
  assertEquals(heardBy(voice, BOB), []);
  assertEquals(heardBy(voice, ADA), []);
  assertEquals(voice.gain(BOB, ADA), 0);
  assertFalse(voice.setSpeaking(ADA, true));
  assertFalse(voice.setChannel(ADA, { type: "team" }));
  assertFalse(voice.setMuted(ADA, BOB, true));
  assertFalse(voice.setPosition(ADA, undefined));
});

Deno.test("VoiceChatManager is bounded", () => {
  const voice = new VoiceChatManager({ maxPlayers: 2, maxMutedPerPlayer: 1 });
  assert(voice.addPlayer(ADA, HOME));
  assert(voice.addPlayer(BOB, HOME));
  assertFalse(voice.addPlayer(CY, HOME));
  assert(voice.addPlayer(BOB, AWAY));
  assert(voice.setMuted(ADA, BOB, true));
  assertFalse(voice.setMuted(ADA, CY, true));
  voice.setMuted(ADA, BOB, false);
  assert(voice.setMuted(ADA, CY, true));
});

Deno.test("VoiceChatManager refuses options that are none", () => {
  for (
    const options of [
      { maxPlayers: 0 },
      { maxMutedPerPlayer: -1 },
      { maxAudible: 0 },
      { proximity: { radius: 0 } },
      { proximity: { radius: Infinity } },
      { proximity: { radius: 1, fullRadius: 1 } },
      { proximity: { radius: 1, fullRadius: -1 } },
    ]
  ) {
    assertThrows(() => new VoiceChatManager(options), RangeError);
  }
});

Deno.test("VoiceChatManager hears as the rules say, however things were switched before", () => {
  interface Model {
    lobby: string;
    team: TeamId | undefined;
    channel: VoiceChannel;
    isSpeaking: boolean;
    isPushToTalk: boolean;
    isKeyPressed: boolean;
    isDeafened: boolean;
    isMutedForAll: boolean;
    muted: Set<PlayerId>;
  }
  for (let seed = 1; seed <= (IS_SOAK ? 100 : 2); seed++) {
    const random = new SeededRandom(seed);
    const below = (end: number) => Math.floor(random.nextFloat() * end);
    const players = Array.from({ length: 8 }, (_, i) => playerId(`p${i}`));
    const voice = new VoiceChatManager({ maxAudible: 256 });
    const model = new Map<PlayerId, Model>();
    for (let step = 0; step < 800; step++) {
      const player = players[below(8)]!;
      const other = players[below(8)]!;
      const known = model.get(player);
      const isOn = random.nextFloat() < 0.6;
      const team = below(3) === 0 ? undefined : teamId(below(2));
      switch (below(10)) {
        case 0: {
          const lobby = below(2) === 0 ? HOME : AWAY;
          voice.addPlayer(player, lobby, team);
          model.set(player, {
            lobby,
            team,
            channel: { type: "lobby" },
            isSpeaking: false,
            isPushToTalk: known?.isPushToTalk ?? false,
            isKeyPressed: false,
            isDeafened: known?.isDeafened ?? false,
            isMutedForAll: known?.isMutedForAll ?? false,
            muted: known?.muted ?? new Set(),
          });
          break;
        }
        case 1:
          if (below(4) > 0) break;
          voice.removePlayer(player);
          model.delete(player);
          break;
        case 2:
          voice.setTeam(player, team);
          if (known) known.team = team;
          break;
        case 3: {
          const channels: VoiceChannel[] = [
            { type: "lobby" },
            { type: "team" },
            { type: "direct", player: other },
          ];
          const channel = channels[below(3)]!;
          voice.setChannel(player, channel);
          const isSelf = channel.type === "direct" && other === player;
          if (known && !isSelf) known.channel = channel;
          break;
        }
        case 4:
          voice.setMuted(player, other, isOn);
          if (isOn) known?.muted.add(other);
          else known?.muted.delete(other);
          break;
        case 5:
          voice.setDeafened(player, !isOn);
          if (known) known.isDeafened = !isOn;
          break;
        case 6:
          voice.setMutedForAll(player, !isOn);
          if (known) known.isMutedForAll = !isOn;
          break;
        case 7:
          voice.setPushToTalk(player, isOn);
          voice.setTalkKey(other, isOn);
          if (known) known.isPushToTalk = isOn;
          if (model.has(other)) model.get(other)!.isKeyPressed = isOn;
          break;
        default:
          voice.setSpeaking(player, isOn);
          if (known) known.isSpeaking = isOn;
      }
      for (const listener of players) {
        const to = model.get(listener);
        const expected = players.filter((speaker) => {
          const from = model.get(speaker);
          if (!to || !from || speaker === listener) return false;
          if (to.isDeafened || to.muted.has(speaker)) return false;
          if (!from.isSpeaking || from.isMutedForAll) return false;
          if (from.isPushToTalk && !from.isKeyPressed) return false;
          if (from.channel.type === "direct") {
            return from.channel.player === listener;
          }
          if (from.lobby !== to.lobby) return false;
          return from.channel.type === "lobby" ||
            from.team !== undefined && from.team === to.team;
        });
        const message = `seed ${seed}, step ${step}, ${listener}`;
        assertEquals(heardBy(voice, listener).sort(), expected, message);
        for (const speaker of players) {
          assertEquals(
            voice.gain(listener, speaker),
            expected.includes(speaker) ? 1 : 0,
            message,
          );
        }
      }
    }
  }
});
