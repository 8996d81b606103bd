// This module is browser compatible.
import type { Rpc } from "../contract/define_rpc.ts";

/** Which end of a contract. */
export type EndKind = "server" | "client";

/** Refuses to make a call that the contract does not let this end make in this way. */
export function checkCaller(rpc: Rpc, end: EndKind, isAnswered: boolean): void {
  const { name, definition: { from, reply } } = rpc;
  const verb = isAnswered ? "call" : "send";
  if (!mayCall(rpc, end)) {
    throw new TypeError(
      `Cannot ${verb} "${name}" as it must be from the ${end}: current definition is from "${from}"`,
    );
  }
  if ((reply !== undefined) === isAnswered) return;
  throw new TypeError(
    isAnswered
      ? `Cannot call "${name}" as it must be defined with a reply: send() is for those without`
      : `Cannot send "${name}" as it must be defined without a reply: call() is for those with one`,
  );
}

/** Refuses a handler of what never comes, or would not be answered as it is declared. */
export function checkHandler(
  rpc: Rpc,
  end: EndKind,
  isAnswer: boolean,
  handler: unknown,
): void {
  const { name, definition: { from, reply } } = rpc;
  const verb = isAnswer ? "answer" : "handle";
  if (typeof handler !== "function") {
    throw new TypeError(
      `Cannot ${verb} "${name}" as its handler must be a function: current value is of type "${typeof handler}"`,
    );
  }
  // What clients call comes to other clients too, unless it is answered.
  const isRelayed = end === "client" && reply === undefined;
  const other = end === "server" ? "client" : "server";
  if (!isRelayed && !mayCall(rpc, other)) {
    throw new TypeError(
      `Cannot ${verb} "${name}" as it must be from the ${other}: current definition is from "${from}"`,
    );
  }
  if ((reply !== undefined) === isAnswer) return;
  throw new TypeError(
    isAnswer
      ? `Cannot answer "${name}" as it must be defined with a reply: on() is for those without`
      : `Cannot handle "${name}" as it must be defined without a reply: answer() is for those with one`,
  );
}

function mayCall({ definition: { from } }: Rpc, end: EndKind): boolean {
  if (from === "any") return true;
  return (from === "server") === (end === "server");
}
