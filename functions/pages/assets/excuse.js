// The words for a call that did not work out.

import { learn, t } from './i18n.js';
import { commonWords } from './words/common.js';

learn(commonWords);

/** The words for a call that failed on the way, or came too early. */
export function excuse(answer) {
  if (answer.status === 0) return t('error.offline');
  if (answer.status !== 429) return t('error.lead');
  const wait = answer.retryAfter;
  if (!wait || wait > 5400) return t('error.later');
  return wait > 120 ? t('error.slowMinutes', { minutes: Math.ceil(wait / 60) }) : t('error.slow', { seconds: wait });
}
