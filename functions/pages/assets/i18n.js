// Speaks the person's language. The words are in words/, both languages side by side so that neither is forgotten.
// `{name}` in a text is replaced by what `t` is given.

import { prefersChinese, speak } from './speak.js';
import { everyWords } from './words/every.js';

const words = { ...everyWords };

/** Adds what a page says. */
export const learn = (more) => Object.assign(words, more);

// A site may wish for a language in the address (`ui_locales` in docs/oauth.md); else it is the browser's.
const wished = [new URLSearchParams(location.search).get('lang'), ...(navigator.languages ?? [navigator.language])];
const chinese = prefersChinese(wished);

/** The page's language as a BCP 47 tag. */
export const language = chinese ? 'zh-CN' : 'en';

/** The text under `key`, its `{names}` filled in. */
export const t = (key, values) => speak(words, chinese, key, values);

/** A stranger's text, which may run right to left: isolated, it cannot turn ours around. */
export const isolate = (text) => `\u2068${text}\u2069`;

/** Puts every text marked data-t into the page. */
export function translate() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
}

const DAYS_FROM = 36 * 3600; // after this, days are easier to read

/** "2 minutes ago", from the seconds that passed. */
export function ago(passed) {
  if (passed < 10) return t('consent.justNow');
  const format = new Intl.RelativeTimeFormat(language);
  if (passed < 90) return format.format(-passed, 'second');
  if (passed < 5400) return format.format(-Math.round(passed / 60), 'minute');
  if (passed < DAYS_FROM) return format.format(-Math.round(passed / 3600), 'hour');
  return format.format(-Math.round(passed / 86_400), 'day');
}

/** "Edge on Windows", as the service names browsers, in the page's language. */
export function translateBrowser(text) {
  const [, browser, system] = /^(.+) on (.+)$/.exec(text) ?? [];
  return system ? t('consent.browserOn', { browser, system }) : text;
}

/** Hours and minutes, the way both languages read them on a clock. */
export function timeOfDay(date) {
  return date.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}
