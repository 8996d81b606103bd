import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { DatagramRing } from "./_datagram_ring.ts";
import { type IpAddress, IpAddressTable } from "./ip_address_table.ts";

Deno.test("DatagramRing holds what a queue would, within its bounds", () => {
  const seed = 74;
  const random = new SeededRandom(seed);
  const table = new IpAddressTable({ seed });
  const addresses = [table.parse("10.0.0.1", 1), table.parse("::1", 2)];
  for (const maxBytes of [100, 1000, 4096]) {
    const ring = new DatagramRing(maxBytes);
    let model: { bytes: Uint8Array; address: IpAddress }[] = [];
    let refused = 0;
    for (let step = 0; step < 5_000; step++) {
      const where = `seed ${seed}, ${maxBytes} bytes, step ${step}`;
      const choice = random.nextU32() % 100;
      if (choice < 52) {
        const bytes = new Uint8Array(
          random.nextU32() % (choice < 5 ? 100 : 40),
        );
        random.fill(bytes);
        const address = addresses[random.nextU32() % 2]!;
        const held = model.reduce((sum, it) => sum + it.bytes.length, 0);
        if (ring.push(bytes, address)) {
          model.push({ bytes: bytes.slice(), address });
          assert(held + bytes.length <= maxBytes, where);
        } else {
          refused++;
          // Half of it always has room, whatever the pieces.
          assert(
            held + bytes.length > maxBytes / 2 - 100 || model.length >= 16,
            where,
          );
        }
      } else if (choice < 99 && model.length > 0) {
        const { bytes, address } = model.shift()!;
        assertEquals(ring.firstDatagram, bytes, where);
        assertStrictEquals(ring.firstAddress, address, where);
        ring.removeFirst();
      } else if (choice === 99) {
        ring.clear();
        model = [];
      }
      assertEquals(ring.count, model.length, where);
    }
    assert(refused > 10, `${refused}`);
  }
});
