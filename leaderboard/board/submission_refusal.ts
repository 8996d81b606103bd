// This module is browser compatible.

/** Why a board's rules refuse a submission: codes of the protocol, each answered with 422. */
export type SubmissionRefusalCode =
  | "scoreOutOfBounds"
  | "scoreOverflow"
  | "invalidClass"
  | "invalidMetadata";

/** What a submission is refused with. It is an answer, which nobody throws. */
export interface SubmissionRefusal {
  readonly code: SubmissionRefusalCode;
  /** What is wrong, for people. */
  readonly message: string;
  /** The path of the field at fault. */
  readonly field: string;
}
