// Says what a client learns of a person, and how long it may.

import { fill } from './fill.js';
import { t } from './i18n.js';
import { $ } from './view.js';

// The parts are made here, because most pages ask for no scope.
const LEARNS = [
  '<h2 id="learns-title" data-t="scopes.learns"></h2>',
  '<ul id="learns" class="learns" role="list" aria-labelledby="learns-title" data-testid="learns"></ul>',
  '<p id="stays" class="hint" data-testid="stays" data-t="scopes.stays" hidden></p>',
];
fill($('learns-part'), LEARNS);

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
