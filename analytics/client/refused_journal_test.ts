import { assert } from "@std/assert";
import {
  type Journal,
  JournalError,
  ManualClock,
  MemoryJournal,
} from "../../core/mod.ts";
import { FAULT_DEFINITIONS, PROBE } from "../_testing/fault_events.ts";
import { Analytics } from "./analytics.ts";

Deno.test("Analytics.close() ends, with a full journal and a batch under way", async () => {
  const inner = new MemoryJournal();
  const under = Promise.withResolvers<void>();
  let isFull = false;
  let refusals = 0;
  const journal: Journal = {
    append: (bytes) => {
      if (!isFull) return inner.append(bytes);
      // Whoever tries again at once does so for ever: no timer fires meanwhile.
      if (++refusals > 1_000) return new Promise<number>(() => {});
      return Promise.reject(new JournalError("full", "it is full"));
    },
    read: (afterId, maxBytes) => inner.read(afterId, maxBytes),
    remove: (upToId) => inner.remove(upToId),
    close: () => inner.close(),
  };
  const analytics = new Analytics("1", "linux", {
    clock: new ManualClock(),
    events: FAULT_DEFINITIONS,
    journal: () => Promise.resolve(journal),
    http: {
      fetch: () => {
        under.resolve();
        return new Promise<Response>(() => {});
      },
    },
  });
  analytics.enable("http://127.0.0.1:9");
  analytics.record(PROBE.create({ id: 1 }));
  analytics.flush();
  let isUnder = false;
  void under.promise.then(() => isUnder = true);
  while (!isUnder) {
    analytics.tick(1);
    await new Promise((resolve) => setTimeout(resolve));
  }
  isFull = true;
  analytics.record(PROBE.create({ id: 2 }));
  await analytics.close(60);
  assert(refusals > 0 && refusals < 100, `${refusals} times`);
});
