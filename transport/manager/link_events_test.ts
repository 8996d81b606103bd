// What a manager makes of what its link tells, whichever link it is.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Channel } from "../../protocol/mod.ts";
import { ConnectionState } from "../connection/connection_state.ts";
import { FakeLink } from "../link/_testing/fake_link.ts";
import { XorLink } from "../link/_testing/xor_link.ts";
import type { LinkEndReason } from "../link/datagram_link.ts";
import type { PeerId } from "../link/peer_id.ts";
import { SimulatedNetwork } from "../simulation/simulated_network.ts";
import { ManagedEnd, ManagerWorld } from "./_testing/manager_world.ts";
import { ConnectionManager } from "./connection_manager.ts";

const { ReliableOrdered } = Channel;
const MESSAGE = new Uint8Array([1, 2, 3]);

/** A manager on a fake link, and one of the other end that is genuine enough to send messages. */
class Stage {
  readonly network = new SimulatedNetwork();
  readonly link = new FakeLink();
  readonly end: ManagedEnd;
  readonly otherLink = new FakeLink();
  readonly other: ManagedEnd;

  constructor() {
    this.end = this.#end(this.link, "10.0.0.1");
    this.other = this.#end(this.otherLink, "10.0.0.2");
  }

  /** Begins to connect. */
  connect(): PeerId {
    const to = this.other.socket.localAddress;
    return this.end.manager.connect(
      this.end.socket.address(to.host, to.port),
    );
  }

  /** Lets the other end in, as a client, and the end at it. */
  connected(clientId?: bigint): { peer: PeerId; atOther: PeerId } {
    const at = this.other.socket.localAddress;
    const own = this.end.socket.localAddress;
    const peer = this.link.admit(
      this.end.socket.address(at.host, at.port),
      clientId,
    );
    const atOther = this.otherLink.admit(
      this.other.socket.address(own.host, own.port),
    );
    this.run();
    return { peer, atOther };
  }

  run(): void {
    this.network.advance(1);
    this.end.poll();
    this.other.poll();
  }

  #end(link: FakeLink, host: string): ManagedEnd {
    const random = new SeededRandom(1);
    const { clock } = this.network;
    const manager = new ConnectionManager({
      link,
      clock,
      connection: { random },
    });
    return new ManagedEnd(manager, this.network.socket(host));
  }
}

/** A sample of the metrics. */
function metric(
  manager: ConnectionManager,
  name: string,
  label: string,
): number | undefined {
  for (const metric of manager.metrics()) {
    if (metric.name !== `tickwire_transport_${name}`) continue;
    if (Object.values(metric.labels ?? {}).includes(label)) return metric.value;
  }
  return undefined;
}

Deno.test("ConnectionManager.connect() fails by each reason that its link has, and counts it", () => {
  const { Disconnected, TimedOut } = ConnectionState;
  const states: Record<LinkEndReason, ConnectionState> = {
    closed: Disconnected,
    disconnected: Disconnected,
    serverFull: Disconnected,
    denied: Disconnected,
    noAnswer: TimedOut,
    unknownSession: Disconnected,
    wrongProtocol: Disconnected,
    timedOut: TimedOut,
    invalidToken: Disconnected,
    tokenExpired: Disconnected,
  };
  const stage = new Stage();
  const { link } = stage;
  const { manager } = stage.end;
  const reasons = Object.keys(states) as LinkEndReason[];
  for (const reason of reasons) {
    const peer = stage.connect();
    const message = `because of ${reason}`;
    link.tell({ type: "peerEnded", peer, reason, message });
    stage.run();
    assertEquals(stage.end.events.splice(0), [
      { type: "connectFailed", peer, reason, message },
    ]);
    assertEquals(manager.peerState(peer), states[reason], reason);
    assertEquals(manager.link(peer)?.state, {
      type: "closed",
      reason: message,
    });
    assertEquals(manager.send(peer, MESSAGE, ReliableOrdered), false);
    assertEquals(metric(manager, "connects", reason), 1, reason);
  }
  const { counters } = manager;
  assertEquals(counters.connectFailed, reasons.length);
  assertEquals(
    counters.connectFailedBy,
    Object.fromEntries(reasons.map((reason) => [reason, 1])) as Record<
      LinkEndReason,
      number
    >,
  );
  // None of them was ever connected: no end of a connection is counted.
  assertEquals(
    [counters.connected, counters.disconnected, counters.timedOut],
    [0, 0, 0],
  );
  assertEquals([link.calls, manager.nextWakeMs], [[], Infinity]);
});

Deno.test("ConnectionManager tells of the end that its link tells of, after what had come in", () => {
  for (
    const [reason, type, state] of [
      ["timedOut", "peerTimedOut", ConnectionState.TimedOut],
      ["closed", "peerDisconnected", ConnectionState.Disconnected],
      ["unknownSession", "peerDisconnected", ConnectionState.Disconnected],
    ] as const
  ) {
    const stage = new Stage();
    const { end, other, link } = stage;
    const { manager } = end;
    const { peer, atOther } = stage.connected();
    assertEquals(end.events.splice(0).map(({ type }) => type), [
      "peerConnected",
    ]);
    end.takes = false;
    assert(other.manager.send(atOther, MESSAGE, ReliableOrdered));
    stage.run();
    stage.run();
    link.tell({ type: "peerEnded", peer, reason, message: "gone" });
    stage.run();
    assertEquals([end.received, end.events], [[], []], reason);
    assertEquals(manager.peerState(peer), ConnectionState.Connected);
    end.takes = true;
    stage.run();
    assertEquals(end.received, [{
      peer,
      bytes: [...MESSAGE],
      channel: ReliableOrdered,
    }]);
    assertEquals(
      end.events,
      [
        type === "peerTimedOut" ? { type, peer } : {
          type,
          peer,
          reason: reason === "unknownSession" ? reason : "closed",
          code: 0,
          message: "gone",
          isRemote: true,
        },
      ],
    );
    assertEquals(manager.peerState(peer), state);
    assertEquals([manager.peerCount, manager.peers()], [0, []]);
    assertEquals(manager.link(peer)?.state.type, "closed");
    const { connected, disconnected, timedOut, connectFailed } =
      manager.counters;
    const isTimeout = type === "peerTimedOut";
    assertEquals(
      [connected, disconnected, timedOut, connectFailed],
      [1, isTimeout ? 0 : 1, isTimeout ? 1 : 0, 0],
    );
    assertEquals(metric(manager, "ends", reason), 1);
    // The link has ended it: there is nothing to tell it, and nothing to wake up for.
    assertEquals(link.calls, []);
    stage.run();
    assertEquals(manager.nextWakeMs, Infinity);
    assertEquals(end.events.length, 1);
  }
});

