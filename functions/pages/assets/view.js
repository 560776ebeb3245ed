// How things are shown, on every page. Everything goes through textContent, so a name that contains markup
// stays a name.

import { t } from './i18n.js';
import { viewOf } from './view_of.js';

export { clock, countdown } from './clock.js';
export { say } from './view_of.js';

const ICON = '/assets/favicon.svg'; // the build draws it in, so that it costs no request
const wholePage = viewOf(document, document.querySelector('main'));

export const $ = wholePage.$;
export const announce = wholePage.announce;
export const state = wholePage.state;

/** Shows a state (`viewOf`), and its heading in the browser's title bar, too. */
export function show(next, options) {
  wholePage.show(next, options);
  const title = wholePage.heading()?.textContent.trim();
  document.title = title ? `${title} · Saoma` : 'Saoma';
}

/** The page as the view of a code, for qr.js. */
export const pageView = { ...wholePage, show, t };

/**
 * Removes the "still loading" line and shows our mark. If the style sheet did not load (lost, or of another deployment), the page
 * reloads once. After that it stays unstyled, and works.
 */
export function arrive() {
  $('late').remove();
  [$('icon').href, $('mark').src] = [ICON, ICON];
  const styled = document.querySelector('link[rel=stylesheet]').sheet;
  const again = performance.getEntriesByType('navigation')[0]?.type === 'reload';
  if (!styled && !again) location.reload();
}

/** A list of facts; those without a value are left out. Answers whether any was shown. */
export function list(element, facts) {
  element.replaceChildren();
  for (const [name, value, testid] of facts) {
    if (value === undefined || value === null || value === '') continue;
    const row = document.createElement('div');
    const term = document.createElement('dt');
    const detail = document.createElement('dd');
    // A stranger's text may run right to left; isolated, it cannot turn ours around.
    const text = document.createElement('bdi');
    term.textContent = name;
    text.textContent = value;
    if (testid) text.dataset.testid = testid;
    detail.append(text);
    row.append(term, detail);
    element.append(row);
  }
  return element.childElementCount > 0;
}

/** Runs `work` once however often the button is pressed, and shows that it runs. */
export async function busy(button, work) {
  if (button.getAttribute('aria-busy') === 'true') return;
  // Not `disabled`: that would throw the keyboard's focus away.
  button.setAttribute('aria-busy', 'true');
  try {
    await work();
  } finally {
    button.removeAttribute('aria-busy');
  }
}
