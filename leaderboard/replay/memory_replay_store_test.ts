import { testReplayStore } from "./_testing/replay_store_conformance.ts";
import { MemoryReplayStore } from "./memory_replay_store.ts";

testReplayStore("MemoryReplayStore", async (run) => {
  let store: MemoryReplayStore | undefined;
  await run({
    persistent: false,
    open(options) {
      return new Promise((resolve) => {
        store = new MemoryReplayStore(options);
        resolve(store);
      });
    },
  });
  await store?.close();
});
