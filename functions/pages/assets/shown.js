// Whether a person can see the page: a browser may load it ahead of time (prerendering) or in a tab behind.

const EVENTS = ['prerenderingchange', 'visibilitychange'];

/** Resolves as soon as the page is seen; at once when it is. */
export function shown() {
  return new Promise((resolve) => {
    const look = () => {
      if (document.prerendering || document.hidden) return;
      for (const event of EVENTS) document.removeEventListener(event, look);
      resolve();
    };
    for (const event of EVENTS) document.addEventListener(event, look);
    look();
  });
}
