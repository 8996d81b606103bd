// This module is browser compatible.
import { BitWriter } from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import { ownValue } from "../wire/_own_value.ts";

/** What to throw for a call that carries what its parameters do not allow. */
export function wrongParams(
  rpc: Rpc,
  params: Readonly<Record<string, unknown>>,
): RangeError {
  // Slow, but only mistakes come here. The value itself may be a secret.
  const wrong = Object.entries(rpc.definition.params).find(([name, field]) => {
    const writer = new BitWriter();
    field.write(writer, ownValue(params, name) as never);
    return !writer.ok;
  });
  return wrong === undefined
    ? new RangeError(
      `Cannot call "${rpc.name}" as its parameters must be what it defines`,
    )
    : new RangeError(
      `Cannot call "${rpc.name}" as "${wrong[0]}" must be allowed by ${
        wrong[1].descriptor
      }: current value is of type "${typeof params[wrong[0]]}"`,
    );
}
