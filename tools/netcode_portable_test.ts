// The same cases of netcode's codec in each runtime that has the cipher, on the files that would be published.
import { assertEquals } from "@std/assert";
import { CODEC_CASES } from "../transport/netcode/_testing/codec_cases.ts";
import vectors from "../transport/netcode/vectors/packets.json" with {
  type: "json",
};
import { missingNote, portableRuntimes, PortableSite } from "./portable_run.ts";
import { testInEachRuntime } from "./portable_steps.ts";

const MAIN = `export { main } from "./tools/netcode_portable_main.js";`;
const NAMES = CODEC_CASES.map(({ name }) => name);

Deno.test("PacketCodec does the same in every runtime with its cipher", async (t) => {
  await using site = await PortableSite.open({
    main: MAIN,
    sources: [
      "tools/netcode_portable_main.ts",
      "transport/netcode/_testing/codec_cases.ts",
    ],
    handler: () => Response.json(vectors),
  });
  await testInEachRuntime(t, site, NAMES, ["bun", "Chromium"]);

  // Should Bun learn it (https://github.com/oven-sh/bun/issues/8072), this fails, and Bun is no exception any more.
  const bun = (await portableRuntimes()).find(({ name }) => name === "bun")!;
  const { note, ignore } = missingNote(bun);
  await t.step({
    name: `in bun, there is no codec${note}`,
    ignore,
    fn: async () => {
      assertEquals(
        (await site.run(bun)).output,
        "TransportError: Cannot use netcode as the node:crypto of this runtime " +
          'must have "chacha20-poly1305"',
      );
    },
  });
});
