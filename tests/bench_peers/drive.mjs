// Signs in again and again, some at a time: argv[2] is `{kind, origin, logins, parallel, phones?, client?}` as JSON. Prints
// how many seconds that took, and how many requests one login is.

import { Agent, request } from 'node:http';
import { BACK, CLIENT, SECRET, VERIFIER, asked } from './login.mjs';

const told = JSON.parse(process.argv[2]);
const { kind, origin, logins, parallel, phones = [], client = `Basic ${btoa(`${CLIENT}:${SECRET}`)}` } = told;
const agent = new Agent({ keepAlive: true, maxSockets: parallel });
let requests = 0;

/** One call over HTTP; `{status, headers, body}`. */
function call(method, path, { headers = {}, body } = {}) {
  requests += 1;
  return new Promise((done, failed) => {
    const sent = request(new URL(path, origin), { method, agent, headers }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      const { statusCode: status, headers: fields } = answer;
      answer.on('end', () => done({ status, headers: fields, body: Buffer.concat(parts).toString() }));
    });
    sent.on('error', failed);
    sent.end(body);
  });
}

/** The answer, if it has this status. */
async function expect(status, answer) {
  const found = await answer;
  if (found.status !== status) throw new Error(`${found.status} instead of ${status}: ${found.body.slice(0, 500)}`);
  return found;
}

const json = (token, body) => ({
  headers: { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** The site's server exchanges the code. */
async function exchange(path, code) {
  const body = new URLSearchParams({ grant_type: 'authorization_code', redirect_uri: BACK, code_verifier: VERIFIER, code });
  const headers = { authorization: client, 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await expect(200, call('POST', path, { headers, body: body.toString() }));
  if (!JSON.parse(answer.body).id_token) throw new Error(`no ID token: ${answer.body}`);
}

const codeIn = (address) => new URL(address).searchParams.get('code');

/** A browser without cookies follows redirects, until it is sent back to the site. */
async function throughProvider() {
  const cookies = new Map();
  let at = `/auth?${asked()}`;
  while (!at.startsWith(BACK)) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await expect(303, call('GET', at, { headers: { cookie } }));
    for (const set of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    at = answer.headers.location;
  }
  await exchange('/token', codeIn(at));
}

/** The page shows its QR, a phone that is signed in scans and confirms, and the page asks how it stands. */
async function throughOurs(number) {
  const phone = phones[number % phones.length];
  const sent = await expect(302, call('GET', `/oauth/authorize?${asked()}`));
  const sealed = sent.headers.location.split('#')[1];
  const begun = await expect(200, call('POST', '/oauth/authorize/begin', json('', { request: sealed })));
  const { code, rotate, pollToken, matchNumber } = JSON.parse(begun.body);
  const scanned = `/q/${code}-${rotate.tags.slice(0, 5)}`;
  await expect(200, call('POST', `${scanned}/scan`, json(phone, {})));
  await expect(200, call('POST', `${scanned}/confirm`, json(phone, { matchNumber })));
  const status = await expect(200, call('GET', '/oauth/authorize/status', { headers: { token: pollToken } }));
  await exchange('/oauth/token', codeIn(JSON.parse(status.body).url));
}

const one = { provider: throughProvider, ours: throughOurs }[kind];

/** So many logins, some at a time. */
async function all(count) {
  let next = 0;
  const lane = async () => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: parallel }, lane));
}

const began = performance.now();
await all(logins);
console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, requests: requests / logins }));
process.exit(0);
