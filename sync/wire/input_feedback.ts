// This module is browser compatible.

/** What a server tells a client of its inputs. */
export interface InputFeedback {
  /**
   * The last tick whose input need not be sent again, as each up to it has come or would
   * come too late: 0 to 4294967295.
   */
  tick: number;
  /**
   * The least that an input came earlier than needed since this was told last, in ticks:
   * -512 to 511, in steps of 1/64.
   */
  lead: number;
}

/** How many steps of a lead a tick has. */
export const LEAD_STEPS = 64;
