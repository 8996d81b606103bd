// Packets of random contracts, calls and results against what the fields' own `write`
// and `read` make of them. An ordinary run takes a slice of the seeds; all of them with
// TICKWIRE_SOAK=1.
import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import { BitReader } from "../../protocol/mod.ts";
import {
  randomCalls,
  randomResults,
  randomRpcs,
} from "./_testing/random_packet.ts";
import { randomWide } from "./_testing/random_field.ts";
import {
  bytesOf,
  callPacketOf,
  resultPacketOf,
} from "./_testing/reference_packet.ts";
import { CallReader } from "./call_reader.ts";
import { CallWriter } from "./call_writer.ts";
import { RpcPacketKind } from "./packet_kind.ts";
import { ResultReader } from "./result_reader.ts";
import { ResultWriter } from "./result_writer.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? 20_000 : 60;
const LIMIT_BYTES = 2 ** 20;

function withSeeds(run: (random: SeededRandom) => void): void {
  for (let seed = 0; seed < SEEDS; seed++) {
    try {
      run(new SeededRandom(seed));
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
  }
}

Deno.test("CallWriter writes and CallReader reads what fields do", () => {
  withSeeds((random) => {
    const rpcs = randomRpcs(random);
    const writer = new CallWriter(LIMIT_BYTES);
    const reader = new CallReader(rpcs);
    for (
      const kind of [RpcPacketKind.ClientCalls, RpcPacketKind.ServerCalls]
    ) {
      const calls = randomCalls(random, rpcs, kind);
      const sequence = Math.min(
        randomWide(random),
        Number.MAX_SAFE_INTEGER - calls.length + 1,
      );
      writer.begin(kind, sequence);
      for (const { rpc, tag, id, ticket, params } of calls) {
        assert(writer.add(rpc, tag, id, ticket, params), rpc.params.descriptor);
      }
      const packet = writer.end();
      const expected = callPacketOf(kind, sequence, calls);
      assertEquals(encodeHex(packet), encodeHex(expected));

      assertEquals(reader.read(packet, kind), undefined);
      assertEquals(reader.count, calls.length);
      for (const [i, { rpc, tag, id, ticket, params }] of calls.entries()) {
        const call = reader.at(i);
        assertEquals(
          [call.rpc.id, call.sequence, call.tag, call.id, call.ticket],
          [rpc.id, sequence + i, tag, id, ticket],
        );
        const field = new BitReader(
          Uint8Array.from(bytesOf(rpc.params, params)!),
        );
        assertEquals(call.params, rpc.params.read(field));
      }
    }
  });
});

Deno.test("ResultWriter writes and ResultReader reads what fields do", () => {
  withSeeds((random) => {
    const rpcs = randomRpcs(random);
    const results = randomResults(random, rpcs);
    if (results.length === 0) return;
    const writer = new ResultWriter(LIMIT_BYTES);
    for (const { rpc, ticket, status, code, text, value } of results) {
      assert(
        status === 0
          ? writer.addValue(rpc, ticket, value)
          : writer.addStatus(ticket, status as 1, code, text),
      );
    }
    const packet = writer.end();
    assertEquals(encodeHex(packet), encodeHex(resultPacketOf(results)));

    const reader = new ResultReader();
    let next = 0;
    assertEquals(reader.read(packet, () => results[next++]!.rpc), undefined);
    assertEquals(reader.count, results.length);
    for (const [i, wanted] of results.entries()) {
      const { ticket, status, code, text, value } = reader.at(i);
      assertEquals(
        [ticket, status, code, text],
        [wanted.ticket, wanted.status, wanted.code, wanted.text],
      );
      if (status !== 0) continue;
      const { reply } = wanted.rpc.definition;
      const field = new BitReader(
        Uint8Array.from(bytesOf(reply!, wanted.value)!),
      );
      assertEquals(value, reply!.read(field));
    }
  });
});
