// Watches a session over a socket, so that the page asks how it stands at the moment it changes. A socket says only when
// to ask. Whatever happens to it, the page polls as well, only less often while a socket is open.

const RETRY_WAITS_MS = [1000, 4000, 15_000]; // waits before the next tries; after the last one the page only polls
const STEADY_MS = 30_000; // a socket that was open for so long says that the network lets sockets be
const SLEPT_MS = 20_000; // out of sight for longer than this, the device may have slept, and a socket may be dead unnoticed

/**
 * Opens a socket to watch the session whose `{socketUrl, watch}` this is, and keeps it open: after a broken connection, a
 * sleep, or another network. `look(told)` is called when it opens, and with `true` when the session has changed.
 *
 * Answers `{isOpen(), stop()}`. Without an address, or where the browser allows no sockets, it is never open.
 */
export function watch({ socketUrl, watch: token }, look) {
  const gone = new AbortController(); // nothing listens any more
  let socket = null;
  let tries = 0;
  let openedAt; // undefined while no socket is open
  let hiddenAt; // undefined while the page was never out of sight
  let timer;

  function open() {
    clearTimeout(timer);
    try {
      socket = new WebSocket(socketUrl, ['saoma.v1', token]);
    } catch {
      socket = null; // refused by the browser, as by a policy of the page's site
      return;
    }
    const mine = socket;
    mine.onopen = () => {
      openedAt = Date.now();
      look(false); // of what changed before this moment the page was not told
    };
    mine.onmessage = () => look(true); // there is one message, and to ask is never wrong
    mine.onclose = () => {
      if (mine !== socket) return;
      socket = null;
      if (Date.now() - openedAt > STEADY_MS) tries = 0;
      openedAt = undefined;
      if (tries < RETRY_WAITS_MS.length) timer = setTimeout(open, RETRY_WAITS_MS[tries]);
      tries += 1;
    };
  }

  /** Ends the socket without a word to the page. */
  function drop() {
    clearTimeout(timer);
    const old = socket;
    socket = null;
    openedAt = undefined;
    old?.close();
  }

  /** Another network, or a device that wakes: the old socket may be dead, and the old failures say nothing. */
  function anew() {
    if (gone.signal.aborted) return; // browsers before 2022 go on listening
    drop();
    tries = 0;
    open();
  }

  function seen() {
    if (document.hidden) hiddenAt = Date.now();
    else if (Date.now() - hiddenAt > SLEPT_MS) anew();
  }

  function stop() {
    drop();
    gone.abort();
  }

  if (socketUrl && token && 'WebSocket' in window) {
    const { signal } = gone;
    window.addEventListener('online', anew, { signal });
    window.addEventListener('offline', drop, { signal });
    window.addEventListener('pagehide', drop, { signal }); // a page with an open socket is not kept for the back button
    window.addEventListener('pageshow', ({ persisted }) => persisted && anew(), { signal });
    document.addEventListener('visibilitychange', seen, { signal });
    open();
  }
  return { isOpen: () => socket?.readyState === 1, stop };
}
