// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import { isChannel } from "../../protocol/mod.ts";
import type { ChannelConfig } from "./channel_config.ts";

const MAX_PRIORITY = 7;

/**
 * Refuses what no channel can be.
 *
 * @param channels The game's own.
 * @throws {TypeError} If a delivery is none.
 * @throws {RangeError} If a number is out of its range.
 */
export function checkChannels(channels: readonly ChannelConfig[]): void {
  for (const { delivery, priority = 0, bytesPerSecond = 1 } of channels) {
    if (delivery !== "latest" && !isChannel(delivery)) {
      throw new TypeError(
        `Cannot use delivery as it must be a Channel or "latest": current value is ${delivery}`,
      );
    }
    checkInteger("priority", priority, 0, MAX_PRIORITY);
    if (!(bytesPerSecond >= 1)) {
      throw new RangeError(
        `Cannot use bytesPerSecond as it must be >= 1: current value is ${bytesPerSecond}`,
      );
    }
  }
}
