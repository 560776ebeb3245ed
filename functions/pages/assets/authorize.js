// A site's person signs in by OAuth: the screen shows the code, and the browser goes back to the site when the phone has
// confirmed, or when the person wants back.

import { askedCodes, leadsOn } from './asked_codes.js';
import { call } from './api.js';
import { excuse } from './excuse.js';
import { learn, t, translate } from './i18n.js';
import { opensHere } from './open_here.js';
import { showCode } from './qr.js';
import { takeRequest } from './sealed.js';
import { $, announce, arrive, busy, pageView, say, show, state } from './view.js';
import { authorizeWords } from './words/authorize.js';
import { codeWords } from './words/code.js';
import { scopeWords } from './words/scopes.js';
import { screenWords } from './words/screen.js';

/** The request is too old or broken: only the site can make a new one. */
function tellOver() {
  code?.stopCode();
  show('over');
  announce(t('authorize.over.lead'));
}

/** Sends the browser back to the site, with the error `access_denied`. */
async function goBack() {
  say($('back-problem'), '');
  // The code ends, too, so no phone confirms it any more.
  const answer = await call('POST', '/oauth/authorize/cancel', { body: { request }, token: code.shownSecret() });
  if (state() === 'signing-in') return; // the phone was faster
  if (answer.status === 400) return tellOver();
  if (answer.status !== 200 || !leadsOn(answer.body.url ?? '')) return say($('back-problem'), excuse(answer));
  code.stopCode();
  codes.leave(answer.body.url);
}

/** The browser is signed in: the person may go on without a scan. */
function offer(client, person) {
  const names = { client, person };
  $('known-title').textContent = t('authorize.known.title', names);
  $('known-lead').textContent = t('authorize.known.lead', names);
  $('continue').textContent = t('authorize.continue', names);
  $('another').textContent = t(codes.strict ? 'authorize.someoneElse' : 'authorize.another');
  $('known-title').before($('client-logo'));
  $('known-learns').append($('learns-part'));
  show('known');
  announce($('known-lead').textContent);
}

async function goOn() {
  say($('continue-problem'), '');
  const answer = await call('POST', '/oauth/authorize/continue', { body: { request } });
  if (answer.status === 400) return tellOver();
  if (answer.status === 403) return startAnew(); // signed out meanwhile, or signed in for too long
  if (answer.status !== 200 || !leadsOn(answer.body.url ?? '')) return say($('continue-problem'), excuse(answer));
  codes.leave(answer.body.url);
}

/** Goes to the page where the person signs in in this browser. The mark `!another`: another person wants to sign in. */
const signInHere = (mark = '') => location.replace(`/authorize/here${location.search}#${request}${mark}`);

/** Asks the service again what the person may do. */
function startAnew() {
  $('title').before($('client-logo'));
  $('lead').after($('learns-part'));
  code.startOver();
}

function useAnother() {
  if (codes.strict) return signInHere('!another');
  codes.scan = true;
  return startAnew();
}

arrive();
learn(codeWords);
learn(screenWords);
learn(scopeWords);
learn(authorizeWords);
translate();
opensHere();
const request = takeRequest();
$('back').addEventListener('click', () => busy($('back'), goBack));
$('continue').addEventListener('click', () => busy($('continue'), goOn));
$('another').addEventListener('click', useAnother);
$('someone-else').addEventListener('click', () => signInHere('!another'));
const codes = askedCodes(request, { over: tellOver, known: offer, here: signInHere });
const code = request ? showCode(codes, pageView) : null;
if (!code) tellOver();
