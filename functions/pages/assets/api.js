// One way to call the service. It never throws: a network that fails is an answer too.

const PATIENCE_MS = 15_000; // one try ends after this
const AGAIN_MS = [500, 2000]; // waits before the second and the third try
const NO_MORE_TRIES_MS = 15_000; // after this no new try begins, so a person waits for half a minute at most

let skew = Number.NaN; // the service's clock less this device's, which may be hours wrong

/** Now on the service's clock, in milliseconds since 1970; NaN before its first answer. */
export const serviceTime = () => Date.now() + skew;

/**
 * Calls `path` and answers `{status, body, retryAfter, repeated}`. `status` is 0 when no whole answer came: a success whose
 * body cannot be read is no success. `body` is the parsed JSON or `{}`; `retryAfter` is in seconds, 0 for none.
 *
 * A lost answer is asked for again, `tries` times in all: the service answers a repeated step as it did the first.
 * `repeated` says that it was.
 */
export async function call(method, path, { body, token, tries = AGAIN_MS.length + 1, cookies = true, cache = 'no-store' } = {}) {
  const headers = { Accept: 'application/json, application/problem+json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token) headers.token = token;
  const request = {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: cookies ? 'same-origin' : 'omit',
    cache,
    redirect: 'error',
  };
  const began = Date.now();
  for (let tried = 1; ; tried += 1) {
    const answer = await callOnce(path, request);
    const enough = tried >= tries || Date.now() - began > NO_MORE_TRIES_MS;
    if (answer.status !== 0 || enough) return { ...answer, repeated: tried > 1 };
    await pause(AGAIN_MS[tried - 1]);
  }
}

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

async function callOnce(path, request) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const response = await fetch(path, { ...request, signal: stop.signal });
    const body = await readBody(response);
    if (!body && response.ok) return { status: 0, body: {}, retryAfter: 0 };
    const wait = Number.parseInt(response.headers.get('Retry-After') ?? body?.retryAfter, 10);
    return { status: response.status, body: body ?? {}, retryAfter: wait > 0 ? wait : 0 };
  } catch {
    return { status: 0, body: {}, retryAfter: 0 };
  } finally {
    clearTimeout(timer);
  }
}

/** The JSON object in an answer, `{}` where none is due, null when it broke off or is something else. */
async function readBody(response) {
  if (response.status === 204) return {};
  try {
    const body = JSON.parse(await response.text());
    noteTime(response.headers.get('Date'));
    return body && typeof body === 'object' ? body : null;
  } catch {
    return null;
  }
}

function noteTime(date) {
  const told = Date.parse(date ?? '');
  if (Number.isFinite(told)) skew = told - Date.now();
}
