// What the server, the driver and make bench agree on: one client, and a secret with its SHA-256 (RFC 7636 appendix B).

export const CLIENT = 'bench-screen';
export const SECRET = 'a-secret-of-the-bench-0123456789';
export const BACK = 'https://site.example/cb';
export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'; // RFC 8628 section 3.4
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

/** What a site sends a browser with: a code flow with PKCE (RFC 6749 section 4.1, RFC 7636). */
export const asked = () => new URLSearchParams({
  response_type: 'code', client_id: CLIENT, redirect_uri: BACK, scope: 'openid profile', state: 's', nonce: 'n',
  code_challenge: CHALLENGE, code_challenge_method: 'S256',
});
