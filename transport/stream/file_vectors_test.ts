// The messages of section 6 of PROTOCOL.md, both ways.
import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import vectors from "../vectors/files.json" with { type: "json" };
import type { FileFailReason } from "./file_event.ts";
import { FileTransfers } from "./file_transfers.ts";

const FILE = new TextEncoder().encode("hello, level 1");
const DT = 1 / 60;

/** An end whose messages are compared with those of a transcript. */
class End {
  readonly sent: string[] = [];
  readonly files = new FileTransfers({
    send: (message) => {
      this.sent.push(encodeHex(message));
      return true;
    },
  });
}

/** Gives each message of a transcript to the end that it is for; the ends that sent and took them. */
function replay(
  transcript: readonly { readonly begins: boolean; readonly bytes: string }[],
  begin: (files: FileTransfers) => void,
  answer: (files: FileTransfers) => void,
): [first: End, second: End] {
  const [first, second] = [new End(), new End()];
  begin(first.files);
  for (const { begins, bytes } of transcript) {
    const to = begins ? second : first;
    assert(to.files.receive(decodeHex(bytes)));
    answer(second.files);
    first.files.tick(DT);
    second.files.tick(DT);
  }
  return [first, second];
}

function sentBy(
  transcript: readonly { readonly begins: boolean; readonly bytes: string }[],
  begins: boolean,
): string[] {
  return transcript.filter((message) => message.begins === begins)
    .map(({ bytes }) => bytes);
}

Deno.test("FileTransfers.request() and serve() make the messages of the vectors", () => {
  const [first, second] = replay(
    vectors.requested,
    (files) => files.request("map"),
    (files) => {
      for (const event of files.drainEvents()) {
        if (event.type !== "requested") continue;
        files.serve(event.transfer, FILE, { version: "v7" });
      }
    },
  );
  assertEquals(first.sent, sentBy(vectors.requested, true));
  assertEquals(second.sent, sentBy(vectors.requested, false));
  const received = [...first.files.drainEvents()]
    .find((event) => event.type === "received");
  assertEquals(received?.bytes, FILE);
});

Deno.test("FileTransfers.offer() and accept() make the messages of the vectors", () => {
  let received: Uint8Array | undefined;
  const [first, second] = replay(
    vectors.offered,
    (files) => files.offer("map", FILE, { version: "v7" }),
    (files) => {
      for (const event of files.drainEvents()) {
        if (event.type === "received") received = event.bytes;
        if (event.type !== "offered") continue;
        files.accept(event.transfer, { have: FILE.subarray(0, 5) });
      }
    },
  );
  assertEquals(first.sent, sentBy(vectors.offered, true));
  assertEquals(second.sent, sentBy(vectors.offered, false));
  assertEquals(received, FILE);
});

Deno.test("FileTransfers.receive() takes a grant and every cancel of the vectors", () => {
  for (const { reason, bytes } of vectors.cancels) {
    const { files } = new End();
    files.request("map");
    assert(files.receive(decodeHex(bytes)));
    const failed = [...files.drainEvents()]
      .find((event) => event.type === "failed");
    assertEquals(failed?.reason, reason as FileFailReason);
    assertEquals(files.malformed, 0);
  }
  const { files } = new End();
  assert(files.receive(decodeHex(vectors.requested[0]!.bytes)));
  assert(files.receive(decodeHex(vectors.grant)));
  assertEquals([files.malformed, files.size], [0, 1]);
});

Deno.test("FileTransfers.cancel() refuses with the message of the vectors", () => {
  const end = new End();
  end.files.receive(decodeHex(vectors.requested[0]!.bytes));
  for (const event of end.files.drainEvents()) {
    if (event.type === "requested") end.files.cancel(event.transfer);
  }
  assertEquals(end.sent, [vectors.cancels[1]!.bytes]);
});

Deno.test("FileTransfers.receive() drops every vector that is malformed", () => {
  for (const { name, bytes } of vectors.refused) {
    const { files } = new End();
    assert(files.receive(decodeHex(bytes)), name);
    assertEquals([name, files.malformed], [name, 1]);
    assertEquals([...files.drainEvents()], [], name);
  }
});
