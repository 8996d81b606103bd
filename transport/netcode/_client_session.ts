import type { PeerId } from "../link/peer_id.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { CHALLENGE_BODY_BYTES } from "./_challenge_token.ts";
import type { ConnectToken } from "./connect_token.ts";
import type { ClientPath } from "./_client_path.ts";
import { PacketCodec } from "./_packet_codec.ts";
import { ReplayWindow } from "./_replay_window.ts";
import { writeRequest } from "./_request.ts";
import { Silence } from "./_silence.ts";
import { PacketType } from "./_packet_type.ts";
import { REQUEST_BYTES } from "./_sizes.ts";
import type { TokenUse } from "./_token_uses.ts";
import { NetcodeClientState } from "./netcode_client_state.ts";

/** What a session takes in each state, one bit per type. */
const TAKES_AFTER_REQUEST = 1 << PacketType.Denied | 1 << PacketType.Challenge;
const TAKES_AFTER_RESPONSE = 1 << PacketType.Denied | 1 << PacketType.KeepAlive;
const TAKES_CONNECTED = 1 << PacketType.KeepAlive | 1 << PacketType.Payload |
  1 << PacketType.Disconnect;
const TAKES_PROVING = TAKES_CONNECTED | 1 << PacketType.Challenge;

/** One session of a {@linkcode NetcodeClient}: a token, and the server that it is at. */
export class ClientSession {
  readonly id: PeerId;
  readonly codec: PacketCodec;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  readonly use: TokenUse;
  readonly window: ReplayWindow = new ReplayWindow();
  readonly request: Uint8Array = new Uint8Array(REQUEST_BYTES);
  readonly response: Uint8Array = new Uint8Array(CHALLENGE_BODY_BYTES);
  /** The servers that come after this one. */
  servers: string[] = [];
  /** Of the server that it is at. */
  readonly silence: Silence;
  /** When its token has run out. */
  readonly expiresAtMs: number;
  address: DatagramAddress;
  state: NetcodeClientState = NetcodeClientState.SendingConnectionRequest;
  /** When its next own packet is due. */
  nextSendMs: number;
  /** When something is due. */
  dueMs: number = Infinity;
  clientIndex = 0;
  maxClients = 0;
  /** The challenge that was taken last, by its packet's sequence. */
  challengeHigh = 0;
  challengeLow = 0;
  /** The way that it proves, when it is connected. */
  path: ClientPath | undefined;

  constructor(
    id: PeerId,
    address: DatagramAddress,
    token: ConnectToken,
    use: TokenUse,
    nowMs: number,
  ) {
    this.id = id;
    this.address = address;
    this.use = use;
    this.codec = new PacketCodec(token.protocolId);
    this.sendKey = token.clientToServerKey;
    this.receiveKey = token.serverToClientKey;
    this.silence = new Silence(token.timeoutSeconds, nowMs);
    this.expiresAtMs = nowMs +
      Number(token.expireSeconds - token.createSeconds) * 1_000;
    this.nextSendMs = nowMs;
    writeRequest(token, this.request);
  }

  get isConnected(): boolean {
    return this.state === NetcodeClientState.Connected;
  }

  /** What it takes from an address where it is, one bit per type. */
  takesFrom(address: DatagramAddress): number {
    switch (this.state) {
      case NetcodeClientState.Connected:
        return this.path?.address === address ? TAKES_PROVING : TAKES_CONNECTED;
      case NetcodeClientState.SendingConnectionResponse:
        return TAKES_AFTER_RESPONSE;
      default:
        return TAKES_AFTER_REQUEST;
    }
  }

  /** Whether a challenge is newer than the one that was taken last. */
  isNewChallenge(high: number, low: number): boolean {
    return high > this.challengeHigh ||
      (high === this.challengeHigh && low > this.challengeLow);
  }

  /** When it has waited long enough for what its server should have sent. */
  get deadlineMs(): number {
    const { endMs } = this.silence;
    return this.isConnected ? endMs : Math.min(endMs, this.expiresAtMs);
  }
}
