import { SendResult } from "./datagram_socket.ts";
import type { IpAddress } from "./ip_address_table.ts";
import { mayUseNet } from "./_permissions.ts";
import { QueuedSocket } from "./_queued_socket.ts";
import type { BackendSettings } from "./_socket_backend.ts";
import { bindError, systemErrorKind } from "./_system_error.ts";

/**
 * A socket on `Deno.listenDatagram`: a receive is always pending, unless the ring is
 * full. What comes then waits in the system's buffer, whose size nobody can set.
 */
export class DenoSocket extends QueuedSocket {
  readonly localAddress: IpAddress;
  readonly receiveBufferBytes = 0;
  readonly sendBufferBytes = 0;
  readonly #conn: Deno.DatagramConn;
  /** A byte more than a datagram may have: Deno cuts off silently. */
  readonly #buffer: Uint8Array<ArrayBuffer>;
  /** What came and found no room, until it does. */
  #waiting: { datagram: Uint8Array; from: IpAddress } | undefined = undefined;

  private constructor(conn: Deno.DatagramConn, settings: BackendSettings) {
    super(settings);
    this.#conn = conn;
    this.#buffer = new Uint8Array(settings.maxDatagramBytes + 1);
    const { hostname, port } = conn.addr as Deno.NetAddr;
    this.localAddress = this.addresses.find(hostname, port)!;
    this.localAddress.retain();
    void this.#receiveAll();
  }

  /**
   * Opens and binds one.
   *
   * @throws {TransportError} If the system refuses.
   */
  static open(settings: BackendSettings): DenoSocket {
    const { hostname, port } = settings;
    let conn: Deno.DatagramConn;
    try {
      conn = Deno.listenDatagram({ transport: "udp", hostname, port });
    } catch (error) {
      throw bindError(error, settings);
    }
    return new DenoSocket(conn, settings);
  }

  protected override mayReach(to: IpAddress): boolean {
    // Deno's addresses have no scope.
    if (to.scope !== 0) return false;
    const hostname = this.hostFor(to);
    to.route = { transport: "udp", hostname, port: to.port };
    const isIpv6 = hostname.includes(":");
    return mayUseNet(isIpv6 ? `[${hostname}]` : hostname, to.port);
  }

  protected override async transmit(
    datagram: Uint8Array<ArrayBuffer>,
    to: IpAddress,
  ): Promise<SendResult> {
    for (let attempt = 0;; attempt++) {
      try {
        await this.#conn.send(datagram, to.route as Deno.NetAddr);
        return SendResult.Sent;
      } catch (error) {
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
  }

  protected override resume(): void {
    const { datagram, from } = this.#waiting ?? {};
    if (datagram === undefined || !this.take(datagram, from!)) return;
    this.#waiting = undefined;
    void this.#receiveAll();
  }

  async #receiveAll(): Promise<void> {
    while (!this.isClosed) {
      try {
        const [datagram, address] = await this.#conn.receive(this.#buffer);
        const { hostname, port } = address as Deno.NetAddr;
        const from = this.addresses.find(hostname, port);
        if (from === undefined || this.isClosed) continue;
        if (!this.take(datagram, from)) {
          this.#waiting = { datagram, from };
          return;
        }
      } catch {
        // That nobody listens at where something was sent to; or that it is closed.
        this.onFailure();
      }
    }
  }

  protected override closeHandle(): void {
    this.#conn.close();
  }
}
