import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { versions } from "node:process";
import { SendResult } from "./datagram_socket.ts";
import type { IpAddress } from "./ip_address_table.ts";
import { QueuedSocket } from "./_queued_socket.ts";
import type { BackendSettings } from "./_socket_backend.ts";
import { bindError, systemErrorKind } from "./_system_error.ts";

/** A socket on `node:dgram`, which sends and receives while the event loop runs. */
export class DgramSocket extends QueuedSocket {
  readonly localAddress: IpAddress;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly #socket: Socket;
  readonly #mayReach: (host: string, port: number) => boolean;

  private constructor(
    socket: Socket,
    settings: BackendSettings,
    mayReach: (host: string, port: number) => boolean,
  ) {
    super(settings);
    this.#socket = socket;
    this.#mayReach = mayReach;
    const { address, port } = socket.address();
    this.localAddress = this.#find(address, port) ??
      this.addresses.find(settings.hostname, port)!;
    this.localAddress.retain();
    // Deno does not ask the system, but makes an array of that size for each datagram.
    this.receiveBufferBytes = versions["deno"] !== undefined ? 0 : grow(() => {
      socket.setRecvBufferSize(settings.receiveBufferBytes);
      return socket.getRecvBufferSize();
    });
    this.sendBufferBytes = grow(() => {
      socket.setSendBufferSize(settings.sendBufferBytes);
      return socket.getSendBufferSize();
    });
    socket.on("message", (datagram: Uint8Array, info: RemoteInfo) => {
      if (this.isClosed) return;
      const from = this.#find(info.address, info.port);
      if (from === undefined || !this.take(datagram, from)) {
        this.counters.droppedHere++;
      }
    });
    socket.on("error", () => this.onFailure());
  }

  /**
   * Opens and binds one.
   *
   * @param settings Where to.
   * @param mayReach Whether datagrams may be sent to an address, IPv6 in brackets.
   * @throws {TransportError} If the system refuses.
   */
  static async open(
    settings: BackendSettings,
    mayReach: (host: string, port: number) => boolean,
  ): Promise<DgramSocket> {
    const { hostname, port, isIpv6, isIpv6Only } = settings;
    const socket = createSocket({
      type: isIpv6 ? "udp6" : "udp4",
      ipv6Only: isIpv6Only,
      // What it is given are addresses: to ask for them would only cost time.
      lookup: (host, _, callback) => callback(null, host, isIpv6 ? 6 : 4),
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("error", reject);
    try {
      socket.bind({ address: hostname, port, exclusive: true }, resolve);
      await promise;
    } catch (error) {
      try {
        socket.close();
      } catch {
        // Some runtimes have closed it.
      }
      throw bindError(error, settings);
    }
    socket.off("error", reject);
    return new DgramSocket(socket, settings, mayReach);
  }

  /** Node names the zone of a link-local address. */
  #find(host: string, port: number): IpAddress | undefined {
    const zoneAt = host.indexOf("%");
    if (zoneAt < 0) return this.addresses.find(host, port);
    const zone = host.slice(zoneAt + 1);
    const scope = /^\d+$/.test(zone) ? Number(zone) : scopes().get(zone) ?? 0;
    return this.addresses.find(`${host.slice(0, zoneAt)}%${scope}`, port);
  }

  protected override mayReach(to: IpAddress): boolean {
    const host = this.hostFor(to);
    to.route = host;
    if (to.scope !== 0) {
      const [plain] = host.split("%");
      for (const [name, scope] of scopes()) {
        if (scope === to.scope) to.route = `${plain}%${name}`;
      }
    }
    return this.#mayReach(host.includes(":") ? `[${host}]` : host, to.port);
  }

  protected override async transmit(
    datagram: Uint8Array,
    to: IpAddress,
  ): Promise<SendResult> {
    for (let attempt = 0;; attempt++) {
      const error = await this.#transmitOnce(datagram, to);
      if (!error) return SendResult.Sent;
      switch (systemErrorKind(error)) {
        case "tooLarge":
          return SendResult.TooLarge;
        case "full":
          return SendResult.Full;
        case "nobodyListens":
          // Of a datagram before this one, which has not been sent yet.
          if (attempt < 8) break;
          return SendResult.Refused;
        default:
          return SendResult.Refused;
      }
    }
  }

  #transmitOnce(datagram: Uint8Array, to: IpAddress): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    try {
      this.#socket.send(datagram, to.port, to.route as string, resolve);
    } catch (error) {
      resolve(error);
    }
    return promise;
  }

  protected override resume(): void {
    // It cannot pause.
  }

  protected override closeHandle(): void {
    this.#socket.close();
  }
}

/** Not every runtime can. */
function grow(attempt: () => number): number {
  try {
    return attempt();
  } catch {
    return 0;
  }
}

/** The scope ids of the interfaces by their names. */
function scopes(): Map<string, number> {
  const scopes = new Map<string, number>();
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    for (const address of addresses) {
      if (address.family === "IPv6" && address.scopeid !== 0) {
        scopes.set(name, address.scopeid);
      }
    }
  }
  return scopes;
}
