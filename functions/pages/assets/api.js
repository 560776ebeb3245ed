// One way to call the service. It never throws: a network that fails is an answer too.

const PATIENCE_MS = 15_000; // one try ends after this
const AGAIN_MS = [0, 500, 2000]; // milliseconds to wait after each try; the first try is number 1
const NO_MORE_TRIES_MS = 15_000; // after this no new try begins, so a person waits for half a minute at most

/**
 * Calls `path` and answers `{status, body, retryAfter, date, repeated}`. `status` is 0 when no whole answer came: a success whose
 * body cannot be read is no success. `body` is the parsed JSON or `{}`; `retryAfter` is in seconds, 0 for none; `date` is the
 * header, where there is one.
 *
 * A lost answer is asked for again, `tries` times in all: the service answers a repeated step as it did the first.
 * `repeated` says that it was.
 */
export async function call(method, path, { body, token, tries = 3, cookies = true, cache = 'no-store' } = {}) {
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
    await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS[tried]); });
  }
}

async function callOnce(path, request) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const response = await fetch(path, { ...request, signal: stop.signal });
    const { ok, status, headers } = response;
    const body = await readBody(response);
    const wait = Number.parseInt(headers.get('Retry-After') ?? body?.retryAfter, 10);
    if (body || !ok) return { status, body: body ?? {}, retryAfter: wait > 0 ? wait : 0, date: headers.get('Date') };
  } catch {
    // No answer came, or it broke off.
  } finally {
    clearTimeout(timer);
  }
  return { status: 0, body: {}, retryAfter: 0 };
}

/** The JSON object in an answer, `{}` where none is due, null when it broke off or is something else. */
async function readBody(response) {
  if (response.status === 204) return {};
  try {
    const body = JSON.parse(await response.text());
    return body && typeof body === 'object' ? body : null;
  } catch {
    return null;
  }
}
