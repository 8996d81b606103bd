// The packets of WIRE.md and of `vectors/`, which were put together byte by byte, both
// ways.
import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { fieldOf } from "../../protocol/_testing/field_of.ts";
import calls from "../vectors/calls.json" with { type: "json" };
import results from "../vectors/results.json" with { type: "json" };
import {
  contractOf,
  rpcWithReply,
  type VectorContract,
} from "./_testing/vector_rpcs.ts";
import { CallReader } from "./call_reader.ts";
import { CallWriter } from "./call_writer.ts";
import type { RpcPacketKind } from "./packet_kind.ts";
import { ResultReader } from "./result_reader.ts";
import type { ResultStatus } from "./result_status.ts";
import { ResultWriter } from "./result_writer.ts";

const LIMIT_BYTES = 65_536;
const UNKNOWN_TICKET = 77;

const { rpcs, byName } = contractOf(calls.contract as VectorContract);

Deno.test("CallWriter writes the bytes of every vector, at any limit that holds them", () => {
  for (const { about, kind, sequence, calls: wanted, bytes } of calls.packets) {
    for (const limitBytes of [bytes.length / 2, LIMIT_BYTES]) {
      const writer = new CallWriter(limitBytes);
      writer.begin(kind as RpcPacketKind, sequence);
      for (const { name, tag, id, ticket, params } of wanted) {
        assert(writer.add(byName.get(name)!, tag, id, ticket, params), about);
      }
      assertEquals([about, encodeHex(writer.end())], [about, bytes]);
    }
    const writer = new CallWriter(bytes.length / 2 - 1);
    writer.begin(kind as RpcPacketKind, sequence);
    const isWhole = wanted.every(({ name, tag, id, ticket, params }) =>
      writer.add(byName.get(name)!, tag, id, ticket, params)
    );
    assertEquals([about, isWhole, writer.error], [about, false, "full"]);
  }
});

Deno.test("CallReader reads every vector", () => {
  const reader = new CallReader(rpcs);
  for (const { about, kind, sequence, calls: wanted, bytes } of calls.packets) {
    assertEquals(
      [about, reader.read(decodeHex(bytes), kind as RpcPacketKind)],
      [about, undefined],
    );
    assertEquals(reader.count, wanted.length);
    for (const [i, { name, tag, id, ticket, params }] of wanted.entries()) {
      const { rpc, ...call } = reader.at(i);
      assertEquals(
        { ...call, params: present(call.params), name: rpc.name },
        {
          name,
          sequence: sequence + i,
          tag,
          id,
          ticket,
          params: present(params),
        },
      );
    }
  }
});

Deno.test("CallReader refuses every refused vector under its fault", () => {
  const reader = new CallReader(rpcs);
  for (const { about, kind, bytes, fault } of calls.refused) {
    assertEquals(
      [about, reader.read(decodeHex(bytes), kind as RpcPacketKind)],
      [about, fault],
    );
    assertEquals([reader.count, reader.unknownCalls], [0, 0]);
  }
});

Deno.test("CallReader refuses every vector that is cut anywhere", () => {
  const reader = new CallReader(rpcs);
  for (const { about, kind, bytes } of calls.packets) {
    const whole = decodeHex(bytes);
    for (let end = 0; end < whole.length; end++) {
      const fault = reader.read(whole.subarray(0, end), kind as RpcPacketKind);
      // Behind a whole run the rest is a packet too.
      assert(fault !== undefined || reader.count > 0, `${about}, ${end} bytes`);
    }
  }
});

Deno.test("CallReader passes over what it does not know", () => {
  const reader = new CallReader(rpcs);
  for (const vector of calls.unknown) {
    const { about, kind, bytes, runs, calls: passed, sequences } = vector;
    const fault = reader.read(decodeHex(bytes), kind as RpcPacketKind);
    assertEquals([about, fault], [about, undefined]);
    assertEquals([reader.unknownRuns, reader.unknownCalls], [runs, passed]);
    const read = Array.from({ length: reader.count }, (_, i) => reader.at(i));
    assertEquals(read.map(({ sequence }) => sequence), sequences);
  }
});

