// What the links take for an echo without any socket: what of it is above the ciphers.
import { MTU } from "../../transport/mod.ts";
import { type LinkKind, LINKS } from "../_links.ts";
import { median, type Row, type Section } from "../_report.ts";
import { Exchange } from "./_exchange.ts";
import { Packets } from "./_packets.ts";

const SIZES = [100, 1_200] as const;
const SERVER_PORT = 40_000;

/** Does so many echoes of a payload: two seals, two opens. */
type Echo = (count: number, payload: Uint8Array) => void;

const CONTENDERS: Readonly<Record<string, () => Echo>> = {
  "packets alone": echoOfPackets,
  "netcode's links": () => echoOfLinks("netcode"),
  "insecure links": () => echoOfLinks("insecure"),
};

export function measureInMemory(isSmoke: boolean): Promise<Section> {
  const count = isSmoke ? 512 : 20_000;
  const rounds = isSmoke ? 1 : 9;
  const rows: Row[] = [];
  for (const [name, make] of Object.entries(CONTENDERS)) {
    const echo = make();
    const figures: Record<string, number> = {};
    for (const bytes of SIZES) {
      const payload = crypto.getRandomValues(new Uint8Array(bytes));
      const us: number[] = [];
      for (let round = isSmoke ? 0 : -2; round < rounds; round++) {
        const startMs = performance.now();
        echo(count, payload);
        // The first warm up.
        if (round >= 0) us.push((performance.now() - startMs) * 1_000 / count);
      }
      figures[`${bytes} bytes, us`] = median(us);
    }
    rows.push({ name, ...figures });
  }
  return Promise.resolve({
    title: "netcode: an echo without a socket",
    notes: [
      `Sealed and opened by a client, opened and sealed by a server, in one thread: microseconds per echo of both ends; medians of ${rounds} rounds of ${count}. The packets alone are what of it is the codec, its ciphers and the replay window.`,
    ],
    rows,
    bars: [],
  });
}

function echoOfPackets(): Echo {
  const there = new Packets();
  const back = new Packets();
  return (count, payload) => {
    for (let i = 0; i < count; i++) {
      there.seal(payload);
      back.seal(there.open());
      back.open();
    }
  };
}

function echoOfLinks(kind: LinkKind): Echo {
  const ends = LINKS[kind];
  const server = ends.server(SERVER_PORT, 1);
  const client = ends.client();
  const exchange = new Exchange(server, client, SERVER_PORT);
  const to = exchange.addClient(SERVER_PORT + 1);
  const peer = client.connect(to, ends.credentials(SERVER_PORT));
  for (let turn = 0; turn < 3; turn++) {
    exchange.deliverToServer();
    exchange.deliverToClients();
  }
  const [event] = server.drainEvents();
  if (event?.type !== "peerConnected") {
    throw new Error(
      `Cannot measure as the client must connect: current value is "${event?.type}"`,
    );
  }
  const { peer: clientThere, address: from } = event;
  const opened = new Uint8Array(MTU);
  const sealed = new Uint8Array(MTU);
  let packet = sealed;
  let body = opened;
  // Views of one length in a row are the same one: as in a game's loop.
  function seal(bytes: Uint8Array, isServer: boolean): void {
    const length = isServer
      ? server.seal(bytes, clientThere, sealed)
      : client.seal(bytes, peer, sealed);
    if (packet.length !== length) packet = sealed.subarray(0, length);
  }
  return (count, payload) => {
    for (let i = 0; i < count; i++) {
      seal(payload, false);
      const length = server.open(packet, from, opened);
      if (body.length !== length) body = opened.subarray(0, length);
      seal(body, true);
      if (client.open(packet, to, opened) !== payload.length) {
        throw new Error("Cannot measure as an echo must come back: none has");
      }
    }
  };
}
