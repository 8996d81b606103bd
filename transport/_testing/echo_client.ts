// A client of echo_server.ts in a process of its own, which holds it to the promises of all channels. Arguments: the server's
// address and port, and how many messages to send: when all came back as promised it prints `kept`, with figures, and goes on
// without end, on another connection. When that is timed out it begins anew. It prints what happens.

import { SeededRandom } from "../../core/mod.ts";
import { NonBlockingSocket } from "../deno.ts";
import { ConnectionManager, InsecureLink, type PeerId } from "../mod.ts";
import {
  ECHO_CONNECTION,
  ECHO_DELIVERIES,
  ECHO_PROTOCOL,
} from "./echo_link.ts";
import { MIN_MESSAGE_BYTES, PromiseChecker } from "./promise_checker.ts";

const PER_POLL = 10;
/** Of those that go on without end. */
const PER_POLL_ENDLESS = 1;
const SMALL_BYTES = 200;
const LARGE_BYTES = 20_000;

const [hostname = "127.0.0.1", port = "0", count = "1000"] = Deno.args;
const socket = await NonBlockingSocket.bind();
const manager = new ConnectionManager({
  link: new InsecureLink({ protocol: ECHO_PROTOCOL }),
  connection: ECHO_CONNECTION,
});
manager.bind(socket);
console.log("ready 0");

const random = new SeededRandom(1);
let checker = new PromiseChecker(ECHO_DELIVERIES, 1);
let peer: PeerId;
let isConnected = false;
let isEndless = false;
let startMs = 0;

function connect(): void {
  peer = manager.connect(socket.address(hostname, Number(port)));
}

function sendSome(): void {
  const most = isEndless
    ? PER_POLL_ENDLESS
    : Math.min(PER_POLL, Number(count) - checker.accepted);
  for (let i = 0; i < most; i++) {
    const channel = random.nextU32() % ECHO_DELIVERIES.length;
    const mostBytes = random.nextU32() % 50 === 0 ? LARGE_BYTES : SMALL_BYTES;
    const length = MIN_MESSAGE_BYTES + random.nextU32() % mostBytes;
    if (manager.send(peer, checker.make(channel, length), channel)) {
      checker.accept(channel, length);
    }
  }
}

function begin(): void {
  isConnected = true;
  checker = new PromiseChecker(ECHO_DELIVERIES, random.nextU32());
  startMs = performance.now();
}

connect();
setInterval(() => {
  manager.poll((_peer, bytes, channel) => checker.check(channel, bytes));
  for (const { type } of manager.drainEvents()) {
    console.log(type);
    if (type === "peerConnected") {
      begin();
    } else if (type !== "peerDisconnected") {
      isConnected = isEndless = false;
      connect();
    }
  }
  if (!isConnected) return;
  sendSome();
  if (isEndless || checker.accepted < Number(count)) return;
  if (checker.missing !== undefined) return;
  const { accepted, delivered } = checker;
  const { packetsLost, retransmits, duplicates } = manager.peerStats(peer)!;
  const tookMs = performance.now() - startMs;
  const figures = { accepted, delivered, packetsLost, retransmits, duplicates };
  console.log(`kept ${JSON.stringify({ ...figures, tookMs })}`);
  // What is late of these must not be taken for one of the next.
  isConnected = false;
  isEndless = true;
  manager.disconnect(peer);
  connect();
}, 2);
