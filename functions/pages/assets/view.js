// How things are shown, on every page. Everything goes through textContent, so a name that contains markup
// stays a name.

import { t } from './i18n.js';

export const $ = (id) => document.getElementById(id);

const ICON = '/assets/favicon.svg'; // the build draws it in, so that it costs no request
const main = document.querySelector('main');
const live = $('live');
const unsaid = new Map(); // what is about to be said, by region

/** The state that the page shows now. */
export const state = () => main.dataset.state;

/**
 * Shows `next`: the parts whose data-for names it, and nothing else that has a data-for.
 * `detail` says more in data-code, for styles and tests.
 */
export function show(next, { detail = '', focus = true } = {}) {
  for (const part of document.querySelectorAll('[data-for]')) {
    part.hidden = !part.dataset.for.split(' ').includes(next);
  }
  const stepped = main.dataset.state !== next;
  if (stepped) hush();
  main.dataset.state = next;
  main.dataset.code = detail;
  const heading = [...main.querySelectorAll('h1')].find((each) => !each.closest('[hidden]'));
  const title = heading?.textContent.trim();
  document.title = title ? `${title} · Saoma` : 'Saoma';
  if (focus && stepped) heading?.focus();
}

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

/** Has screen readers say a text, even the same one twice: politely in `live`, at once in `alarm`. */
export function announce(text, region = live) {
  region.textContent = '';
  clearTimeout(unsaid.get(region));
  unsaid.set(region, setTimeout(() => { region.textContent = text; }, 50));
}

/** Clears the announcements, said or planned, of the state that is over. */
function hush() {
  for (const region of document.querySelectorAll('main > .unseen')) {
    clearTimeout(unsaid.get(region));
    region.textContent = '';
  }
}

/** Fills a line, or takes it away when there is nothing to say. */
export function say(element, text) {
  element.textContent = text;
  element.hidden = !text;
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

/** Seconds as mm:ss. */
export function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${String(Math.floor(whole / 60)).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`;
}

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

/** The words for a call that failed on the way, or came too early. */
export function excuse(answer) {
  if (answer.status === 0) return t('error.offline');
  if (answer.status !== 429) return t('error.lead');
  const wait = answer.retryAfter;
  if (!wait || wait > 5400) return t('error.later');
  return wait > 120 ? t('error.slowMinutes', { minutes: Math.ceil(wait / 60) }) : t('error.slow', { seconds: wait });
}
