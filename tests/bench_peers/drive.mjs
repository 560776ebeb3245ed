// Signs in again and again, some at a time: argv[2] is `{server, flow, origin, logins, parallel, phones?, client?}` as
// JSON. Prints how many seconds that took, and how many requests one login is.

import { Agent, request } from 'node:http';
import { BACK, CLIENT, DEVICE_CODE, SECRET, VERIFIER, asked } from './login.mjs';

const told = JSON.parse(process.argv[2]);
const { server, flow, origin, logins, parallel, phones = [], client = `Basic ${btoa(`${CLIENT}:${SECRET}`)}` } = told;
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

const form = (fields, headers = { authorization: client }) => ({
  headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
});

/** The client gets its tokens. */
async function tokens(path, fields) {
  const answer = await expect(200, call('POST', path, form(fields)));
  if (!JSON.parse(answer.body).id_token) throw new Error(`no ID token: ${answer.body}`);
}

const exchange = (path, code) =>
  tokens(path, { grant_type: 'authorization_code', redirect_uri: BACK, code_verifier: VERIFIER, code });

/** A device asks for a code. */
async function begun(path) {
  return JSON.parse((await expect(200, call('POST', path, form({ client_id: CLIENT, scope: 'openid profile' })))).body);
}

const codeIn = (address) => new URL(address).searchParams.get('code');

/** A browser that was never here; what it calls with its cookies. */
function browser() {
  const cookies = new Map();
  return async (status, method, path, { headers = {}, body } = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await expect(status, call(method, path, { headers: { ...headers, cookie }, body }));
    for (const set of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    return answer;
  };
}

/** A browser follows redirects, until it is sent back to the site. */
async function codeThroughProvider() {
  const visit = browser();
  let at = `/auth?${asked()}`;
  while (!at.startsWith(BACK)) at = (await visit(303, 'GET', at)).headers.location;
  await exchange('/token', codeIn(at));
}

/** A device asks for a code, a browser confirms it, and the device asks for its tokens. */
async function deviceThroughProvider() {
  const { device_code: device, user_code: code } = await begun('/device/auth');
  const visit = browser();
  const page = await visit(200, 'GET', `/device?user_code=${code}`);
  const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec(page.body);
  const agreed = await visit(303, 'POST', '/device', form({ xsrf, user_code: code, confirm: 'yes' }, {}));
  const back = await visit(303, 'GET', agreed.headers.location);
  await visit(200, 'GET', back.headers.location);
  await tokens('/token', { grant_type: DEVICE_CODE, device_code: device });
}

/** A phone that is signed in scans a QR and confirms. */
async function confirmed(number, scanned, picked) {
  const phone = phones[number % phones.length];
  await expect(200, call('POST', `/q/${scanned}/scan`, json(phone, {})));
  await expect(200, call('POST', `/q/${scanned}/confirm`, json(phone, picked)));
}

/** The page shows its QR, the phone confirms, and the page asks how it stands. */
async function codeThroughOurs(number) {
  const sent = await expect(302, call('GET', `/oauth/authorize?${asked()}`));
  const sealed = sent.headers.location.split('#')[1];
  const page = await expect(200, call('POST', '/oauth/authorize/begin', json('', { request: sealed })));
  const { code, rotate, pollToken, matchNumber } = JSON.parse(page.body);
  await confirmed(number, `${code}-${rotate.tags.slice(0, 5)}`, { matchNumber });
  const status = await expect(200, call('GET', '/oauth/authorize/status', { headers: { token: pollToken } }));
  await exchange('/oauth/token', codeIn(JSON.parse(status.body).url));
}

/** A device shows its QR, the phone confirms, and the device asks for its tokens. */
async function deviceThroughOurs(number) {
  const { device_code: device } = await begun('/oauth/device_authorization');
  await confirmed(number, device.split('.')[0], {});
  await tokens('/oauth/token', { grant_type: DEVICE_CODE, device_code: device });
}

const one = {
  provider: { code: codeThroughProvider, device: deviceThroughProvider },
  ours: { code: codeThroughOurs, device: deviceThroughOurs },
}[server][flow];

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
