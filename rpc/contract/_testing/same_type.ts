/**
 * Whether two types are the same to the last modifier: `any` is like itself alone, and an
 * intersection is not like the object that it amounts to.
 */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Says that a type is `true`, where types are checked. */
export function assertType<_T extends true>(): void {}
