// The lists of a person's own page, a page of rows at a time.

import { forgetAccount, deleteAs, getAs } from './account.js';
import { excuse } from './excuse.js';
import { ago, language, t, timeOfDay, translateBrowser } from './i18n.js';
import { addRows, allButton, heading, moreButton } from './rows.js';
import { $, announce } from './view.js';

let mine = {}; // who asks: the answer of /api/user/me
let stop = () => {}; // called when the sign-in is over

/** An absolute moment of our clock, in the phone's zone. */
function moment(seconds) {
  return new Date(seconds * 1000).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
}

const approvedOn = (id) => t(id === mine.signIn ? 'mine.thisPhone' : 'mine.otherPhone');
const browserOf = (seen) => (seen.browser ? translateBrowser(seen.browser) : '');
const screenName = (row) => row.screen.deviceName || browserOf(row.seen) || t('mine.aScreen');
const loginName = (row) => t('mine.at', { name: screenName(row), client: row.client.name });
const phoneName = (row) => browserOf(row.seen) || t('mine.aPhone');
const claimsOf = ({ deviceName, deviceMac }) => [deviceName, deviceMac].filter(Boolean).join(' · ');

function tokenOf(row, now) {
  if (now >= row.tokenUntil) return t('mine.tokenOver');
  return t('mine.tokenUntil', { time: timeOfDay(new Date(row.tokenUntil * 1000)) });
}

const loginFacts = (row, now) => [
  [t('mine.signedInAt'), moment(row.at)],
  [t('mine.ip'), row.seen.ip],
  [t('mine.browser'), browserOf(row.seen)],
  [t('mine.claims'), claimsOf(row.screen)],
  [t('mine.approved'), approvedOn(row.approvedBy)],
  [t('mine.token'), tokenOf(row, now)],
];

/** How each list shows a row: its name, its facts, and what its button says and does. */
const LISTS = {
  'sign-ins': {
    name: phoneName,
    mark: (row) => (row.current ? t('mine.current') : row.kind === 'browser' ? t('mine.staysHere') : ''),
    facts: (row, now) => [
      [t('mine.signedInAt'), moment(row.createdAt)],
      [t('mine.usedAgo'), ago(now - row.usedAt)],
      [t('mine.ip'), row.seen.ip],
    ],
    act: 'mine.signOut',
    acted: 'mine.signedOut',
    all: 'mine.allSignIns',
  },
  logins: { name: loginName, facts: loginFacts, act: 'mine.end', acted: 'mine.ended', all: 'mine.allLogins' },
  machines: {
    name: (row) => row.deviceName || row.deviceMac,
    facts: (row) => [[t('mine.mac'), row.deviceMac], [t('mine.boundAt'), moment(row.boundAt)]],
    act: 'mine.remove',
    acted: 'mine.removed',
    all: 'mine.allMachines',
  },
  pairs: {
    name: (row) => t('mine.at', { name: t(`mine.policy.${row.loginPolicy}`), client: row.client.name }),
    facts: (row) => [
      [t('mine.pairedAt'), moment(row.pairedAt)],
      [t('mine.approved'), approvedOn(row.approvedBy)],
      [t('mine.asks'), t(row.mayAsk ? 'mine.mayAsk' : 'mine.mustScan')],
    ],
    act: 'mine.remove',
    acted: 'mine.removed',
    all: 'mine.allPairs',
  },
  history: {
    name: (row) => t(`mine.what.${row.what}`, { name: row.what === 'login' ? loginName(row) : row.seen ? phoneName(row) : '' }),
    facts: (row) => [
      [t('mine.signedInAt'), row.what === 'push_taken' ? '' : moment(row.at)],
      ['', row.what === 'push_taken' ? t('mine.pushHint', { time: moment(row.at) }) : ''],
      [t('mine.ip'), row.seen?.ip],
      [t('mine.endedAt'), row.endedAt ? moment(row.endedAt) : ''],
    ],
  },
};

/** One page of a list that has rows, or its end: a page may be empty although more follow. */
async function turn(list, after) {
  let next = after;
  for (let turned = 0; turned < 20; turned += 1) {
    const answer = await getAs(`/api/user/${list}${next ? `?after=${next}` : ''}`);
    if (answer.status !== 200 || answer.body.rows.length || !answer.body.next) return answer;
    next = answer.body.next;
  }
  return { status: 0, body: {}, retryAfter: 0 };
}

/** Ends one row, and says so. Answers whether it is over. */
async function end(list, row) {
  const kind = LISTS[list];
  const answer = await deleteAs(`/api/user/${list}/${row.id}`);
  if (answer.status === 401 || (list === 'sign-ins' && row.current && answer.status === 204)) {
    forgetAccount();
    stop({ status: 401, body: {} });
    return false;
  }
  // Not there any more is as good as ended.
  const over = answer.status === 204 || answer.status === 404;
  announce(over ? t(kind.acted, { name: kind.name(row) }) : excuse(answer), over ? undefined : $('alarm'));
  if (over && list !== 'history') refill('history');
  return over;
}

/** Ends all rows of a list, however many calls that takes. */
async function endAll(list) {
  for (;;) {
    const answer = await deleteAs(`/api/user/${list}`);
    if (answer.status !== 200) return answer.status === 401 ? stop(answer) : announce(excuse(answer), $('alarm'));
    if (!answer.body.more) break;
  }
  await Promise.all([refill(list), refill('history')]);
  announce(t('mine.allDone'));
  return heading(list).focus();
}

function put(list, answer) {
  const { rows, next, now } = answer.body;
  const kind = LISTS[list];
  addRows(list, rows.map((row) => ({
    name: kind.name(row),
    mark: kind.mark?.(row) ?? '',
    facts: kind.facts(row, now),
    act: kind.act && t(kind.act),
    end: () => end(list, row),
  })));
  if (kind.all) allButton(list, t(kind.all), () => endAll(list));
  moreButton(list, next && (async () => {
    const more = await turn(list, next);
    if (more.status === 200) return put(list, more);
    return more.status === 401 ? stop(more) : announce(excuse(more), $('alarm'));
  }));
}

/** Reads a list anew. Answers the answer that failed, or null. */
async function refill(list) {
  const answer = await turn(list);
  if (answer.status !== 200) return answer;
  $(list).replaceChildren();
  put(list, answer);
  return null;
}

/** Fills all lists. Answers the first answer that failed, or null. */
export async function fillAll(me, whenOver) {
  [mine, stop] = [me, whenOver];
  const answers = await Promise.all(Object.keys(LISTS).map(refill));
  return answers.find(Boolean) ?? null;
}

/** Shows the login that a notice was about, wherever in the list it stands. */
export async function fillTold(id, me, whenOver) {
  [mine, stop] = [me, whenOver];
  $('told-rows').replaceChildren();
  for (let after, turned = 0; turned < 40; turned += 1) {
    const answer = await turn('logins', after);
    if (answer.status !== 200) return announce(excuse(answer), $('alarm'));
    const found = answer.body.rows.find((row) => row.id === id);
    if (found) {
      return addRows('told-rows', [{
        name: loginName(found),
        facts: loginFacts(found, answer.body.now),
        act: t('mine.end'),
        end: async () => {
          const over = await end('logins', found);
          if (over) await refill('logins');
          return over;
        },
      }], t('mine.toldGone'));
    }
    after = answer.body.next;
    if (!after) break;
  }
  return addRows('told-rows', [], t('mine.toldGone'));
}
