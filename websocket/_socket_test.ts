import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../core/mod.ts";
import { FakeWebSocket } from "./_testing/fake_web_socket.ts";
import { ReceiveBudget } from "./_receive_budget.ts";
import { Socket, type SocketEnd } from "./_socket.ts";

/** What runtimes fire when an open connection is cut. */
const CUTS: readonly [how: string, end: (fake: FakeWebSocket) => void][] = [
  ["only the close event is fired", (fake) => fake.end(1006)],
  ["an error and code 0 are fired", (fake) => {
    fake.error("reset");
    fake.end(0);
  }],
  ["the error event comes alone", (fake) => fake.error("reset")],
];

function setUp() {
  const fake = new FakeWebSocket("ws://game.test/", []);
  const budget = new ReceiveBudget(10, 100);
  const socket = new Socket(fake, budget, false, new ManualClock());
  const log: string[] = [];
  const take = (onData = (): void => {}): string[] => {
    socket.take({
      onOpen: () => log.push("open"),
      onData: (data, size) => {
        budget.release(size);
        log.push(`${data}`);
        onData();
      },
      onEnd: ({ code, error }) =>
        log.push(`end ${code}${error === undefined ? "" : ` ${error.reason}`}`),
    });
    return log.splice(0);
  };
  return { fake, budget, socket, take };
}

Deno.test("Socket.take() leaves for the next time what would take long", () => {
  const clock = new ManualClock();
  const fake = new FakeWebSocket("ws://game.test/", []);
  const socket = new Socket(fake, new ReceiveBudget(99, 1e6), false, clock);
  fake.open();
  for (let i = 0; i < 10; i++) fake.message(new ArrayBuffer(10_000));
  fake.end(1000);
  const counts: number[] = [];
  let isEnded = false;
  while (!isEnded) {
    let count = 0;
    socket.take({
      onOpen: () => {},
      onData: () => {
        count += 1;
        clock.advance(2);
      },
      onEnd: () => isEnded = true,
    });
    counts.push(count);
  }
  assertEquals(counts, [3, 3, 3, 1]);
});

Deno.test("Socket.take() hands out open, data and end in order, once", () => {
  const { fake, take } = setUp();
  fake.message("too early");
  fake.open();
  fake.open();
  fake.message("a");
  fake.end(1001);
  fake.message("too late");
  assertEquals(take(), ["open", "a", "end 1001"]);
  assertEquals(take(), []);
});

Deno.test("Socket.take() leaves what comes meanwhile for the next time", () => {
  const { fake, take } = setUp();
  fake.open();
  fake.message("a");
  let isFirst = true;
  const answer = (): void => {
    if (!isFirst) return;
    isFirst = false;
    fake.message("b");
    fake.end(1000);
  };
  assertEquals(take(answer), ["open", "a"]);
  assertEquals(take(), ["b", "end 1000"]);
});

Deno.test("Socket.close() gives back the room of what is not taken", () => {
  const { fake, budget, socket, take } = setUp();
  fake.open();
  fake.message("a");
  fake.message("b");
  assertEquals(take(() => socket.close(1002, "no")), ["open", "a"]);
  assertEquals(budget.messages, 0);
  assertEquals(fake.closedWith, { code: 1000, reason: "no" });
  fake.message("c");
  fake.end(1000);
  assertEquals(take(), []);
  assertEquals(budget.messages, 0);
});

for (const [how, end] of CUTS) {
  Deno.test(`Socket.take() tells the same of a cut where ${how}`, () => {
    const { fake, take } = setUp();
    fake.open();
    fake.message("a");
    end(fake);
    assertEquals(take(), ["open", "a", "end 1006"]);
    end(fake);
    assertEquals(take(), []);
    assert(fake.readyState >= 2, "it is closed");
  });
}

Deno.test("Socket.take() gives the error of a cut as its reason", () => {
  for (const [code, reason] of [[0, "reset"], [1006, "reset"]] as const) {
    const { fake, socket } = setUp();
    fake.open();
    fake.error(reason);
    fake.end(code);
    let end: SocketEnd | undefined;
    socket.take({ onOpen() {}, onData() {}, onEnd: (given) => end = given });
    assertEquals(end, { code: 1006, reason: "reset" });
  }
});

Deno.test("Socket takes a socket that is open or closed already", () => {
  for (
    const [readyState, expected] of [[1, "open"], [3, "end 1006"]] as const
  ) {
    const fake = new FakeWebSocket("ws://game.test/", []);
    fake.readyState = readyState;
    const socket = new Socket(
      fake,
      new ReceiveBudget(1, 1),
      false,
      new ManualClock(),
    );
    const log: string[] = [];
    socket.take({
      onOpen: () => log.push("open"),
      onData: () => log.push("data"),
      onEnd: ({ code }) => log.push(`end ${code}`),
    });
    assertEquals(log, [expected]);
  }
});

Deno.test("Socket.tick() ends a socket whose closing takes too long", () => {
  const { fake, socket, take } = setUp();
  fake.open();
  fake.message("a");
  socket.tick(60_000);
  fake.closing();
  for (let ms = 0; ms < 2_900; ms += 100) {
    socket.tick(100);
    assertEquals(take(), ms === 0 ? ["open", "a"] : []);
  }
  // A frame that stood still says nothing.
  socket.tick(60_000);
  for (let ms = 0; ms < 2_900; ms += 100) socket.tick(100);
  assertEquals(take(), []);
  socket.tick(100);
  assertEquals(take(), ["end 1006"]);
  fake.end(1000);
  socket.tick(60_000);
  assertEquals(take(), []);

  const other = setUp();
  other.fake.open();
  other.fake.closing();
  other.socket.tick(100);
  other.fake.end(1000);
  for (let i = 0; i < 100; i++) other.socket.tick(100);
  assertEquals(other.take(), ["open", "end 1000"]);
});
