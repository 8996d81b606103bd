/** A service whose answers fail, for the tests of `serve_deno.ts`. @module */

import { runServer, serveUntilStopped } from "../serve_deno.ts";

/** What is thrown, and must not be seen by who asks. */
export const SECRET = "the password of the database";

async function serve(): Promise<void> {
  let ticks = 0;
  await serveUntilStopped(
    { port: 0, hostname: "127.0.0.1", isQuiet: false, hz: 50 },
    () =>
      Promise.resolve({
        answer: (_request, _info, pathname) => {
          if (pathname === "/throws") throw new Error(SECRET);
          if (pathname === "/rejects") return Promise.reject(new Error(SECRET));
          return new Response(`${ticks}`);
        },
        loggedPath: (pathname) =>
          pathname.replace(/^\/player\/.*/, "/player/*"),
        *metrics() {
          yield { name: "ticks", help: "Ticks", type: "gauge", value: ticks };
        },
        tick: () => {
          ticks += 1;
        },
        stop: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }),
  );
}

if (import.meta.main) {
  await runServer("Usage: none", (args) => {
    if (args.includes("--help")) return Promise.resolve(undefined);
    if (args.length > 0) return Promise.reject(new SyntaxError("No options"));
    return Promise.resolve({});
  }, serve);
}
