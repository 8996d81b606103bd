import { decodeBase64 } from "../core/mod.ts";
import {
  Channel,
  ConnectionManager,
  type DatagramLink,
  type ManagerEvent,
  TransportError,
} from "../transport/mod.ts";
import {
  generateKey,
  issueConnectToken,
  NetcodeClient,
  NetcodeServer,
} from "../transport/netcode.ts";
import { NonBlockingSocket } from "../transport/node.ts";
import type { PortableResult } from "./portable_run.ts";

const HOST = "127.0.0.1";
const PROTOCOL_ID = 3n;
const PATIENCE_MS = 10_000;

/** What each runtime does, by name. */
const CASES: Readonly<Record<string, (site: string) => Promise<void>>> = {
  async "a client connects to a server in Deno, and is echoed"(site) {
    const answer = await fetch(`${site}/token`, { method: "POST" });
    const { port, token } = await answer.json();
    const client = await open(new NetcodeClient());
    const to = client.socket.address(HOST, port);
    const peer = client.manager.connect(to, decodeBase64(token)!);
    const all = [client];
    await until(all, () => client.types.includes("peerConnected"));
    const message = new Uint8Array(3_000).fill(5);
    client.manager.send(peer, message, Channel.ReliableOrdered);
    await until(all, () => client.received.length > 0);
    check("echo", `${client.received[0]}`, `${message}`);
    client.manager.close();
    await until(all, () => client.manager.isClosed);
  },

  async "a server lets a client in, and takes nothing that was damaged"() {
    const own = await NonBlockingSocket.bind({ hostname: HOST });
    const { port } = own.localAddress;
    const privateKey = generateKey();
    const addresses = [`${HOST}:${port}`];
    const link = new NetcodeServer({
      protocolId: PROTOCOL_ID,
      privateKeys: [privateKey],
      addresses,
      maxClients: 2,
    });
    const server = await open(link, own);
    const client = await open(new NetcodeClient());
    const { socket } = client;
    // Each datagram once more, with one bit of its tag flipped.
    const send = socket.send.bind(socket);
    socket.send = (datagram, to) => {
      const damaged = datagram.slice();
      damaged[damaged.length - 1]! ^= 1;
      send(damaged, to);
      return send(datagram, to);
    };
    const clientId = 0xffff_ffff_ffff_ffffn;
    const token = issueConnectToken({
      protocolId: PROTOCOL_ID,
      privateKey,
      clientId,
      addresses,
      userData: new Uint8Array([1, 2, 3]),
    });
    const all = [server, client];
    const peer = client.manager.connect(socket.address(HOST, port), token);
    await until(all, () => client.types.includes("peerConnected"));
    const [event] = server.events;
    if (event?.type !== "peerConnected") throw new Error(`${event?.type}`);
    check("client id", `${event.clientId}`, `${clientId}`);
    check("user data", `${event.userData.slice(0, 4)}`, "1,2,3,0");
    for (let i = 0; i < 20; i++) {
      client.manager.send(peer, new Uint8Array([i]), Channel.ReliableOrdered);
      await until(all, () => server.received.length > i);
    }
    check("messages", `${server.received}`, `${[...Array(20).keys()]}`);
    const { badToken, forged, replayed, accepted } = link.counters;
    check("accepted", `${accepted}`, "1");
    if (badToken === 0 || forged + replayed < 20) {
      throw new Error(`${badToken}, ${forged}, ${replayed}`);
    }
    server.manager.kick(event.peer, "enough");
    await until(all, () => client.types.includes("peerDisconnected"));
    for (const { manager } of all) manager[Symbol.dispose]();
  },
};

/** What a runtime without the cipher says, call by call. */
const REFUSALS: Readonly<Record<string, () => void>> = {
  "issueConnectToken() says that there is no cipher": () =>
    issueConnectToken({
      protocolId: PROTOCOL_ID,
      privateKey: generateKey(),
      clientId: 1n,
      addresses: [`${HOST}:1`],
    }),
  "NetcodeServer says that there is no cipher": () =>
    new NetcodeServer({
      protocolId: PROTOCOL_ID,
      privateKeys: [generateKey()],
      addresses: [`${HOST}:1`],
      maxClients: 2,
    }),
  "NetcodeClient says that there is no cipher": () => new NetcodeClient(),
};

/** The names of the refusals. */
export const NETCODE_REFUSAL_NAMES: readonly string[] = Object.keys(REFUSALS);

/** The names of the cases. */
export const NETCODE_CASE_NAMES: readonly string[] = Object.keys(CASES);

/**
 * Runs every case of netcode on what the runtime has, one after the other.
 *
 * @param site The address of the server that gives tokens.
 * @param say Takes one line for each case.
 */
export async function main(
  site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  for (const [name, run] of Object.entries(CASES)) {
    await say(JSON.stringify(await resultOf(name, () => run(site))));
  }
}

/**
 * Runs what a runtime without the cipher refuses.
 *
 * @param _site Not needed.
 * @param say Takes one line for each refusal.
 */
export async function refuse(
  _site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  for (const [name, run] of Object.entries(REFUSALS)) {
    const result = await resultOf(name, () => {
      try {
        run();
      } catch (error) {
        const isRight = error instanceof TransportError &&
          error.code === "unsupported";
        if (isRight) return;
        throw error;
      }
      throw new Error("It does not refuse");
    });
    await say(JSON.stringify(result));
  }
}

async function resultOf(
  name: string,
  run: () => void | Promise<void>,
): Promise<PortableResult> {
  const startMs = performance.now();
  let error: string | undefined;
  try {
    await run();
  } catch (thrown) {
    error = thrown instanceof Error
      ? thrown.stack ?? thrown.message
      : String(thrown);
  }
  const tookMs = Math.round(performance.now() - startMs);
  return error === undefined ? { name, tookMs } : { name, tookMs, error };
}

/** A manager on a socket, and what came out of it. */
interface End {
  readonly manager: ConnectionManager;
  readonly socket: NonBlockingSocket;
  readonly received: Uint8Array[];
  readonly events: ManagerEvent[];
  readonly types: string[];
}

async function open(
  link: DatagramLink,
  socket?: NonBlockingSocket,
): Promise<End> {
  const bound = socket ?? await NonBlockingSocket.bind({ hostname: HOST });
  const manager = new ConnectionManager({ link });
  manager.bind(bound);
  return { manager, socket: bound, received: [], events: [], types: [] };
}

async function until(
  ends: readonly End[],
  isDone: () => boolean,
): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!isDone()) {
    for (const { manager, received, events, types } of ends) {
      manager.poll((_peer, bytes) => received.push(bytes.slice()));
      for (const event of manager.drainEvents()) {
        events.push(event);
        types.push(event.type);
      }
    }
    if (performance.now() > deadlineMs) {
      throw new Error(ends.map(({ types }) => types.join(" ")).join(", "));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function check(what: string, is: string, wanted: string): void {
  if (is !== wanted) throw new Error(`${what} is ${is}, and not ${wanted}`);
}
