// A QR that changes every few seconds, so that a photograph of it is soon worthless. The service sends all its frames with
// the code, and says with every answer how old the code is. Nothing is encoded here.

const DRIFT_MS = 1500; // the two clocks of a device agree as far as this
const TAG = 5; // characters of a tag
const SLACK_MS = 2000; // an answer is a moment old, and in whole seconds

/** Reads packed bits: answers a function that says whether the bit at a place is set. */
function bits(text) {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return (at) => (bytes.charCodeAt(at >> 3) >> (7 - (at & 7))) & 1;
}

/** One frame as SVG: the modules that all frames share, and those that are its own. */
function drawFrame({ size, still, moving, frames }, frame) {
  const [shared, moves, own] = [still, moving, frames].map(bits);
  const side = size + 8; // four light modules around the symbol
  let moved = 0;
  let path;
  // The frames stand one behind the other, so those before this one are drawn, too.
  for (let drawn = 0; drawn <= frame; drawn += 1) {
    path = '';
    for (let at = 0; at < size * size; at += 1) {
      if (moves(at) ? own(moved) : shared(at)) path += `M${at % size} ${Math.floor(at / size)}h1v1h-1z`;
      moved += moves(at);
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 ${side} ${side}" shape-rendering="crispEdges">`
    + `<path fill="#fff" d="M-9-9h999v999H-9z"/><path d="${path}"/></svg>`;
}

/**
 * Shows the frames one after the other. `show(svg, tag)` is called for each whose turn it is, and without anything while
 * that is not known; `ask()` then asks the service. Answers how to say how old the code is (`at`), to look now (`look`), and to
 * `stop`.
 *
 * This device's clock may be wrong, may be set, and may stop while the device sleeps. So only the service says how old the
 * code is; the device measures what passes since then with two clocks, and believes them while they agree.
 */
export function rotating({ every, tags, ...modules }, show, ask) {
  const each = every * 1000;
  let steady; // when the code was opened, by the clock that cannot be set
  let wall; // the same by the clock on the wall
  let shown;
  let timer;

  /** How old the code is; undefined while that is not known. */
  const age = () => {
    const passed = performance.now() - steady;
    return Math.abs(Date.now() - wall - passed) < DRIFT_MS ? passed : undefined;
  };

  const look = () => {
    clearTimeout(timer);
    const now = age();
    if (now === undefined) {
      steady = shown = undefined;
      show();
      return ask();
    }
    const frame = Math.min(Math.floor(now / each), tags.length / TAG - 1);
    if (frame !== shown) show(drawFrame(modules, frame), tags.slice(frame * TAG, (frame + 1) * TAG));
    shown = frame;
    timer = setTimeout(look, each - (now % each));
  };

  return {
    at(seconds) {
      const told = seconds * 1000;
      // While the age is not known, the difference is NaN, and the comparison is false.
      if (told >= 0 && !(Math.abs(age() - told) <= SLACK_MS)) {
        steady = performance.now() - told;
        wall = Date.now() - told;
      }
      look();
    },
    look,
    stop: () => clearTimeout(timer),
  };
}
