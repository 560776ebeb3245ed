// A QR that changes every few seconds, so that a photograph of it is soon worthless. The service sends all its frames with
// the code, and says with every answer how old the code is. Nothing is encoded here.

const MARGIN = 4; // light modules around a symbol
const DRIFT_MS = 1500; // the two clocks of a device agree as far as this
const TAG = 5; // letters of a tag
const SLACK_MS = 2000; // an answer is a moment old, and in whole seconds

/** Reads packed bits: answers a function that says whether the bit at a place is set. */
function bits(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  return (at) => (bytes[at >> 3] >> (7 - (at & 7))) & 1;
}

/** One frame as SVG: the modules that all frames share, and those that are its own. */
function drawFrame({ size, still, moving, frames }, frame) {
  const [shared, moves, own] = [still, moving, frames].map(bits);
  const places = [...Array(size * size).keys()];
  const side = size + 2 * MARGIN;
  let moved = frame * places.filter(moves).length;
  let path = '';
  for (const at of places) {
    const dark = moves(at) ? own(moved) : shared(at);
    moved += moves(at);
    if (dark) path += `M${at % size} ${Math.floor(at / size)}h1v1h-1z`;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-${MARGIN} -${MARGIN} ${side} ${side}" shape-rendering="crispEdges">`
    + `<path fill="#fff" d="M-${MARGIN}-${MARGIN}h${side}v${side}h-${side}z"/><path d="${path}"/></svg>`;
}

/**
 * Shows the frames one after the other. `show(svg, tag)` is called for each whose turn it is, and without anything while
 * that is not known; `ask()` then asks the service. Answers how to say how old the code is (`at`), to look now (`look`), and to
 * `stop`.
 *
 * This device's clock may be wrong, may be set, and may stop while the device sleeps. So only the service says how old the
 * code is; the device measures what passes since then with two clocks, and believes them while they agree.
 */
export function rotating(rotate, show, ask) {
  const every = rotate.every * 1000;
  let known = null; // how old the code was, and what the clocks said then
  let shown = -1;
  let timer = 0;

  const age = () => {
    if (!known) return null;
    const passed = performance.now() - known.steady;
    return Math.abs(Date.now() - known.wall - passed) < DRIFT_MS ? known.age + passed : null;
  };

  const look = () => {
    clearTimeout(timer);
    const now = age();
    if (now === null) {
      [known, shown] = [null, -1];
      show();
      return ask();
    }
    const frame = Math.min(Math.floor(now / every), rotate.tags.length / TAG - 1);
    if (frame !== shown) show(drawFrame(rotate, frame), rotate.tags.slice(frame * TAG, (frame + 1) * TAG));
    shown = frame;
    timer = setTimeout(look, every - (now % every));
  };

  return {
    at(seconds) {
      const [believed, told] = [age(), seconds * 1000];
      if (Number.isFinite(told) && (believed === null || Math.abs(believed - told) > SLACK_MS)) {
        known = { age: told, steady: performance.now(), wall: Date.now() };
      }
      look();
    },
    look,
    stop: () => clearTimeout(timer),
  };
}
