// Section 6 of `PROTOCOL.md`: its table is what is tested against.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { ByteWriter } from "../protocol/mod.ts";
import { FakeNetwork } from "./_testing/fake_web_socket.ts";
import { WsClient } from "./client.ts";
import { readHello } from "./hub/_read_hello.ts";
import { Client, World } from "./hub/_testing/hub_world.ts";
import { encodeControl } from "./mux/control_message.ts";
import {
  CloseCode,
  endsSession,
  isTerminalCloseCode,
  type Welcome,
} from "./mux/record.ts";
import { RecordWriter } from "./mux/record_writer.ts";
import { Session } from "./mux/session.ts";
import { WsState } from "./state.ts";

interface Row {
  readonly code: number;
  readonly name: string;
  readonly sentBy: string;
  readonly isTerminal: boolean;
  readonly session: string;
}

/** The first and the last code of each row. */
const rows: Row[] = [];
const page = Deno.readTextFileSync(new URL("PROTOCOL.md", import.meta.url));
for (const line of page.slice(page.indexOf("## 6. Close codes")).split("\n")) {
  const [, codes, name, sentBy, terminal, session] = line.split("|")
    .map((cell) => cell.trim());
  if (!/^[0-9]{4}/.test(codes ?? "")) {
    if (line.startsWith("## 7")) break;
    continue;
  }
  for (const code of codes!.split("–").map(Number)) {
    assert(["yes", "no"].includes(terminal!), line);
    const isTerminal = terminal === "yes";
    rows.push({
      code,
      name: name!,
      sentBy: sentBy!,
      isTerminal,
      session: session!,
    });
  }
}
/** What runtimes give for a socket that has broken. */
const BROKEN = [0, 1001, 1005, 1006, 1011];

Deno.test("CloseCode has the codes of the table", () => {
  const named = rows.filter(({ name, session }) =>
    name !== "" && session !== "none"
  );
  const codes = Object.entries(CloseCode).map(([name, code]) => [
    code,
    name[0]!.toLowerCase() + name.slice(1),
  ]);
  assertEquals(codes, named.map(({ code, name }) => [code, name]));
});

Deno.test("isTerminalCloseCode() and endsSession() say what the table says", () => {
  for (const { code, isTerminal, session } of rows) {
    assertEquals([code, isTerminalCloseCode(code)], [code, isTerminal]);
    assertEquals([code, endsSession(code)], [code, session === "over"]);
  }
  for (const code of BROKEN) {
    assertEquals([isTerminalCloseCode(code), endsSession(code)], [
      false,
      false,
    ]);
  }
});

/** A client over fake sockets that speaks the mux, after its hello. */
function greeted(): { client: WsClient; network: FakeNetwork } {
  const network = new FakeNetwork();
  const client = new WsClient({
    url: "ws://game.test/",
    mux: true,
    webSocket: network.webSocket,
    clock: new ManualClock(),
    random: new SeededRandom(1),
  });
  client.connect();
  client.tick(0.01);
  network.last.open();
  client.tick(0.01);
  return { client, network };
}

const WELCOME: Welcome = {
  version: 1,
  canDeflate: false,
  isResumed: false,
  session: new Uint8Array(16).fill(1),
  received: 0,
  available: 1,
  keepaliveMs: 30_000,
  resumeWindowMs: 60_000,
  maxFrameBytes: 65_536,
  maxMessageBytes: 1_048_576,
  windowBytes: 262_144,
};

function frameOf(
  write: (records: RecordWriter) => void,
): Uint8Array<ArrayBuffer> {
  const frame = new ByteWriter({ maxBytes: 2 ** 20 });
  write(new RecordWriter(frame));
  return frame.toBytes();
}

/** A client that a hub has welcomed. */
function welcomed(): ReturnType<typeof greeted> {
  const rig = greeted();
  rig.network.last.message(frameOf((records) => records.welcome(WELCOME)));
  rig.client.tick(0.01);
  assertEquals(rig.client.state, WsState.Connected);
  return rig;
}