Deno.test("ResultWriter writes the bytes of every vector", () => {
  for (const { about, results: wanted, bytes } of results.packets) {
    const writer = new ResultWriter(bytes.length / 2);
    for (const result of wanted) {
      const { ticket, status, code, text, reply } = result;
      assert(
        status === 0
          ? writer.addValue(
            rpcWithReply(fieldOf(reply)),
            ticket,
            valueOf(result),
          )
          : writer.addStatus(ticket, status as ResultStatus, code, text),
        about,
      );
    }
    assertEquals([about, encodeHex(writer.end())], [about, bytes]);
  }
});

Deno.test("ResultReader reads every vector", () => {
  const reader = new ResultReader();
  for (const { about, results: wanted, bytes } of results.packets) {
    let next = 0;
    const fault = reader.read(
      decodeHex(bytes),
      () => rpcWithReply(fieldOf(wanted[next++]!.reply)),
    );
    assertEquals([about, fault, reader.count], [
      about,
      undefined,
      wanted.length,
    ]);
    for (const [i, result] of wanted.entries()) {
      const { ticket, status, code, text } = result;
      assertEquals(
        { ...reader.at(i) },
        {
          ticket,
          status: status as ResultStatus,
          code,
          text,
          value: valueOf(result),
        },
      );
    }
  }
});

Deno.test("ResultReader refuses every refused vector under its fault", () => {
  const reader = new ResultReader();
  const rpc = rpcWithReply(fieldOf("varint"));
  for (const { about, bytes, fault } of results.refused) {
    const found = reader.read(
      decodeHex(bytes),
      (ticket) => ticket === UNKNOWN_TICKET ? undefined : rpc,
    );
    assertEquals([about, found], [about, fault]);
    assertEquals([reader.count, reader.unknown], [0, 0]);
  }
});

Deno.test("ResultReader passes over tickets that it does not know", () => {
  const reader = new ResultReader();
  const bytes = "03" + "4d0401ff" + "090402ac" + "4d0303";
  assertEquals(reader.read(decodeHex(bytes), () => undefined), undefined);
  assertEquals([reader.count, reader.unknown], [0, 3]);
});

Deno.test("WIRE.md has the packets in its examples that are written and read", () => {
  const page = Deno.readTextFileSync(new URL("../WIRE.md", import.meta.url));
  const packets = page.matchAll(/(?: {4}(?:[0-9A-F]{2} )+ .*\n)+/g);
  const [emote, hits, shop, answers] = [...packets].map(([text]) =>
    decodeHex(
      text.split("\n").map((line) =>
        /^ {4}((?:[0-9A-F]{2} )+)/.exec(line)?.[1] ?? ""
      ).join("").replaceAll(" ", ""),
    )
  );
  const game = contractOf({
    damage: { params: { amount: "f32" } },
    emote: { params: {} },
    hit: { params: { amount: "zigzag", crit: "bool" } },
    shop: { params: { item: "string(32)" }, reply: "varint" },
  });
  const reader = new CallReader(game.rpcs);
  const read = (packet: Uint8Array | undefined, kind: RpcPacketKind) => {
    assertEquals(reader.read(packet!, kind), undefined);
    return Array.from({ length: reader.count }, (_, i) => {
      const { rpc, sequence, tag, id, ticket, params } = reader.at(i);
      return [rpc.name, sequence, tag, id, ticket, params];
    });
  };
  assertEquals(read(emote, 1), [["emote", 5, 3, 2, 0, {}]]);
  assertEquals(read(hits, 2), [
    ["hit", 300, 0, 300, 0, { amount: -3, crit: true }],
    ["hit", 301, 0, 0, 0, { amount: 64, crit: false }],
    ["damage", 302, 0, 7, 0, { amount: 0.5 }],
  ]);
  assertEquals(read(shop, 1), [["shop", 0, 1, 0, 9, { item: "axe" }]]);
  const resultReader = new ResultReader();
  const { shop: asked } = Object.fromEntries(game.byName);
  assertEquals(resultReader.read(answers!, () => asked), undefined);
  assertEquals(
    [0, 1, 2].map((i) => ({ ...resultReader.at(i) })),
    [
      { ticket: 9, status: 0, code: 0, text: "", value: 130 },
      { ticket: 300, status: 1, code: 7, text: "no gold", value: undefined },
      { ticket: 10, status: 3, code: 0, text: "", value: undefined },
    ],
  );
});

/** Without the properties that are absent. */
function present(params: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(
    Object.entries(params).filter(([, value]) => value !== undefined),
  );
}

/** null is the absent value. */
function valueOf(result: { readonly value?: unknown }): unknown {
  return result.value ?? undefined;
}
