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

Deno.test("PlayerTickets has a ticket once whose slot was another one of the same player", () => {
  const table = new TicketTable(0);
  const tickets = new PlayerTickets(table);
  const player = playerId("ada");
  for (let i = 0; i < 3; i++) {
    const slot = table.take();
    assertEquals(slot, 0);
    table.setState(slot, WAITING);
    table.players[slot] = [player];
    tickets.add(player, slot);
    assertEquals(tickets.of(player), [0]);
    assertEquals(tickets.count(player), 1);
    table.remove(slot);
    table.reuseRetired();
  }
});
