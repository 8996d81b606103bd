import {
  Channel,
  choice,
  int,
  list,
  optional,
  string,
  struct,
  u8,
  varint,
} from "../../protocol/mod.ts";
import { defineRpc } from "../../rpc/mod.ts";
import { MAX_PLAYERS, WEATHERS } from "./match_wire.ts";

/** What the players of the match and its server call each other for: both import it. */
export const matchCalls = defineRpc({
  /** A player says where it is: only the newest counts. */
  input: {
    params: { place: u8 },
    from: "client",
    channel: Channel.UnreliableOrdered,
    coalesce: [],
  },
  /** A player fires its shots, which are numbered from 0. */
  fire: { params: { shot: varint }, from: "client" },
  /** What became of a shot; without a victim it missed. */
  hit: {
    params: { shot: varint, victim: optional(varint) },
    from: "server",
  },
  /** Where all players are, in the order in which they joined. */
  places: {
    params: { places: list(u8, { maxLength: MAX_PLAYERS }) },
    from: "server",
    channel: Channel.UnreliableOrdered,
    coalesce: [],
  },
  /** A player shows the others, through the server, how it feels. */
  emote: {
    params: { emote: choice("waves", "cheers", "sulks") },
    from: "client",
    channel: Channel.Reliable,
    rate: { perSecond: 1, burst: 8 },
  },
  /** A player asks for another weather on the line. */
  weather: {
    params: { index: int({ min: 0, max: WEATHERS.length - 1 }) },
    from: "client",
  },
  /** A player asks who has hit how often: the best first. */
  scoreboard: {
    params: {},
    from: "client",
    reply: struct({
      rank: varint,
      scores: list(
        struct({ name: string({ maxBytes: 16 }), hits: varint }),
        { maxLength: MAX_PLAYERS },
      ),
    }),
  },
});

/** The definitions, for those who take an end of them. */
export type MatchCalls = typeof matchCalls.definitions;
