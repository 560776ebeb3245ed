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
