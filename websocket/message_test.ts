import { assertEquals } from "@std/assert";
import { WsMessage } from "./message.ts";

const bytes = new Uint8Array([1, 2]);

const CASES: [WsMessage, {
  isData: boolean;
  asText: string | undefined;
  length: number;
}][] = [
  [WsMessage.text("hé"), { isData: true, asText: "hé", length: 3 }],
  [WsMessage.text(""), { isData: true, asText: "", length: 0 }],
  [WsMessage.binary(bytes), { isData: true, asText: undefined, length: 2 }],
  [WsMessage.close(), { isData: false, asText: undefined, length: 0 }],
  [WsMessage.close(4000, "é"), {
    isData: false,
    asText: undefined,
    length: 2,
  }],
  [WsMessage.ping(), { isData: false, asText: undefined, length: 0 }],
  [WsMessage.ping(bytes), { isData: false, asText: undefined, length: 2 }],
  [WsMessage.pong(bytes), { isData: false, asText: undefined, length: 2 }],
];

for (const [message, { isData, asText, length }] of CASES) {
  Deno.test(`WsMessage inspects a ${message.type} of ${length} bytes`, () => {
    assertEquals(WsMessage.isData(message), isData);
    assertEquals(WsMessage.asText(message), asText);
    assertEquals(WsMessage.length(message), length);
    assertEquals(WsMessage.isEmpty(message), length === 0);
  });
}

Deno.test("WsMessage.close() has the code of a normal end by default", () => {
  assertEquals(WsMessage.close(), { type: "close", code: 1000, reason: "" });
});
