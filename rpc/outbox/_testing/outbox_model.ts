import { Channel, isReliable } from "../../../protocol/mod.ts";
import type { Rpc } from "../../contract/define_rpc.ts";
import type { OutboxResult } from "../rpc_outbox.ts";

/** A call as the model has it. */
export interface ModelCall {
  readonly serial: number;
  readonly rpc: Rpc;
  /** What tells it apart, if it is coalesced. */
  readonly key: string | undefined;
  /** Its bytes in a packet. */
  readonly length: number;
  /** What it counts against the bound. */
  readonly size: number;
  readonly atMs: number;
}

/** The bounds of the outbox. */
export interface ModelLimits {
  readonly maxCalls: number;
  readonly maxBytes: number;
  readonly budgetBytes: number;
  readonly cosmeticMaxAgeMs: number;
}

const UNRELIABLE = 256;

/** What an outbox does, said as plainly as can be: lists, searched from end to end. */
export class OutboxModel {
  readonly limits: ModelLimits;
  waiting: ModelCall[] = [];
  later: ModelCall[] = [];
  isMarked = false;
  nowMs = 0;
  counts = {
    coalesced: 0,
    refused: 0,
    droppedCosmetic: 0,
    droppedUnreliable: 0,
    agedOut: 0,
  };

  constructor(limits: ModelLimits) {
    this.limits = limits;
  }

  get all(): ModelCall[] {
    return [...this.waiting, ...this.later];
  }

  push(call: ModelCall): OutboxResult {
    const { maxCalls, maxBytes } = this.limits;
    if (call.size > maxBytes) {
      this.counts.refused++;
      return "tooLarge";
    }
    const open = this.isMarked ? this.later : this.waiting;
    const older = open.findLast(({ rpc, key }) =>
      key !== undefined && rpc === call.rpc && key === call.key
    );
    let kept = this.all.filter((other) => other !== older);
    const dropped: ModelCall[] = [];
    while (
      kept.length >= maxCalls || sizeOf(kept) + call.size > maxBytes
    ) {
      const limit = Math.min(classOf(call.rpc), UNRELIABLE);
      const least = kept.filter(({ rpc }) => classOf(rpc) <= limit)
        .reduce<ModelCall | undefined>(
          (a, b) => a && classOf(a.rpc) <= classOf(b.rpc) ? a : b,
          undefined,
        );
      if (least === undefined) {
        this.counts.refused++;
        return "full";
      }
      dropped.push(least);
      kept = kept.filter((other) => other !== least);
    }
    for (const { rpc } of dropped) {
      if (classOf(rpc) < UNRELIABLE) this.counts.droppedCosmetic++;
      else this.counts.droppedUnreliable++;
    }
    if (older !== undefined) this.counts.coalesced++;
    this.waiting = this.waiting.filter((other) => kept.includes(other));
    this.later = this.later.filter((other) => kept.includes(other));
    (this.isMarked ? this.later : this.waiting).push(call);
    return older === undefined ? "queued" : "coalesced";
  }

  mark(): void {
    this.waiting = this.all;
    this.later = [];
    this.isMarked = true;
  }

  /** What goes in a flush if the link takes everything, by channel. */
  going(): Map<Channel, ModelCall[]> {
    const must = this.waiting.filter(({ rpc }) => classOf(rpc) >= UNRELIABLE);
    let budget = this.limits.budgetBytes -
      must.reduce((sum, call) => sum + costOf(call), 0);
    const chosen = new Set(must);
    const cosmetic = this.waiting.filter((call) => !chosen.has(call));
    for (
      const call of cosmetic.toSorted((a, b) => classOf(b.rpc) - classOf(a.rpc))
    ) {
      if (costOf(call) > budget) continue;
      budget -= costOf(call);
      chosen.add(call);
    }
    return new Map(
      Object.values(Channel).map((channel) => [
        channel,
        this.waiting.filter((call) =>
          chosen.has(call) && call.rpc.channel === channel
        ),
      ]),
    );
  }

  /** What becomes of the rest, once these have gone. */
  settle(sent: ReadonlySet<number>): void {
    this.waiting = this.waiting.filter(({ serial }) => !sent.has(serial));
    const { cosmeticMaxAgeMs } = this.limits;
    this.waiting = this.waiting.filter(({ rpc, atMs }) => {
      const isOld = classOf(rpc) < UNRELIABLE &&
        this.nowMs - atMs >= cosmeticMaxAgeMs;
      if (isOld) this.counts.agedOut++;
      return !isOld;
    });
    this.waiting = this.waiting.filter(({ rpc, key }) => {
      const isReplaced = key !== undefined &&
        this.later.some((call) => call.rpc === rpc && call.key === key);
      if (isReplaced) this.counts.coalesced++;
      return !isReplaced;
    });
    this.waiting = this.all;
    this.later = [];
    this.isMarked = false;
  }
}

/** The bytes of a call that stands alone in its run. */
export function costOf({ rpc, length }: ModelCall): number {
  return (rpc.id < 64 ? 1 : 2) + (length < 128 ? 1 : 2) + length;
}

export function isCosmetic(rpc: Rpc): boolean {
  return rpc.definition.cosmetic !== undefined;
}

function classOf({ definition: { cosmetic }, channel }: Rpc): number {
  return cosmetic ?? (isReliable(channel) ? UNRELIABLE + 1 : UNRELIABLE);
}

function sizeOf(calls: readonly ModelCall[]): number {
  return calls.reduce((sum, { size }) => sum + size, 0);
}
