import { SOCKET_CASES, type SocketPair } from "./socket_cases.ts";

export type { SocketPair } from "./socket_cases.ts";

/**
 * Registers a test with a step for each of the cases.
 *
 * @param name The name of the implementation.
 * @param makePair Makes two sockets that reach each other; each case has its own.
 * @param options What `Deno.test` is told besides.
 */
export function socketConformance(
  name: string,
  makePair: () => SocketPair | Promise<SocketPair>,
  options: Omit<Deno.TestDefinition, "name" | "fn"> = {},
): void {
  Deno.test({
    ...options,
    name: `${name} does what every DatagramSocket does`,
    fn: async (t) => {
      for (const { name, run } of SOCKET_CASES) {
        await t.step(name, async () => {
          const pair = await makePair();
          try {
            await run(pair);
          } finally {
            await pair.close();
          }
        });
      }
    },
  });
}
