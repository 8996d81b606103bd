import { assert, assertEquals, assertRejects } from "@std/assert";
import { HttpProblem } from "../http_problem.ts";
import { byteByByte } from "./bodies.ts";

const CHUNKS = 4_096;
const BODIES = 4;

/** Adds tests of what holds bodies: what it reads into must not be held with them. */
export function addHoldTests(
  name: string,
  read: (request: Request) => Promise<Uint8Array<ArrayBuffer>>,
): void {
  Deno.test(`${name} holds no more than the bytes of bodies that come byte by byte`, async () => {
    const bodies = await Promise.all(
      Array.from({ length: BODIES }, () => read(byteByByte(CHUNKS))),
    );
    // All buffers are a gigabyte; those that are held by nobody go from time to time.
    const held = Deno.memoryUsage().external;
    assert(held < 400_000_000, `${held} bytes were held`);
    for (const bytes of bodies) {
      assertEquals(
        bytes,
        Uint8Array.from({ length: CHUNKS }, (_, i) => i % 251),
      );
    }
  });

  Deno.test(`${name} takes no body in too many pieces`, async () => {
    const error = await assertRejects(
      () => read(byteByByte(CHUNKS + 1)),
      HttpProblem,
    );
    assertEquals(error.code, "invalidRequest");
  });
}
