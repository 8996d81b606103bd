import { assertEquals } from "@std/assert";
import { FakeWebSocket } from "./_testing/fake_web_socket.ts";
import { ReceiveBudget } from "./_receive_budget.ts";
import { Socket } from "./_socket.ts";

function setUp() {
  const fake = new FakeWebSocket("ws://game.test/", []);
  const budget = new ReceiveBudget(10, 100);
  const socket = new Socket(fake, budget, false);
  const log: string[] = [];
  const take = (onData = (): void => {}): string[] => {
    socket.take({
      onOpen: () => log.push("open"),
      onData: (data, size) => {
        budget.release(size);
        log.push(`${data}`);
        onData();
      },
      onEnd: ({ code }) => log.push(`end ${code}`),
    });
    return log.splice(0);
  };
  return { fake, budget, socket, take };
}

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

Deno.test("Socket takes a socket that is open or closed already", () => {
  for (
    const [readyState, expected] of [[1, "open"], [3, "end 1006"]] as const
  ) {
    const fake = new FakeWebSocket("ws://game.test/", []);
    fake.readyState = readyState;
    const socket = new Socket(fake, new ReceiveBudget(1, 1), false);
    const log: string[] = [];
    socket.take({
      onOpen: () => log.push("open"),
      onData: () => log.push("data"),
      onEnd: ({ code }) => log.push(`end ${code}`),
    });
    assertEquals(log, [expected]);
  }
});
