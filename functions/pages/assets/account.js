// The person signed in on this phone: kept here, renewed here, forgotten here.

import { call } from './api.js';
import { recall, remember } from './kept.js';

const ACCOUNT = 'saoma.account';
// Renew a little early: a token that dies on the way costs a round trip.
const EARLY_MS = 10_000;
// A tab that holds the lock may be frozen. Going past it is safe: the service answers the same refresh token twice.
const LOCK_MS = 3000;

const NOT_SIGNED_IN = { status: 401, body: { code: 'unauthorized' }, retryAfter: 0 };
let renewing = null;
let skew = Number.NaN; // the service's clock less this device's, which may be hours wrong

/** Now on the service's clock, in milliseconds since 1970; NaN before its first answer to a person who is signed in. */
export const serviceTime = () => Date.now() + skew;

/** The signed-in person, `{token, refreshToken, expiresAt, name}`, or null. */
export function signedIn() {
  const account = recall(ACCOUNT, 'localStorage');
  return account?.token ? account : null;
}

/** Keeps what a sign-in or a refresh answered. */
export function keepAccount({ token, refreshToken, expiresIn, user }) {
  const name = user?.nickName ?? signedIn()?.name ?? '';
  remember(ACCOUNT, { token, refreshToken, expiresAt: Date.now() + expiresIn * 1000, name }, 'localStorage');
}

export const forgetAccount = () => remember(ACCOUNT, null, 'localStorage');

/** Tells the service that the tokens are done with, and forgets them whatever it says. */
export async function signOut() {
  await postAs('/api/user/logout', {});
  forgetAccount();
}

/** GETs as the signed-in person. */
export const getAs = (path, options) => send('GET', path, options);

/** POSTs as the signed-in person. */
export const postAs = (path, body) => send('POST', path, { body });

/** DELETEs as the signed-in person. */
export const deleteAs = (path, body) => send('DELETE', path, { body });

/**
 * A token that is old, or refused once, is renewed first; a 401 that comes back all the same means
 * that this sign-in is over.
 */
async function send(method, path, options) {
  let account = signedIn();
  if (!account) return NOT_SIGNED_IN;
  if (account.expiresAt - EARLY_MS < Date.now()) {
    const refused = await renew(account.token);
    if (refused) return refused;
    account = signedIn();
  }
  const answer = await callAs(account, method, path, options);
  if (answer.status !== 401 || !account) return answer;
  return (await renew(account.token)) ?? callAs(signedIn(), method, path, options);
}

/** Calls with this person's token, and notes what the service's clock says. */
async function callAs(account, method, path, options) {
  const answer = await call(method, path, { ...options, token: account?.token });
  const told = Date.parse(answer.date ?? '');
  if (Number.isFinite(told)) skew = told - Date.now();
  return answer;
}

/** Renews the tokens if `stale` is still the one we hold. Answers null, or the answer that refused. */
function renew(stale) {
  renewing ??= alone(() => renewOnce(stale)).finally(() => { renewing = null; });
  return renewing;
}

/** Lets this browser's tabs take turns, but waits for none longer than a few seconds. */
async function alone(work) {
  try {
    return await navigator.locks.request(ACCOUNT, { signal: AbortSignal.timeout(LOCK_MS) }, work);
  } catch {
    return work(); // held too long, or this browser has no locks for us
  }
}

async function renewOnce(stale) {
  const account = signedIn();
  if (!account) return NOT_SIGNED_IN;
  if (account.token !== stale) return null; // another tab was faster
  const { refreshToken } = account;
  const answer = await call('POST', '/api/user/refresh', { body: { refreshToken } });
  if (answer.status === 200 && answer.body.token) {
    keepAccount(answer.body);
    return null;
  }
  // A network that fails is not final; a refusal is, unless another tab has renewed meanwhile.
  if (![400, 401, 403, 404].includes(answer.status)) return answer;
  if (signedIn() && signedIn().refreshToken !== refreshToken) return null;
  forgetAccount();
  return { ...answer, status: 401 };
}
