import { assertEquals } from "@std/assert";
import { portableEntries } from "./entries.ts";
import { missingNote, portableRuntimes, PortableSite } from "./portable_run.ts";

const BODY = `{"runtime":"any","scores":[3,2,1]}`;
const EXPECTED = `success 200 ${BODY}`;

/** Loads all of the package and runs the probe. */
function probeMain(apiUrl: string): string {
  const entries = portableEntries().map((entry) => entry.replace(/ts$/, "js"));
  return `${entries.map((entry) => `import "${entry}";`).join("\n")}
    import * as tickwire from "./mod.js";
    import { probe } from "./tools/portability_probe.js";
    export async function main(_site, say) {
      await say(await probe(tickwire, "${apiUrl}"));
    }`;
}

for (const where of await portableRuntimes()) {
  const { note, ignore } = missingNote(where);
  Deno.test({
    name: `the published files load and fetch in ${where.name}${note}`,
    ignore,
    fn: async () => {
      // From another origin than the page.
      await using api = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen: () => {} },
        () =>
          new Response(BODY, {
            headers: {
              "content-type": "application/json",
              "access-control-allow-origin": "*",
            },
          }),
      );
      await using site = await PortableSite.open({
        main: probeMain(`http://127.0.0.1:${api.addr.port}/scores`),
        sources: ["tools/portability_probe.ts"],
      });
      const { output } = await site.run(where);
      assertEquals(output, EXPECTED);
    },
  });
}
