// One way to call the service. It never throws: a network that fails is an answer too.

const PATIENCE_MS = 15_000;

/**
 * Calls `path` and answers `{status, body, retryAfter}`. `status` is 0 when nothing came back;
 * `body` is the parsed JSON or `{}`; `retryAfter` is in seconds, 0 when nobody asked to wait.
 */
export async function call(method, path, { body, token } = {}) {
  const headers = { Accept: 'application/json, application/problem+json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: stop.signal,
    });
    const parsed = await response.json().catch(() => ({}));
    const answer = parsed && typeof parsed === 'object' ? parsed : {};
    const wait = Number.parseInt(response.headers.get('Retry-After') ?? answer.retryAfter, 10);
    return { status: response.status, body: answer, retryAfter: wait > 0 ? wait : 0 };
  } catch {
    return { status: 0, body: {}, retryAfter: 0 };
  } finally {
    clearTimeout(timer);
  }
}
