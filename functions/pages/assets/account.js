// The person signed in on this phone: kept here, renewed here, forgotten here.

import { call } from './api.js';

const KEY = 'saoma.account';
// Renew a little early: a token that dies on the way costs a round trip.
const EARLY_MS = 10_000;

let unkept = null; // where the account lives when the browser keeps nothing
let renewing = null;

/** The signed-in person, `{token, refreshToken, expiresAt, name}`, or null. */
export function signedIn() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    return kept?.token ? kept : unkept;
  } catch {
    return unkept;
  }
}

/** Keeps what a sign-in or a refresh answered. */
export function keep({ token, refreshToken, expiresIn, user }) {
  const name = user?.nickName ?? signedIn()?.name ?? '';
  const account = { token, refreshToken, expiresAt: Date.now() + expiresIn * 1000, name };
  try {
    localStorage.setItem(KEY, JSON.stringify(account));
    unkept = null;
  } catch {
    unkept = account;
  }
}

export function forget() {
  unkept = null;
  try {
    localStorage.removeItem(KEY);
  } catch { /* nothing was kept */ }
}

/** Tells the service that the tokens are done with, and forgets them whatever it says. */
export async function signOut() {
  await post('/api/user/logout', {});
  forget();
}

/** GETs as the signed-in person. */
export const get = (path) => send('GET', path);

/** POSTs as the signed-in person. */
export const post = (path, body) => send('POST', path, body);

/**
 * A token that is old, or refused once, is renewed first; a 401 that comes back all the same means
 * that there is nobody signed in any more.
 */
async function send(method, path, body) {
  let account = signedIn();
  if (!account) return { status: 401, body: { code: 'unauthorized' }, retryAfter: 0 };
  if (account.expiresAt - EARLY_MS < Date.now()) {
    const refused = await renew(account.token);
    if (refused) return refused;
    account = signedIn();
  }
  const answer = await call(method, path, { body, token: account.token });
  if (answer.status !== 401) return answer;
  return (await renew(account.token)) ?? call(method, path, { body, token: signedIn().token });
}

/** Renews the tokens if `stale` is still the one we hold. Answers null, or the answer that refused. */
function renew(stale) {
  renewing ??= alone(() => renewOnce(stale)).finally(() => { renewing = null; });
  return renewing;
}

// A refresh token used twice revokes its whole family, so two tabs must take turns.
const alone = (work) => (navigator.locks ? navigator.locks.request(KEY, work) : work());

async function renewOnce(stale) {
  const account = signedIn();
  if (!account) return { status: 401, body: { code: 'unauthorized' }, retryAfter: 0 };
  if (account.token !== stale) return null; // another tab was faster
  const answer = await call('POST', '/api/user/refresh', { body: { refreshToken: account.refreshToken } });
  if (answer.status === 200 && answer.body.token) {
    keep(answer.body);
    return null;
  }
  // A refusal is final; a network that fails is not.
  if ([400, 401, 403, 404].includes(answer.status)) {
    forget();
    return { ...answer, status: 401 };
  }
  return answer;
}
