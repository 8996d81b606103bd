// This module is browser compatible.
import type { MessageLink } from "../../protocol/mod.ts";
import type { ClientId } from "../target/client_id.ts";

/** A client as its server sees it. */
export interface RpcPeer {
  /** Which. */
  readonly id: ClientId;
  /** The link to it. */
  readonly link: MessageLink;
  /** Whether the handshake is over, so that calls go out. */
  readonly isReady: boolean;
  /** Whether it was disconnected. */
  readonly isClosed: boolean;
  /** How many calls to it wait for their answers. */
  readonly outstanding: number;
}
