// The web contract's `statusflag` (docs/web.md) in the words of qr.js.

const STATES = { 0: 'waiting', 1: 'scanned', 2: 'confirmed', '-1': 'error' };

/**
 * How a code is doing; undefined when the answer does not say. A service that is busy or fails knows nothing of the code; one
 * that was asked too early says how it stands.
 */
export function stateOf({ status, body: { statusflag, reason } }) {
  if (status >= 500 || (status === 429 && !(statusflag >= 0))) return undefined;
  if (statusflag !== -2) return STATES[statusflag];
  return ['cancelled', 'used'].includes(reason) ? reason : 'expired';
}
