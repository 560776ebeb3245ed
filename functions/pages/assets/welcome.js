// Signed in: hands the ticket in for a token, and checks the token against the published keys.

import { call } from './api.js';
import { language, t } from './i18n.js';
import { keeps } from './keeps.js';
import { takeSecret } from './own_codes.js';
import { shown } from './shown.js';
import { $, list, show } from './view.js';

const TIMES = ['iat', 'nbf', 'exp', 'auth_time'];

/** The ticket in an address; null when there is none. */
const ticketIn = (url) => new URL(url ?? '', location.href).searchParams.get('ticket');

/** The ticket, taken out of the address before anything else can read, keep or send it. */
function takeTicket() {
  const ticket = ticketIn(location.href);
  history.replaceState(null, '', location.pathname);
  return ticket;
}

const bytes = (base64url) => Uint8Array.from(
  atob(base64url.replace(/-/g, '+').replace(/_/g, '/')),
  (character) => character.charCodeAt(0),
);
const json = (base64url) => JSON.parse(new TextDecoder().decode(bytes(base64url)));

/** The published key with this `kid`: from the browser's cache, else fetched. `null` if it is not published, `undefined` if no keys could be read. */
async function findKey(kid) {
  for (const cache of ['force-cache', 'no-cache']) {
    const { body } = await call('GET', '/.well-known/jwks.json', { cache });
    if (!Array.isArray(body.keys)) return undefined;
    const key = body.keys.find((each) => each.kid === kid);
    if (key) return key;
  }
  return null;
}

/** Whether this key signed this ES256 token. Only to show it: a site's server checks for itself. */
async function isSignedBy({ kty, crv, x, y }, token) {
  const [head, claims, signature] = token.split('.');
  if (json(head).alg !== 'ES256' || kty !== 'EC' || crv !== 'P-256') return false;
  const p256 = { name: 'ECDSA', namedCurve: 'P-256' };
  const imported = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, p256, false, ['verify']);
  const signed = new TextEncoder().encode(`${head}.${claims}`);
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, imported, bytes(signature), signed);
}

async function check(token) {
  // WebCrypto is there on https and localhost only.
  if (!crypto.subtle) return 'unchecked';
  try {
    const key = await findKey(json(token.split('.')[0]).kid);
    if (key === undefined) return 'unchecked'; // no keys could be read
    return key && await isSignedBy(key, token) ? 'verified' : 'unverified';
  } catch {
    return 'unverified';
  }
}

function seal(result) {
  $('verified').textContent = t(`welcome.${result}`);
  $('verified').dataset.result = result;
}

function describe(name, value) {
  if (TIMES.includes(name) && Number.isFinite(value)) {
    return new Date(value * 1000).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'medium' });
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The token's claims in the order they were signed; nothing when it is no JWT. */
function readClaims(token) {
  try {
    return Object.entries(json(token.split('.')[1])).map(([name, value]) => [name, describe(name, value), `claim-${name}`]);
  } catch {
    return [];
  }
}

function fail(reason) {
  $('failed-title').textContent = t(`welcome.${reason}.title`);
  $('failed-lead').textContent = t(`welcome.${reason}.lead`);
  show('failed');
}

/** Reloaded, or opened without a ticket: nothing went wrong, there is only nothing to show. */
function shownOnce() {
  $('failed-back').textContent = t('welcome.back');
  $('failed-mark').classList.replace('bad', 'quiet');
  fail('shownOnce');
}

/** Why no token came, as far as it was read. */
function whyNot({ status }) {
  const refused = status >= 400 && status < 500 && status !== 429;
  if (!refused) return 'unreachable';
  return keeps() ? 'usedUp' : 'blocked';
}

/**
 * Hands a ticket in. A ticket lasts a minute, and the tab may have been out of sight for longer: while the login is
 * confirmed, the secret of its screen gets a fresh one.
 */
async function redeem(ticket) {
  const token = takeSecret();
  const hand = (each) => call('POST', '/welcome', { body: { ticket: each }, token });
  const answer = await hand(ticket);
  if (answer.status !== 400 || !token) return answer;
  const fresh = ticketIn((await call('GET', '/qr/login', { token, cookies: false })).body.url);
  return fresh ? hand(fresh) : answer;
}

/** Redeems the ticket in the address and shows what it gave. */
export async function welcome() {
  const ticket = takeTicket();
  if (!ticket) return shownOnce();
  await shown();
  const answer = await redeem(ticket);
  const { access_token: token, user } = answer.body;
  if (answer.status !== 200 || !token) return fail(whyNot(answer));
  $('name').textContent = user?.nickName ?? '';
  $('member').textContent = user?.memberId ?? '';
  list($('claims'), readClaims(token));
  seal('checking');
  show('signed-in');
  seal(await check(token));
}
