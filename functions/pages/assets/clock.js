// Time that runs out, on every page and in the widget.

/** Whole seconds as mm:ss. */
export const clock = (seconds) => [Math.floor(seconds / 60), seconds % 60].map((part) => String(part).padStart(2, '0')).join(':');

/** Counts down to `end` (milliseconds since 1970), a call a second, the last with 0. Answers how to stop. */
export function countdown(end, each) {
  const tick = () => {
    // By the clock on the wall, so a laptop that slept wakes to the truth.
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (left === 0) clearInterval(timer);
    each(left);
  };
  const timer = setInterval(tick, 1000);
  tick();
  return () => clearInterval(timer);
}
