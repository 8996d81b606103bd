// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { ReplayStore } from "../replay/replay_store.ts";
import type { Score } from "../score.ts";
import type { ServerContext } from "./_server_context.ts";
import type {
  ReplayToVerify,
  VerifyDecision,
  VerifyResult,
} from "./server_options.ts";

const CHUNK_BYTES = 1_048_576;

/** A submission to be verified, now or later. */
export interface ToVerify {
  /** With its title. */
  readonly board: string;
  readonly playerId: PlayerId;
  readonly name: string;
  readonly score: Score;
  readonly subscore: Score;
  readonly className: string;
  /** As it is stored. */
  readonly metadata: string;
  readonly submittedMs: number;
  readonly runMs: number | undefined;
  /** The replay's SHA-256 in hex, or `""`. */
  readonly replay: string;
}

/** What `verify` said. */
export interface Verdict {
  readonly decision: VerifyDecision;
  readonly reason: string;
}

/** Asks the server's author; `undefined` if that failed, of which he is told. */
export async function judge(
  { verify, replays, onError }: ServerContext,
  toVerify: ToVerify,
): Promise<Verdict | undefined> {
  const { board: id, replay: sha256, metadata, ...rest } = toVerify;
  const [title = "", board = ""] = id.split("/");
  try {
    const replay = sha256 === "" || replays === undefined
      ? undefined
      : await openReplay(replays, sha256);
    const result = await verify!({
      ...rest,
      title,
      board,
      metadata: metadata === "" ? undefined : JSON.parse(metadata),
    }, replay);
    return verdictOf(result);
  } catch (error) {
    onError(error);
    return undefined;
  }
}

function verdictOf(result: VerifyResult): Verdict {
  const { decision, reason } = typeof result === "object" && result !== null
    ? result
    : { decision: result };
  if (
    decision !== "accept" && decision !== "reject" && decision !== "quarantine"
  ) {
    throw new TypeError(
      `Cannot verify as verify must return "accept", "reject" or "quarantine": current value is "${decision}"`,
    );
  }
  return { decision, reason: typeof reason === "string" ? reason : "" };
}

async function openReplay(
  store: ReplayStore,
  sha256: string,
): Promise<ReplayToVerify | undefined> {
  const replay = await store.replay(sha256);
  if (replay === undefined) return undefined;
  const { bytes, encoding, encodedBytes } = replay;
  return {
    sha256,
    bytes,
    async read() {
      const encoded = new ReadableStream<Uint8Array<ArrayBuffer>>({
        async pull(controller) {
          const chunk = await store.read(sha256, offset, CHUNK_BYTES);
          if (chunk === undefined) throw new Error("The replay is gone");
          offset += chunk.length;
          if (chunk.length > 0) controller.enqueue(chunk);
          if (chunk.length === 0 || offset >= encodedBytes) controller.close();
        },
      });
      let offset = 0;
      const decoded = encoding === "identity"
        ? encoded
        : encoded.pipeThrough(new DecompressionStream("gzip"));
      // It was found to have just these bytes when it was uploaded.
      const result = new Uint8Array(bytes);
      let at = 0;
      for await (const chunk of decoded) {
        result.set(chunk, at);
        at += chunk.length;
      }
      return result;
    },
  };
}
