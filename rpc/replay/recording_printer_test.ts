import { assertEquals } from "@std/assert";
import { Channel, string } from "../../protocol/mod.ts";
import { defineRpc, RecordingPrinter } from "../mod.ts";

const game = defineRpc({ say: { params: { text: string }, from: "client" } });

Deno.test("RecordingPrinter lets no text steer a terminal", () => {
  const printer = new RecordingPrinter({ contract: game });
  const text = "\x1b[2J\x9b\u202e\u061c\u2066";
  const safe = '"\\u001b[2J\\u009b\\u202e\\u061c\\u2066"';
  assertEquals(
    [
      ...printer.lines({
        type: "rejected",
        timeMs: 1_500,
        peer: 7,
        rpc: text,
        reason: text,
      }),
      ...printer.lines({ type: "closed", timeMs: 0, peer: 7, reason: text }),
      ...printer.lines({
        type: "packetIn",
        timeMs: 0,
        peer: 7,
        channel: Channel.Reliable,
        // Calls from 0 on: one of call 0, to the server.
        bytes: new Uint8Array([1, 0, 0, 4, 1, 2, 0x1b, 0x5b]),
      }),
    ],
    [
      `     1.500  !! client 7  ${safe} refused: ${safe}`,
      `     0.000  ** client 7  closed: ${safe}`,
      '     0.000  <- client 7  say {"text":"\\u001b["} #0',
    ],
  );
});

Deno.test("RecordingPrinter shows packets that it does not understand as their lengths", () => {
  const packet = {
    type: "packetOut",
    timeMs: 20,
    peer: 0,
    channel: Channel.Unreliable,
    isTaken: false,
    bytes: new Uint8Array([2, 9]),
  } as const;
  assertEquals(new RecordingPrinter().lines(packet), [
    `     0.020  -x server  packet, 2 bytes, channel ${Channel.Unreliable}`,
  ]);
  const printer = new RecordingPrinter({ contract: game });
  assertEquals(printer.lines({ ...packet, bytes: new Uint8Array([9]) }), [
    `     0.020  -x server  unreadable, 1 bytes, channel ${Channel.Unreliable}`,
  ]);
});
