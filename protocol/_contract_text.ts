// This module is browser compatible.

/** The most bytes of a name. */
export const MAX_NAME_BYTES = 64;
/** The most bytes of a descriptor. */
export const MAX_DESCRIPTOR_BYTES = 8192;

const NAME = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/;
/** Printable ASCII, so that text and bytes are the same in every language. */
const DESCRIPTOR = /^[\x20-\x7e]*$/;

/** Whether text from anybody may be the name of an entry. */
export function isContractName(name: string): boolean {
  return NAME.test(name);
}

/** Whether text from anybody may be the descriptor of an entry. */
export function isDescriptor(descriptor: string): boolean {
  return descriptor.length <= MAX_DESCRIPTOR_BYTES &&
    DESCRIPTOR.test(descriptor);
}

/** Orders ASCII text by its bytes. */
export function compareAscii(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