Deno.test("WsClient comes back after a code of the hub's, or not, as the table says", () => {
  // The client's default declares 3000 terminal, as an application may.
  const all = rows.filter(({ sentBy, code }) =>
    sentBy !== "client" && code !== 3_000
  );
  for (
    const { code, isTerminal } of [
      ...all,
      ...BROKEN.map((code) => ({ code, isTerminal: false })),
    ]
  ) {
    for (const how of ["close", "bye", "refuse"]) {
      const { client, network } = how === "refuse" ? greeted() : welcomed();
      if (how !== "close") {
        if (BROKEN.includes(code)) continue;
        // Its code counts, whatever the close frame says.
        const words = { code, retryAfterMs: 0, reason: "" };
        network.last.message(frameOf((records) => {
          if (how === "bye") records.bye(words);
          else records.refuse(words);
        }));
        client.tick(0.01);
      }
      network.last.end(how === "close" ? code : 1006);
      client.tick(0.01);
      const state = isTerminal ? WsState.Closed : WsState.ReconnectBackoff;
      assertEquals([code, how, client.state], [code, how, state]);
      if (isTerminal || endsSession(code)) continue;
      for (let i = 0; network.live.length === 0; i++) {
        assert(i < 1_000);
        client.tick(0.1);
      }
      network.last.open();
      client.tick(0.01);
      const hello = readHello(network.last.sent[0] as Uint8Array);
      assertEquals(hello?.session !== undefined, how !== "refuse");
    }
  }
});

Deno.test("WsClient closes with the table's codes", () => {
  const version = greeted();
  version.network.last.message(frameOf((records) => {
    records.welcome({ ...WELCOME, version: 2 });
  }));
  const frame = welcomed();
  frame.network.last.message(new Uint8Array(65_537));
  const wrong = welcomed();
  wrong.network.last.message(new Uint8Array(1));
  const full = welcomed();
  for (let i = 0; i < 20; i++) {
    full.network.last.message(frameOf((records) => {
      for (let i = 0; i < 1_000; i++) {
        records.control(encodeControl({
          type: "presence",
          channel: "c",
          change: "all",
          members: [],
        }));
      }
    }));
  }
  const late = greeted();
  for (let i = 0; i < 30; i++) late.client.tick(0.5);
  const silent = welcomed();
  for (let i = 0; i < 200; i++) silent.client.tick(0.5);
  const away = welcomed();
  away.client.disconnect();
  const done = welcomed();
  done.client.close();
  const rigs = [version, frame, wrong, full, late, silent, away, done];
  for (const { client } of rigs) client.tick(0.01);
  assertEquals(
    rigs.map(({ client, network }) => [
      network.sockets[0]!.closedWith?.code,
      client.state === WsState.Closed,
    ]),
    [
      [CloseCode.VersionMismatch, true],
      [CloseCode.TooLarge, true],
      [CloseCode.ProtocolError, true],
      [CloseCode.RateLimited, false],
      [CloseCode.HandshakeTimeout, false],
      [CloseCode.KeepaliveTimeout, false],
      [CloseCode.GoingAway, false],
      [CloseCode.Normal, true],
    ],
  );
});

/** A hub, and a client of it that has come in. */
async function settled(): Promise<{ world: World; ada: Client }> {
  const world = new World();
  const ada = await world.connect("ada");
  world.run(2);
  assertEquals(world.hub.clientCount, 1);
  return { world, ada };
}

Deno.test("WsHub keeps the session of a client that closes, or not, as the table says", async () => {
  for (
    const code of [
      ...rows.filter(({ sentBy }) => sentBy !== "hub").map(({ code }) => code),
      ...BROKEN,
    ]
  ) {
    for (const isTold of [false, true]) {
      if (isTold && BROKEN.includes(code)) continue;
      const { world, ada } = await settled();
      if (isTold) {
        const bye = frameOf((records) => {
          records.bye({ code, retryAfterMs: 0, reason: "" });
        });
        ada.socket!.emit("message", { data: bye.buffer });
      }
      // What BYE says counts.
      ada.socket!.emit("close", { code: isTold ? 1006 : code });
      ada.socket = undefined;
      world.run(2);
      const count = endsSession(code) ? 0 : 1;
      assertEquals([code, world.hub.clientCount], [code, count]);
      ada.session.detach();
      await world.connect("ada", ada);
      world.run(2);
      const opened = ada.events.findLast(({ type }) => type === "opened");
      assertEquals([code, opened], [code, {
        type: "opened",
        isResumed: count === 1,
      }]);
    }
  }
});

