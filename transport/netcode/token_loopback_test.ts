// Native clients and pages of one server, over real sockets.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { createSelfSignedCertificate } from "../deno.ts";
import * as tickwire from "../mod.ts";
import { NativePlayer } from "./_testing/native_player.ts";
import { TOKEN_CASES } from "./_testing/token_cases.ts";
import { TokenGame } from "./_testing/token_game.ts";

const DEADLINE_MS = 20_000;
const certificate = await createSelfSignedCertificate();

/** Polls a game until it is stopped. */
function play(game: TokenGame): Disposable {
  const timer = setInterval(() => game.poll(), 1);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    assert(performance.now() < endMs, `It takes too long: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("NetcodeServer serves native clients and pages at once, with ConnectionManager", async () => {
  await using game = await TokenGame.start({ certificate });
  using _playing = play(game);
  await using native = await NativePlayer.join(game);
  const env = game.env();
  await Promise.all(TOKEN_CASES.map(({ run }) => run(tickwire, env)));
  await until("native echoes", () => native.echoes.length > 100);
  assertEquals(native.events, ["peerConnected"]);
  const connected = game.events.filter(({ type }) => type === "peerConnected");
  const webTransports = env.webTransportUrl === "" ? 0 : 1;
  assertEquals(connected.length, 1 + 1 + webTransports + 2);
  assertEquals(game.manager.counters.moved, 1 + webTransports);
  const { badToken, forged, malformed, badProof } = game.link.counters;
  // One is not let in, and asks for a second.
  assert(badToken >= 1);
  assertEquals([forged, malformed, badProof], [0, 0, 0]);
});

Deno.test("TokenLink speaks inside of TLS, over wss", async () => {
  await using game = await TokenGame.start({ certificate, isTls: true });
  using _playing = play(game);
  using client = Deno.createHttpClient({ caCerts: [certificate.cert] });
  const socket = await tickwire.WebSocketDatagramSocket.connect(
    game.webSocketUrl,
    { create: (url) => new WebSocket(url, { client }) },
  );
  using manager = new tickwire.ConnectionManager({
    link: new tickwire.TokenLink(),
  });
  manager.bind(socket);
  const peer = manager.connect(socket.serverAddress, game.token());
  const echoes: number[] = [];
  await until("the echo", () => {
    manager.poll((_peer, bytes) => echoes.push(bytes.length));
    for (const { type } of manager.drainEvents()) {
      assertEquals(type, "peerConnected");
      manager.send(peer, new Uint8Array(5_000), Channel.Reliable);
    }
    return echoes.length > 0;
  });
  assertEquals(echoes, [5_000]);
});

Deno.test("A page of another origin comes to no WebSocket, and without a token to nothing", async () => {
  const origin = "https://game.example";
  await using game = await TokenGame.start({ certificate, origin });
  using _playing = play(game);
  function open(from: string): Promise<tickwire.WebSocketDatagramSocket> {
    return tickwire.WebSocketDatagramSocket.connect(game.webSocketUrl, {
      create: (url) => new WebSocket(url, { headers: { origin: from } }),
    });
  }
  const refused = await assertRejects(
    () => open("https://evil.example"),
    tickwire.TransportError,
  );
  assertEquals(refused.code, "connectFailed");
  // One that got through all the same has nothing to show.
  using socket = await open(origin);
  let answers = 0;
  const hostile: Uint8Array[] = [];
  for (let prefix = 0; prefix < 256; prefix++) {
    for (const length of prefix % 16 === 0 ? [1, 9, 1_126] : [1, 9, 100]) {
      const bytes = new Uint8Array(length);
      bytes[0] = prefix;
      hostile.push(bytes);
    }
  }
  let sent = 0;
  const { counters } = game.link;
  await until("all are counted", () => {
    while (
      sent < hostile.length &&
      socket.send(hostile[sent]!, socket.serverAddress) ===
        tickwire.SendResult.Sent
    ) sent++;
    answers += socket.poll(() => {});
    const { malformed, wrongType, wrongVersion, unknownAddress } = counters;
    const count = malformed + wrongType + wrongVersion + unknownAddress;
    return count === hostile.length;
  });
  answers += socket.poll(() => {});
  assertEquals([answers, game.events], [0, []]);
});