Deno.test("ConnectionManager forgets a peer that its link ends while it is being closed", () => {
  const stage = new Stage();
  const { end, link } = stage;
  const { peer } = stage.connected();
  assert(end.manager.send(peer, MESSAGE, ReliableOrdered));
  end.manager.disconnect(peer, "bye");
  link.tell({ type: "peerEnded", peer, reason: "timedOut", message: "" });
  stage.run();
  assertEquals(end.events.map(({ type }) => type), [
    "peerConnected",
    "peerDisconnected",
  ]);
  const { disconnected, timedOut } = end.manager.counters;
  assertEquals([disconnected, timedOut], [1, 0]);
  assertEquals(end.manager.nextWakeMs, Infinity);
});

Deno.test("ConnectionManager tells who a client is where its link knows it", () => {
  const stage = new Stage();
  stage.connected(0xffff_ffff_ffff_ffffn);
  const [event] = stage.end.of("peerConnected");
  assertEquals(event?.clientId, 0xffff_ffff_ffff_ffffn);
  assertEquals(event?.userData, new Uint8Array([7]));
  assert(!("clientId" in stage.other.of("peerConnected")[0]!));
});

Deno.test("ConnectionManager sends to where its link has connected, which may be another server", () => {
  const stage = new Stage();
  const { end, link, network } = stage;
  const peer = stage.connect();
  const second = network.socket("10.0.0.3");
  const { host, port } = second.localAddress;
  const address = end.socket.address(host, port);
  const userData = new Uint8Array(0);
  link.tell({ type: "peerConnected", peer, address, userData });
  stage.run();
  assertEquals(end.manager.peerAddrs(), [address]);
  assert(end.manager.send(peer, MESSAGE, ReliableOrdered));
  end.manager.flush();
  network.advance(1);
  assert(second.poll(() => {}) > 0);
  assertEquals(stage.other.socket.counters.received, 0);
});

Deno.test("ConnectionManager.move() goes on by the old way until its link has proven the new one", () => {
  const stage = new Stage();
  const { end, link, network } = stage;
  const { peer } = stage.connected();
  const from = end.manager.peerAddress(peer)!;
  const second = network.socket("10.0.0.3");
  const { host, port } = second.localAddress;
  const to = end.socket.address(host, port);
  assertEquals(end.manager.move(peer, to), false);
  link.moves = true;
  assert(end.manager.move(peer, to));
  assertEquals([end.manager.peerAddress(peer), end.manager.counters.moved], [
    from,
    0,
  ]);
  const before = stage.other.socket.counters.received;
  assert(end.manager.send(peer, MESSAGE, ReliableOrdered));
  stage.run();
  stage.run();
  assert(stage.other.socket.counters.received > before);
  assertEquals(second.poll(() => {}), 0);
  link.tell({ type: "peerMoved", peer, address: to, from });
  assert(end.manager.send(peer, MESSAGE, ReliableOrdered));
  stage.run();
  network.advance(1);
  assert(second.poll(() => {}) > 0);
  assertEquals(end.of("peerMoved").length, 1);
  assertEquals(end.manager.counters.moved, 1);
});

Deno.test("ConnectionManager refuses a link whose payloads are too small, or too large", () => {
  for (const maxPayloadBytes of [1_174, 1_376]) {
    const link = new FakeLink();
    link.maxPayloadBytes = maxPayloadBytes;
    assertThrows(
      () => new ConnectionManager({ link }),
      RangeError,
      "1175 to 1375",
    );
  }
});

Deno.test("ConnectionManager sends no more than its link takes, and does not probe for it", () => {
  for (const [mtuBytes, pathMtuBytes] of [[1_500, 1_225], [1_205, 1_200]]) {
    const world = new ManagerWorld({
      conditions: { latencyMs: 10, mtuBytes: mtuBytes! },
      // It throws where a payload is larger.
      link: (options) => new XorLink(options, 1_200),
    });
    const { end, peer, atServer } = world.connected();
    const message = new Uint8Array(60_000).fill(1);
    for (let i = 0; i < 4; i++) {
      assert(end.manager.send(peer, message, ReliableOrdered));
      assert(world.server.manager.send(atServer, message, ReliableOrdered));
      world.run(300);
    }
    world.run(1_000);
    assertEquals([world.server.received.length, end.received.length], [4, 4]);
    for (
      const stats of [
        end.manager.peerStats(peer),
        world.server.manager.peerStats(atServer),
      ]
    ) {
      assertEquals(stats?.pathMtuBytes, pathMtuBytes);
    }
  }
});
