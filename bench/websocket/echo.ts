// Messages per second from a client to a server in another process and back, one and 64 at a
// time: both ends count.
import { io } from "socket.io-client";
import { Delivery } from "../../websocket/mod.ts";
import {
  atLeast,
  type Contender,
  median,
  pairedMedian,
  type Section,
  takeTurns,
} from "../_report.ts";
import { Arrivals, message, MESSAGE_BYTES, Server } from "./_drive.ts";

const RAW = "raw";
const SINGLE = "tickwire, single";

/** Sends and takes answers, as it is told. */
interface Line {
  readonly name: string;
  send(): void;
  /** Sends what `send` has left. */
  flush(): void;
  /** Called for each answer. */
  onAnswer: () => void;
  close(): void;
}

export async function measureEcho(isSmoke: boolean): Promise<Section[]> {
  await using raw = await Server.start("raw");
  await using ws = await Server.start("ws");
  await using socketIo = await Server.start("socket.io");
  const once = String(Delivery.ExactlyOnce);
  const atMost = String(Delivery.AtMostOnce);
  await using arrival = await Server.start("hub", "arrival", once);
  await using loose = await Server.start("hub", "arrival", atMost);
  await using turn = await Server.start("hub", "turn", once);
  const lines = [
    await connectRaw(RAW, raw.port),
    await connectOurs(SINGLE, arrival.port, "arrival", Delivery.ExactlyOnce),
    await connectOurs(
      "tickwire, single, at most once",
      loose.port,
      "arrival",
      Delivery.AtMostOnce,
    ),
    await connectOurs(
      "tickwire, coalesced",
      turn.port,
      "turn",
      Delivery.ExactlyOnce,
    ),
    await connectRaw("ws", ws.port),
    await connectSocketIo("socket.io", socketIo.port),
  ];
  try {
    const sections: Section[] = [];
    for (const inFlight of [1, 64]) {
      sections.push(await measureAt(lines, inFlight, isSmoke));
    }
    return sections;
  } finally {
    for (const line of lines) line.close();
  }
}

async function measureAt(
  lines: readonly Line[],
  inFlight: number,
  isSmoke: boolean,
): Promise<Section> {
  const contenders = lines.map((line): Contender => ({
    name: line.name,
    run: (count) => run(line, count, inFlight),
  }));
  const samples = await takeTurns(contenders, {
    count: isSmoke ? 500 : inFlight === 1 ? 1_500 : 5_000,
    repetitions: isSmoke ? 3 : 9,
    warmUps: isSmoke ? 1 : 2,
  });
  function ratio(name: string): number {
    return pairedMedian(
      samples.get(RAW)!,
      samples.get(name)!,
      (a, b) => a / b,
    );
  }
  return {
    title: `websocket: echo, ${inFlight} in flight`,
    notes: [
      `${MESSAGE_BYTES} bytes, binary (socket.io: text), one connection, the server`,
      "in a process of its own. raw: Deno.serve and the web's WebSocket, which is also the client",
      "of ws. single: both ends tick for each message, so that each is a frame. coalesced: both",
      "tick once a turn of their event loops. cpu: of the client's process.",
    ],
    rows: lines.map(({ name }) => {
      const own = samples.get(name)!;
      return {
        name,
        "messages/s": Math.round(1e6 / median(own.map(({ us }) => us))),
        "cpu us/message": median(own.map(({ cpuUs }) => cpuUs)),
        "of raw": ratio(name),
      };
    }),
    bars: [
      atLeast(`${SINGLE}, ${inFlight} in flight`, 0.9, ratio(SINGLE), "of raw"),
    ],
  };
}

function run(line: Line, count: number, inFlight: number): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0;
    let done = 0;
    line.onAnswer = () => {
      done++;
      if (sent < count) {
        sent++;
        line.send();
      } else if (done === count) resolve();
    };
    for (; sent < Math.min(count, inFlight); sent++) line.send();
    line.flush();
  });
}

async function connectRaw(name: string, port: number): Promise<Line> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.binaryType = "arraybuffer";
  const bytes = message();
  const line: Line = {
    name,
    send: () => socket.send(bytes),
    flush() {},
    onAnswer() {},
    close: () => socket.close(),
  };
  socket.onmessage = () => line.onAnswer();
  await new Promise((resolve) => socket.onopen = resolve);
  return line;
}

async function connectOurs(
  name: string,
  port: number,
  when: "arrival" | "turn",
  delivery: Delivery,
): Promise<Line> {
  const ours = new Arrivals(port, when, { echo: { delivery } });
  const bytes = message();
  const line: Line = {
    name,
    send() {
      ours.client.sendOnChannel("echo", bytes);
      if (when === "arrival") ours.flush();
    },
    flush: () => ours.flush(),
    onAnswer() {},
    close: () => ours.client.close(),
  };
  ours.onEvent = ({ type }) => {
    if (type === "message") line.onAnswer();
  };
  ours.onDrained = () => ours.flush();
  await ours.connect();
  return line;
}

async function connectSocketIo(name: string, port: number): Promise<Line> {
  const socket = io(`http://127.0.0.1:${port}`, {
    transports: ["websocket"],
    reconnection: false,
  });
  const text = new TextDecoder().decode(message());
  const line: Line = {
    name,
    send: () => void socket.emit("m", text),
    flush() {},
    onAnswer() {},
    close: () => void socket.close(),
  };
  socket.on("m", () => line.onAnswer());
  await new Promise<void>((resolve) => socket.on("connect", () => resolve()));
  return line;
}
