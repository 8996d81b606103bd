// This module is browser compatible.
import { type ReadDescriptor, readDescriptor } from "./_read_descriptor.ts";

/**
 * Why a call of this end cannot go to the other, or come from it: the first thing in
 * which the two definitions of it differ.
 *
 * - `missing`: the other end does not have the call.
 * - `untold`: one of the contracts is so large that its description was cut before the
 *   call, so that the ends do not know whether they mean the same.
 * - `from`: others may call it there.
 * - `paramMissing`: the other end does not have a parameter of this end's.
 * - `paramAdded`: it has one that this end does not have.
 * - `paramMoved`: it has the same parameters in another order.
 * - `paramType`: a parameter is something else there.
 * - `reply`: it is answered with something else there.
 * - `unreadable`: the description of the other end cannot be taken apart.
 *
 * What is said of the other end comes from there: it is plain text, and may be untrue.
 */
export type RpcDifference =
  & {
    /** The name of the call. */
    readonly name: string;
    /** All of it in a sentence, for people. */
    readonly message: string;
  }
  & (
    | {
      /** What differs. */
      readonly type: "missing" | "untold";
    }
    | {
      /** What differs. */
      readonly type: "from" | "reply" | "unreadable";
      /** What it is here. */
      readonly ours: string;
      /** What it is there. */
      readonly theirs: string;
    }
    | {
      /** What differs. */
      readonly type: "paramMissing" | "paramMoved";
      /** The name of the parameter. */
      readonly param: string;
      /** What it is here. */
      readonly ours: string;
    }
    | {
      /** What differs. */
      readonly type: "paramAdded";
      /** The name of the parameter. */
      readonly param: string;
      /** What it is there. */
      readonly theirs: string;
    }
    | {
      /** What differs. */
      readonly type: "paramType";
      /** The name of the parameter. */
      readonly param: string;
      /** What it is here. */
      readonly ours: string;
      /** What it is there. */
      readonly theirs: string;
    }
  );

/** How much of a text from the other end a sentence shows. */
const MAX_SHOWN_CHARACTERS = 60;

/**
 * Names the first thing in which two definitions of a call differ.
 *
 * @param name The name of the call.
 * @param ours Its descriptor here.
 * @param theirs Its descriptor there, which is another one.
 * @returns What differs.
 */
export function rpcDifference(
  name: string,
  ours: string,
  theirs: string,
): RpcDifference {
  const our = readDescriptor(ours);
  const their = readDescriptor(theirs);
  if (our !== undefined && their !== undefined) {
    if (our.from !== their.from) {
      return {
        type: "from",
        name,
        ours: our.from,
        theirs: their.from,
        message: tell(
          name,
          `its callers are "${show(our.from)}" here and "${
            show(their.from)
          }" there`,
        ),
      };
    }
    const param = paramDifference(name, our, their);
    if (param !== undefined) return param;
    if (our.reply !== their.reply) {
      return {
        type: "reply",
        name,
        ours: our.reply,
        theirs: their.reply,
        message: tell(
          name,
          `it is answered with ${here(our.reply, their.reply)}`,
        ),
      };
    }
  }
  return {
    type: "unreadable",
    name,
    ours,
    theirs,
    message: tell(name, `it is ${here(ours, theirs)}`),
  };
}

/** The other end has no such call. */
export function missingRpc(name: string): RpcDifference {
  return {
    type: "missing",
    name,
    message: tell(name, "the other end does not have it"),
  };
}

/** A description was cut before the call. */
export function untoldRpc(name: string): RpcDifference {
  return {
    type: "untold",
    name,
    message: tell(name, "the description of a contract was cut before it"),
  };
}

function paramDifference(
  name: string,
  { params: ours }: ReadDescriptor,
  { params: theirs }: ReadDescriptor,
): RpcDifference | undefined {
  const theirEntries = [...theirs];
  let at = 0;
  for (const [param, our] of ours) {
    const [theirParam, their] = theirEntries[at++] ?? [];
    if (param === theirParam) {
      if (our === their) continue;
      const message = tell(
        name,
        `parameter "${show(param)}" is ${here(our, their!)}`,
      );
      return {
        type: "paramType",
        name,
        param,
        ours: our,
        theirs: their!,
        message,
      };
    }
    if (!theirs.has(param)) {
      const message = tell(
        name,
        `the other end does not have parameter "${show(param)}"`,
      );
      return { type: "paramMissing", name, param, ours: our, message };
    }
    if (ours.has(theirParam!)) {
      const message = tell(
        name,
        `parameter "${show(param)}" has another place there`,
      );
      return { type: "paramMoved", name, param, ours: our, message };
    }
    return paramAdded(name, theirParam!, their!);
  }
  const more = theirEntries[at];
  return more === undefined ? undefined : paramAdded(name, more[0], more[1]);
}

function paramAdded(
  name: string,
  param: string,
  theirs: string,
): RpcDifference {
  const message = tell(
    name,
    `the other end also has parameter "${show(param)}" (${show(theirs)})`,
  );
  return { type: "paramAdded", name, param, theirs, message };
}

function here(ours: string, theirs: string): string {
  return `${show(ours)} here and ${show(theirs)} there`;
}

function tell(name: string, reason: string): string {
  return `Cannot call "${name}" between these versions as ${reason}`;
}

function show(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS
    ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…`
    : text;
}
