// What stands inside the widget. qr.js finds its parts by id, as on our own pages; `part` names those that a site may style.

/** A disc with a sign on it. */
const sign = (d) => ['svg', { viewBox: '0 0 48 48', 'aria-hidden': 'true' }, ['circle', { cx: 24, cy: 24, r: 24 }], ['path', { d }]];
const tick = () => sign('M14 25l7 7 13-15');

/** The card, in the words of `t`. */
export const cardOf = (t) => [
  'section', { id: 'card', part: 'card', 'aria-labelledby': 'title', 'data-state': 'loading' },
  ['h2', { id: 'title', part: 'title', tabindex: '-1' }],
  ['p', { id: 'lead', part: 'lead' }],
  plateOf(t),
  ['p', { part: 'match', 'data-for': 'waiting', 'data-numbered': 'yes', hidden: '' },
    t('widget.pick'), ' ', ['strong', { class: 'chip', part: 'number', 'data-number': '' }]],
  ['p', { class: 'timer', part: 'timer', role: 'timer', 'data-for': 'waiting scanned', hidden: '' },
    t('expiresIn'), ' ', ['span', { id: 'countdown' }]],
  ['p', { id: 'note', part: 'note', hidden: '' }],
  ['p', { 'data-for': 'waiting', hidden: '' },
    ['a', { id: 'here', class: 'link', part: 'link', target: '_top' }, t('screen.openHere')]],
  ['p', { 'data-for': 'scanned', hidden: '' },
    ['button', { id: 'restart', class: 'link', part: 'link', type: 'button' }, t('screen.notYou')]],
  ['p', { 'data-for': 'here', hidden: '' },
    ['a', { id: 'go', class: 'button', part: 'button', target: '_top' }, t('widget.goHere')]],
  ['p', { 'data-for': 'here', hidden: '' },
    ['button', { id: 'scan', class: 'link', part: 'link', type: 'button' }, t('widget.scan')]],
  ['p', { id: 'live', class: 'unseen', role: 'status' }],
];

/** The white plate with the code, and what covers it when it cannot be scanned. */
const plateOf = (t) => [
  'div', { class: 'plate', part: 'plate', 'data-for': 'loading waiting scanned signing-in signed-in expired cancelled used stuck error' },
  ['img', { id: 'qr', part: 'qr', width: 256, height: 256, alt: '', hidden: '' }],
  ['div', { class: 'cover', 'data-for': 'scanned', hidden: '' },
    tick(),
    ['p', { 'data-numbered': 'yes' }, t('screen.pickThis')],
    ['p', { class: 'number', 'data-number': '' }]],
  ['div', { class: 'cover', 'data-for': 'signed-in', hidden: '' }, tick()],
  ['div', { class: 'cover', 'data-for': 'loading signing-in', hidden: '' },
    ['span', { class: 'spinner', 'aria-hidden': 'true' }]],
  ['button', { id: 'again', class: 'cover', part: 'again', type: 'button', 'data-for': 'expired cancelled used stuck error', hidden: '' },
    sign('M33 18a11 11 0 1 0 2 8M34 12v7h-7'),
    ['span', { id: 'again-label' }]],
];
