// Here and not beside the coder, as what is published does not have the recording.
import { assert } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { runLossy } from "../../sync/coder/strong/_testing/lossy_run.ts";
import { StrongCoder } from "../../sync/mod.ts";
import { loadRecording } from "./_recording.ts";

const SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

Deno.test("StrongCoder is exact on the recording, whatever is lost, late or twice there", async () => {
  const { tables } = await loadRecording();
  const sent = SOAK ? tables : tables.slice(0, 60);
  const arrivals = runLossy(sent, new SeededRandom(5));
  assert(arrivals > 0.7 * sent.length, `${arrivals}`);
});

Deno.test("StrongCoder keeps at most 8 kB with a snapshot of the recording", async () => {
  const { form } = await loadRecording();
  assert(new StrongCoder(form).createState().byteLength <= 8_192);
});
