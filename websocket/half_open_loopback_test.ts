// Ends that are gone without a word, and ends that only stood still, over real sockets.
import { assert, assertEquals } from "@std/assert";
import { TcpProxy } from "../tools/tcp_proxy.ts";
import { ClientEnd, HubEnd } from "./_testing/talker.ts";

const KEEPALIVE_MS = 300;
const FRAME_MS = 5;
const MAX_FRAMES = 10_000;

/** A client and a hub with a proxy between them, both connected. */
async function connect(): Promise<
  AsyncDisposable & { hub: HubEnd; client: ClientEnd; proxy: TcpProxy }
> {
  const hub = new HubEnd({ keepaliveMs: KEEPALIVE_MS });
  const proxy = await TcpProxy.listen({ targetPort: hub.port });
  const client = new ClientEnd({ port: proxy.port, keepaliveMs: KEEPALIVE_MS });
  await until([hub, client], () => hub.isConnected && client.isConnected);
  return {
    hub,
    client,
    proxy,
    async [Symbol.asyncDispose]() {
      await client.close();
      await proxy[Symbol.asyncDispose]();
      await hub.close();
    },
  };
}

/** Frames of some ends until a condition holds; returns their time in milliseconds. */
async function until(
  ends: readonly (HubEnd | ClientEnd)[],
  isDone: () => boolean,
): Promise<number> {
  for (let frames = 0; frames < MAX_FRAMES; frames++) {
    if (isDone()) return frames * FRAME_MS;
    for (const end of ends) {
      end.tick(FRAME_MS / 1_000);
      for (const _ of end.drain());
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`Not done after ${MAX_FRAMES} frames`);
}

Deno.test("WsClient and WsHub find a black hole within two keepalive intervals", async () => {
  await using world = await connect();
  const { hub, client, proxy } = world;
  // The client's next socket would tell the hub before its own clock does.
  proxy.refuse("rst");
  proxy.cut("blackHole");
  let clientMs: number | undefined;
  let hubMs: number | undefined;
  let ms = 0;
  await until([client, hub], () => {
    if (!client.isConnected) clientMs ??= ms;
    if (!hub.isConnected) hubMs ??= ms;
    ms += FRAME_MS;
    return clientMs !== undefined && hubMs !== undefined;
  });
  for (const foundMs of [clientMs!, hubMs!]) {
    assert(
      foundMs > KEEPALIVE_MS && foundMs <= 2 * KEEPALIVE_MS + 2 * FRAME_MS,
      `${foundMs} ms`,
    );
  }
  assertEquals([client.trouble, hub.trouble], [[], []]);
});

Deno.test("WsClient and WsHub raise no false alarm after a frame of a minute", async () => {
  await using world = await connect();
  const { hub, client } = world;
  for (const [frozen, other] of [[client, hub], [hub, client]] as const) {
    for (const isSpokenTo of [true, false]) {
      const heard: string[] = [];
      if (isSpokenTo) {
        assert(other.send("talk", "hello"));
        // It is sent, and waits in the socket while the frame goes on.
        let frames = 0;
        await until([other], () => frames++ >= 20);
      }
      frozen.tick(60);
      for (const { text } of frozen.drain()) heard.push(text);
      assertEquals(heard, isSpokenTo ? ["hello"] : []);
      // Long enough for a ping without an answer.
      let frames = 0;
      await until([client, hub], () => frames++ >= 3 * KEEPALIVE_MS / FRAME_MS);
      assert(client.isConnected && hub.isConnected, "a false alarm");
    }
  }
  assertEquals([client.connections, hub.connections], [1, 1]);
});
