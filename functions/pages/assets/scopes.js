// Says what a client learns of a person, and how long it may.

import { t } from './i18n.js';
import { $ } from './view.js';

const DATA = ['profile', 'phone']; // in the order in which they are named

/** What a client with these scopes learns. Every client learns who the person is to the service. */
export const learnt = (scopes) => ['sub', ...DATA.filter((each) => scopes.includes(each))].map((each) => t(`scopes.${each}`));

/** Fills the part of a page that says so; a client without scopes, which speaks no OAuth, has none. */
export function tellScopes(scopes) {
  $('learns-part').hidden = !Array.isArray(scopes);
  if (!Array.isArray(scopes)) return;
  $('learns').replaceChildren(...learnt(scopes).map(pill));
  $('stays').hidden = !scopes.includes('offline_access');
}

function pill(words) {
  const item = document.createElement('li');
  item.textContent = words;
  return item;
}
