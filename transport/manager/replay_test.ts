// A whole session of a client's manager, recorded amid losses and replayed through a new one.
import { assert, assertEquals } from "@std/assert";
import { type Clock, SeededRandom } from "../../core/mod.ts";
import { InsecureLink } from "../link/insecure_link.ts";
import { SessionRecorder } from "../simulation/session_recorder.ts";
import { SessionReplay } from "../simulation/session_replay.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";
import {
  ManagerWorld,
  PROTOCOL,
  SERVER_HOST,
  SERVER_PORT,
} from "./_testing/manager_world.ts";
import { ConnectionManager } from "./connection_manager.ts";

const STEPS = 1_500;

/** A client with its manager: what it does follows from its socket, its clock, a seed and what it is told. */
class Client {
  readonly manager: ConnectionManager;
  /** What it was given, with the channels and times, and what happened to it. */
  readonly log: string[] = [];
  readonly #clock: Clock;

  constructor(socket: DatagramSocket, clock: Clock) {
    const random = new SeededRandom(77);
    this.#clock = clock;
    this.manager = new ConnectionManager({
      link: new InsecureLink({ protocol: PROTOCOL, random }),
      connection: { random },
      clock,
    });
    this.manager.bind(socket);
    this.manager.connect(socket.address(SERVER_HOST, SERVER_PORT));
  }

  /** Sends what a note says: the channel, then the message. */
  tell(note: Uint8Array): void {
    const [peer] = this.manager.peers();
    if (peer === undefined) return;
    const isSent = this.manager.send(peer, note.subarray(1), note[0]!);
    this.log.push(`sent ${isSent}`);
  }

  poll(): void {
    this.manager.poll((_peer, bytes, channel) => {
      this.log.push(`${this.#clock.nowMs()} ${channel} ${bytes}`);
    });
    for (const { type } of this.manager.drainEvents()) {
      this.log.push(`${this.#clock.nowMs()} ${type}`);
    }
  }
}

function record(seed: number): {
  readonly capture: Uint8Array;
  readonly client: Client;
  readonly sent: number;
} {
  const world = new ManagerWorld({
    seed,
    conditions: {
      latencyMs: 20,
      jitterMs: 15,
      jitterReorders: true,
      loss: 0.15,
      duplication: 0.1,
    },
  });
  const socket = world.network.socket("10.0.2.1", 5_000);
  const { clock } = world.network;
  const recorder = new SessionRecorder(socket, { clock });
  const client = new Client(recorder.socket, recorder.clock);
  const random = new SeededRandom(seed);
  for (let step = 0; step < STEPS; step++) {
    world.network.advance(random.nextFloat() * 4);
    world.network.setFull(socket, step % 300 > 290);
    world.server.poll();
    for (const { peer, bytes, channel } of world.server.received.splice(0)) {
      world.server.manager.send(peer, new Uint8Array(bytes), channel);
    }
    if (step % 3 === 0) {
      const isLarge = random.nextU32() % 30 === 0;
      const note = new Uint8Array(2 + random.nextU32() % (isLarge ? 4e3 : 60));
      random.fill(note);
      note[0] = random.nextU32() & 3;
      recorder.note(note);
      client.tell(note);
    }
    client.poll();
  }
  client.manager.close();
  return {
    capture: recorder.takeBytes(),
    client,
    sent: socket.counters.sent,
  };
}

Deno.test("ConnectionManager does the same again with a capture of its client's socket, bit for bit", () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { capture, client, sent } = record(seed);
    const echoes = client.log.filter((line) => / [0-3] /.test(line));
    assert(echoes.length > 200, `seed ${seed}: ${echoes.length} echoes`);
    assert(sent > 300, `seed ${seed}: ${sent} datagrams`);

    const replay = new SessionReplay(capture);
    assert(!replay.isTruncated);
    const again = new Client(replay.socket, replay.clock);
    for (let step = replay.next(); step !== undefined; step = replay.next()) {
      if (step.type === "poll") again.poll();
      else if (step.type === "note") again.tell(step.bytes);
      else again.manager.close();
    }
    assertEquals(replay.difference, undefined, `seed ${seed}`);
    assertEquals(again.log, client.log, `seed ${seed}`);
    assertEquals(replay.socket.counters.sent, sent);
  }
});

Deno.test("SessionReplay tells of a manager that is told something else", () => {
  const { capture } = record(4);
  const replay = new SessionReplay(capture);
  const other = new Client(replay.socket, replay.clock);
  let notes = 0;
  for (let step = replay.next(); step !== undefined; step = replay.next()) {
    if (step.type === "poll") other.poll();
    // One bit of one message.
    else if (step.type === "note") {
      if (notes++ === 40) step.bytes[1]! ^= 1;
      other.tell(step.bytes);
    }
    if (replay.difference !== undefined) break;
  }
  assertEquals(replay.difference?.what, "sent");
  assert(notes > 40);
});
