// What a game records: the same events for every client.
import { SeededRandom } from "../../core/mod.ts";

/** An event as all clients take it. */
export interface GameEvent {
  readonly name: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

const CAUSES = ["spikes", "fall", "slime", "arrow", "lava", "Flame Warden"];
const ITEMS = ["potion", "key", "coin", "sword_of_dawn", "torch", "map"];

/** Makes so many events of a dungeon crawler, the same each time. */
export function makeEvents(count: number): readonly GameEvent[] {
  const random = new SeededRandom(7);
  const below = (limit: number): number =>
    Math.floor(random.nextFloat() * limit);
  return Array.from({ length: count }, (): GameEvent => {
    const kind = random.nextFloat();
    const floor = below(12);
    if (kind < 0.5) {
      return {
        name: "itemPickup",
        fields: { item: ITEMS[below(ITEMS.length)]!, floor },
      };
    }
    if (kind < 0.75) {
      return {
        name: "death",
        fields: { cause: CAUSES[below(CAUSES.length)]!, floor },
      };
    }
    if (kind < 0.95) {
      return {
        name: "floorComplete",
        fields: {
          floor,
          durationMs: 20_000 + below(120_000),
          kills: below(30),
          items: below(9),
        },
      };
    }
    return {
      name: "bossEncounter",
      fields: {
        boss: `Warden ${below(4)}`,
        floor,
        won: random.nextFloat() < 0.4,
        durationMs: 30_000 + below(90_000),
      },
    };
  });
}
