// Where states are shown: on a page of ours, or inside an element that stands on a page of a site. Everything goes
// through textContent, so a name that contains markup stays a name.

/** Fills a line, or takes it away when there is nothing to say. */
export function say(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

/**
 * The view of what stands below `root`, a document or a shadow root. `main` carries the state and holds the headings, which
 * the selector `headings` finds. `takesFocus` says whether a new state may move the keyboard's focus to its heading.
 */
export function viewOf(root, main, { headings = 'h1', takesFocus = () => true } = {}) {
  const unsaid = new Map(); // what is about to be said, by region
  const $ = (id) => root.getElementById(id);
  const all = (selector) => root.querySelectorAll(selector);
  const heading = () => [...main.querySelectorAll(headings)].find((each) => !each.closest('[hidden]'));

  /** The state that is shown now. */
  const state = () => main.dataset.state;

  /**
   * Shows `next`: the parts whose data-for names it, and nothing else that has a data-for.
   * `detail` says more in data-code, for styles and tests.
   */
  function show(next, { detail = '', focus = takesFocus() } = {}) {
    const held = root.activeElement;
    for (const part of all('[data-for]')) part.hidden = !part.dataset.for.split(' ').includes(next);
    const stepped = state() !== next;
    if (stepped) hush();
    main.dataset.state = next;
    main.dataset.code = detail;
    // What held the focus may be gone, and a person must not lose their place with it.
    if ((focus && stepped) || held?.closest('[hidden]')) heading()?.focus();
  }

  /** Has screen readers say a text, even the same one twice: politely in `live`, at once in `alarm`. */
  function announce(text, region = $('live')) {
    region.textContent = '';
    clearTimeout(unsaid.get(region));
    unsaid.set(region, setTimeout(() => { region.textContent = text; }, 50));
  }

  /** Clears the announcements, said or planned, of the state that is over. */
  function hush() {
    for (const region of main.querySelectorAll(':scope > .unseen')) {
      clearTimeout(unsaid.get(region));
      region.textContent = '';
    }
  }

  return { $, all, announce, heading, show, state, takesFocus };
}
