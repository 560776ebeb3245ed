// Asks for a code by SMS: as a device that the service knows, and with a puzzle solved if the message costs one.

import { call } from './api.js';
import { recallKnown } from './known.js';
import { solve } from './puzzle.js';

const MOST_PUZZLES = 3; // one is usual; the price may rise while we work

/** 128 random bits, base64url: names one attempt, so that a repeated call sends no second message. */
export function drawChallenge() {
  const bits = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bits)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The answer to the request; `solving` is told when a puzzle is begun (true) and done (false). */
export async function requestCode(phone, challenge, solving) {
  const body = { phone, challenge, known: recallKnown(phone) };
  for (let left = MOST_PUZZLES; ; left -= 1) {
    const answer = await call('POST', '/api/user/sendCode', { body });
    if (answer.body.code !== 'puzzle_required' || left === 0) return answer;
    solving(true);
    body.puzzle = await solve(answer.body.puzzle);
    solving(false);
    if (!body.puzzle) return answer;
  }
}
