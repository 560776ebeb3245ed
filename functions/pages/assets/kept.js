// What a tab, or the browser, keeps for the pages. Where site data are blocked it is kept in memory, until the
// page is left.

const memory = new Map();

/** What `remember` kept under `key`, or null. `sessionStorage` outlives a reload of this tab; `localStorage` serves all tabs. */
export function recall(key, store = 'sessionStorage') {
  if (memory.has(key)) return memory.get(key);
  try {
    return JSON.parse(window[store].getItem(key));
  } catch {
    return null;
  }
}

/** Keeps `value` for `recall`; null lets it go. */
export function remember(key, value, store = 'sessionStorage') {
  memory.delete(key);
  try {
    if (value === null) window[store].removeItem(key);
    else window[store].setItem(key, JSON.stringify(value));
  } catch {
    if (value !== null) memory.set(key, value);
  }
}

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

/** Whether this browser keeps anything for us beyond the page. */
export function keeps(store = 'sessionStorage') {
  try {
    window[store].setItem('saoma.probe', '1');
    window[store].removeItem('saoma.probe');
    return true;
  } catch {
    return false;
  }
}
