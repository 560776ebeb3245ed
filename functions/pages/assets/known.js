// The telephone numbers that signed in on this device, with what makes the device known to the service.

import { recall, remember } from './kept.js';

const KNOWN = 'saoma.known';
const MOST_KNOWN = 5; // numbers that signed in on this device

/** What makes this device known to the service when it asks for a code to `phone`; undefined if nothing does. */
export const recallKnown = (phone) => recall(KNOWN, 'localStorage')?.find(([number]) => number === phone)?.[1];

/** Keeps what a sign-in with `phone` gave, for the newest few numbers. */
export function rememberKnown(phone, known) {
  if (!known) return;
  const others = (recall(KNOWN, 'localStorage') ?? []).filter(([number]) => number !== phone);
  remember(KNOWN, [[phone, known], ...others].slice(0, MOST_KNOWN), 'localStorage');
}
