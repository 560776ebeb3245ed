// Reads the code that a device shows, as a person types it.

import { fold } from './read.js';

/** How many letters a user code has, and which ones (RFC 8628 section 6.1). */
export const USER_CODE_LENGTH = 12;
const NO_USER_CODE_LETTER = /[^BCDFGHJKLMNPQRSTVWXZ]/gu;

/** The `letters` of a user code as people type it, in capitals, and those among them that no code has: `strange`. */
export function readUserCode(text) {
  const letters = fold(text).toUpperCase().replace(/[\s\p{Pd}\u2212]/gu, '');
  return { letters, strange: [...new Set(letters.match(NO_USER_CODE_LETTER))].join(' ') };
}
