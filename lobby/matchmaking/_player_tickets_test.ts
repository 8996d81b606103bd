import { assert, assertEquals } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { PlayerTickets } from "./_player_tickets.ts";
import { TicketTable, WAITING } from "./_ticket_table.ts";

Deno.test("PlayerTickets does not pile up those of ended tickets", () => {
  const table = new TicketTable(0);
  const tickets = new PlayerTickets(table);
  for (let i = 0; i < 20_000; i++) {
    const player = playerId(`p${i}`);
    const slot = table.take();
    table.setState(slot, WAITING);
    table.players[slot] = [player];
    tickets.add(player, slot);
    assertEquals(tickets.of(player), [slot]);
    table.remove(slot);
    table.reuseRetired();
    assertEquals(tickets.count(player), 0);
    assert(tickets.size < 8, `${tickets.size} entries`);
  }
});

Deno.test("PlayerTickets counts a slot once that a player has again", () => {
  const table = new TicketTable(0);
  const tickets = new PlayerTickets(table);
  const player = playerId("p");
  const begin = (): number => {
    const slot = table.take();
    table.setState(slot, WAITING);
    table.players[slot] = [player];
    tickets.add(player, slot);
    return slot;
  };
  const first = begin();
  table.remove(first);
  table.reuseRetired();
  assertEquals(begin(), first);
  assertEquals(tickets.of(player), [first]);
  const second = begin();
  table.remove(first);
  table.reuseRetired();
  assertEquals(begin(), first);
  assertEquals(tickets.of(player), [second, first]);
  assertEquals(tickets.count(player), 2);
});
