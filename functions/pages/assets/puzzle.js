// Has a puzzle solved in a worker. The service asks for one when messages are asked for unusually often.

const SOLVED_WITHIN_MS = 240_000; // the dearest puzzle takes a slow phone about a minute

/** The solution of `{token, parts, bits}`, or null when this browser finds none. */
export function solve(puzzle) {
  return new Promise((resolve) => {
    let worker = null;
    const done = (solution) => {
      worker?.terminate();
      resolve(solution);
    };
    try {
      worker = new Worker('/assets/puzzle_worker.js');
      worker.onmessage = ({ data }) => done(data.solution);
      worker.onerror = () => done(null);
      worker.postMessage(puzzle);
      setTimeout(done, SOLVED_WITHIN_MS, null);
    } catch {
      done(null); // this browser has no workers for us
    }
  });
}
