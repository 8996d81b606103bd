import {
  issueConnectToken,
  type IssueConnectTokenOptions,
  NetcodeServer,
  type NetcodeServerOptions,
} from "../../netcode.ts";

/** A login server, and what it shares with its game servers: a protocol id and a key of its own. */
export class Login {
  readonly protocolId = 0x1122_3344_5566_7788n;
  readonly privateKey: Uint8Array;
  readonly #defaults: Partial<IssueConnectTokenOptions & NetcodeServerOptions>;
  #clientId = 0n;

  /**
   * @param defaults What its tokens and servers are made with: a clock, a random.
   * @param privateKey One that another process has too.
   */
  constructor(
    defaults: Partial<IssueConnectTokenOptions & NetcodeServerOptions> = {},
    privateKey: Uint8Array = crypto.getRandomValues(new Uint8Array(32)),
  ) {
    this.#defaults = defaults;
    this.privateKey = privateKey;
  }

  /** A server that its tokens can list. */
  server(
    address: string,
    options: Partial<NetcodeServerOptions> = {},
  ): NetcodeServer {
    return new NetcodeServer({
      maxClients: 16,
      ...this.#defaults,
      protocolId: this.protocolId,
      privateKeys: [this.privateKey],
      addresses: [address],
      ...options,
    });
  }

  /** A token: another client's each time. */
  token(
    addresses: readonly string[],
    options: Partial<IssueConnectTokenOptions> = {},
  ): Uint8Array {
    return issueConnectToken({
      ...this.#defaults,
      protocolId: this.protocolId,
      privateKey: this.privateKey,
      clientId: ++this.#clientId,
      addresses,
      ...options,
    });
  }
}