Deno.test("WsHub closes with the table's codes, and keeps the session where it says so", async () => {
  const data = (bytes: number) => ({ data: new ArrayBuffer(bytes) });
  const cases: [string, object[], CloseCode][] = [
    ["a long frame", [data(65_537)], CloseCode.TooLarge],
    ["a wrong record", [data(1)], CloseCode.ProtocolError],
    ["text", [{ data: "[]" }], CloseCode.ProtocolError],
    ["a flood", Array(5_000).fill(data(1)), CloseCode.RateLimited],
    ["a wrong control message", [{
      data: frameOf((records) => records.control(new Uint8Array(1))).buffer,
    }], CloseCode.ProtocolError],
  ];
  for (const [name, events, code] of cases) {
    const { world, ada } = await settled();
    for (const event of events) ada.socket!.emit("message", event);
    world.run(2);
    assertEquals([name, ada.socket!.closed?.code], [name, code]);
    assertEquals([name, world.hub.clientCount], [
      name,
      endsSession(code) ? 0 : 1,
    ]);
  }
});

Deno.test("WsHub takes in what came before the end of a session, at its rate", async () => {
  for (const isWrong of [false, true]) {
    const world = new World({
      channel: () => ({}),
      rate: { perSecond: 100, burst: 10 },
    });
    const ada = await world.connect("ada");
    world.run(2);
    const out = ada.session.openChannel("chat")!;
    for (let i = 0; i < 100; i++) ada.session.send(out, new Uint8Array([i]));
    for (let frame; (frame = ada.session.nextFrame()) !== undefined;) {
      ada.socket!.emit("message", { data: frame.slice().buffer });
    }
    if (isWrong) ada.socket!.emit("message", { data: new ArrayBuffer(1) });
    else ada.socket!.emit("close", { code: 1000 });
    world.clients.length = 0;
    world.run(1);
    // The session is over, though not all was taken in.
    ada.session.detach();
    world.clients.push(ada);
    await world.connect("ada", ada);
    world.run(40);
    const opened = ada.events.findLast(({ type }) => type === "opened");
    assertEquals(opened, { type: "opened", isResumed: false });
    const first = world.events.filter((event) => event.client === 1);
    const got = first.filter(({ type }) => type === "message");
    assertEquals(got.length, 100);
    const last = first.at(-1);
    assert(last?.type === "clientLeft");
    assertEquals(last.reason, isWrong ? "protocolError" : "closed");
  }
});

Deno.test("WsHub refuses a client that knows none of its versions", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  ada.socket!.emit("message", {
    data: frameOf((records) =>
      records.hello({
        minVersion: 2,
        maxVersion: 9,
        canDeflate: false,
        session: undefined,
        received: 0,
        maxFrameBytes: 65_536,
        maxMessageBytes: 1_000,
        windowBytes: 4_096,
      })
    ).buffer,
  });
  const { socket, session } = ada;
  session.detach();
  world.hub.tick(0.01);
  assertEquals(socket!.closed?.code, CloseCode.VersionMismatch);
  const fresh = new Session({ role: "client", clock: world.clock });
  fresh.attach();
  assertEquals(fresh.receive(socket!.sent[0]!), undefined);
  const told = fresh.poll();
  assert(told?.type === "refused");
  assertEquals(told.code, CloseCode.VersionMismatch);
  assertEquals([world.hub.clientCount, world.hub.socketCount], [0, 0]);
});

Deno.test("WsHub takes a hello with impossible counts for one of another session", async () => {
  const { world, ada } = await settled();
  const id = ada.session.sessionId!.slice();
  ada.cut();
  const other = await world.connect("ada", new Client(world, "ada"));
  other.socket!.emit("message", {
    data: frameOf((records) =>
      records.hello({
        minVersion: 1,
        maxVersion: 1,
        canDeflate: false,
        session: id,
        received: 1_000,
        maxFrameBytes: 65_536,
        maxMessageBytes: 1_048_576,
        windowBytes: 4_096,
      })
    ).buffer,
  });
  world.clients.length = 0;
  world.run(1);
  assertEquals([other.socket!.closed, world.hub.clientCount], [undefined, 2]);
});
