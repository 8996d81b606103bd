// This module is browser compatible.

/** Why a session does not go on with a socket. */
export type SessionError =
  | "malformed"
  | "unexpectedRecord"
  | "unknownChannel"
  | "creditExceeded"
  | "messageTooLarge"
  | "frameTooLarge"
  | "notUtf8"
  | "tooManyChannels"
  | "inboxFull"
  | "wrongCount"
  | "limitLowered"
  | "versionMismatch";
