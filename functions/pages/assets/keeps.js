// Whether this browser lets a page of ours keep anything.

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
