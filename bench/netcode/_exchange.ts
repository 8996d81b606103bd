// A server and its clients in one thread, which hand each other their datagrams.
import {
  type DatagramAddress,
  type DatagramLink,
  type DatagramSocket,
  MTU,
} from "../../transport/mod.ts";

/** A datagram on its way. */
interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: DatagramAddress;
}

/** One address of one end, as the other end knows it. */
class Address implements DatagramAddress {
  readonly socket: DatagramSocket;
  readonly host: string;
  readonly port: number;
  readonly key: Uint8Array;

  constructor(socket: DatagramSocket, host: string, port: number) {
    this.socket = socket;
    this.host = host;
    this.port = port;
    this.key = new TextEncoder().encode(this.toString());
  }

  retain(): void {}
  release(): void {}

  toString(): string {
    return `${this.host}:${this.port}`;
  }
}

/**
 * What passes between a server and a link of its clients. Each client has an address of its
 * own, and so a socket, of which no more is there than links ask of one.
 */
export class Exchange {
  readonly server: DatagramLink;
  readonly clients: DatagramLink;
  readonly #serverPort: number;
  readonly #out = new Uint8Array(MTU);
  /** A client's address as the server knows it, by the server's as the client does. */
  readonly #clientsByServer = new Map<DatagramAddress, Address>();
  readonly #serverByClient = new Map<DatagramAddress, DatagramAddress>();
  #toServer: Datagram[] = [];
  #toClients: Datagram[] = [];

  constructor(server: DatagramLink, clients: DatagramLink, serverPort: number) {
    this.server = server;
    this.clients = clients;
    this.#serverPort = serverPort;
    clients.bind((datagram, to) => {
      const from = this.#clientsByServer.get(to)!;
      this.#toServer.push({ bytes: datagram.slice(), from });
    });
    server.bind((datagram, to) => {
      const from = this.#serverByClient.get(to)!;
      this.#toClients.push({ bytes: datagram.slice(), from });
    });
  }

  /** Another client's way to the server: an address to connect to. */
  addClient(port: number): DatagramAddress {
    const socket = {} as DatagramSocket;
    const server = new Address(socket, "127.0.0.1", this.#serverPort);
    const client = new Address(socket, "127.0.0.1", port);
    this.#clientsByServer.set(server, client);
    this.#serverByClient.set(client, server);
    return server;
  }

  /** Gives the server what waits for it. */
  deliverToServer(): void {
    const datagrams = this.#toServer;
    this.#toServer = [];
    for (const { bytes, from } of datagrams) {
      this.server.open(bytes, from, this.#out);
    }
  }

  /** Gives the clients what waits for them. */
  deliverToClients(): void {
    const datagrams = this.#toClients;
    this.#toClients = [];
    for (const { bytes, from } of datagrams) {
      this.clients.open(bytes, from, this.#out);
    }
  }
}
