// <saoma-sign-in client="my-shop">: a sign-in by QR code on any page (docs/widget.md). What a code does, qr.js knows; here
// is the element around it.

import { make } from './make.js';
import { showCode } from './qr.js';
import { prefersChinese, speak } from './speak.js';
import { viewOf } from './view_of.js';
import { widgetCodes } from './widget_codes.js';
import { cardOf } from './widget_parts.js';
import { codeWords } from './words/code.js';
import { everyWords } from './words/every.js';
import { widgetWords } from './words/widget.js';

const STYLE = '/assets/widget.css'; // the build puts the rules themselves here
const WATCHED = ['client', 'state', 'mode', 'device', 'lang', 'server'];
const WORDS = { ...everyWords, ...codeWords, ...widgetWords };
// The event that a page gets when the widget comes to a state; the one of `signed-in` comes with the ticket.
const TOLD = { scanned: 'scanned', cancelled: 'cancelled', expired: 'expired', used: 'expired', stuck: 'error', error: 'error' };
const taken = new Set(); // the places where elements keep their codes
const running = new WeakMap(); // what each element does: for which attributes, and how to begin anew and to stop

/** Whether this device is a phone, which has no second one at hand that could scan. `device` overrules the guess. */
function isPhone(element) {
  const device = element.getAttribute('device');
  if (['phone', 'screen'].includes(device)) return device === 'phone';
  return navigator.userAgentData?.mobile ?? matchMedia('(hover: none) and (pointer: coarse)').matches;
}

/** Puts the rules in force without an inline style, which a strict policy refuses. */
function dress(root) {
  if (!root.adoptedStyleSheets) return [make(['style', {}, STYLE])]; // Safari before 16.4
  const rules = new CSSStyleSheet();
  rules.replaceSync(STYLE);
  root.adoptedStyleSheets = [rules];
  return [];
}

/** Calls `work` as soon as a person can see the element, so that one in a closed dialog asks for no code. */
function whenSeen(element, signal, work) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((each) => each.isIntersecting)) return;
    observer.disconnect();
    if (!signal.aborted) work();
  });
  observer.observe(element);
}

/** Tells the page. An event stays at the element: an `error` that rose to the window would look like one of a script. */
function tell(element, name, detail, cancelable = false) {
  return element.dispatchEvent(new CustomEvent(name, { detail, cancelable }));
}

/**
 * Fills the element, in its own language, its page's, or the browser's. Answers its view, which tells the page of each state
 * that it comes to.
 */
function fill(element, trouble) {
  // `:lang` also looks outside of the shadow of another element of the page.
  const chinese = element.matches(':lang(zh)') || (!element.matches(':lang(en)') && prefersChinese(navigator.languages));
  // Where there is little room, some states have a heading and nothing beneath it.
  const t = (key, values) => (key in WORDS ? speak(WORDS, chinese, key, values) : '');
  const { shadowRoot: root } = element;
  const card = make(cardOf(t));
  card.lang = chinese ? 'zh-CN' : 'en';
  root.replaceChildren(...dress(root), card);
  const inside = viewOf(root, card, { headings: 'h2', takesFocus: () => element.matches(':focus-within') });
  const { $ } = inside;
  return {
    ...inside,
    t,
    show(next, options) {
      const before = inside.state();
      inside.show(next, options);
      // Unseen: the page is hidden, and qr.js shows a new code when a person comes back. The site is told nothing.
      const name = options?.detail === 'unseen' ? '' : TOLD[next];
      const details = { error: { code: next === 'stuck' ? next : trouble() }, expired: { reason: next } };
      if (name && next !== before) tell(element, name, details[name]);
    },
    /** Shows a state that qr.js does not know. */
    say(next) {
      $('title').textContent = t(`screen.title.${next}`);
      $('lead').textContent = t(`screen.lead.${next}`);
      inside.show(next);
    },
  };
}

/** A place of its own for each element, to keep its code over a reload: the same one, if the page has the same elements. */
function placeFor(client) {
  let number = 0;
  let place;
  do {
    place = `saoma.widget.${client}.${number}`;
    number += 1;
  } while (taken.has(place));
  taken.add(place);
  return place;
}

/** What the element's attributes say, in their order. */
const said = (element) => WATCHED.map((name) => element.getAttribute(name) ?? undefined);

/** Shows a code in the element, or the way on for a phone. Answers how to show a new one, and how to stop. */
function begin(element) {
  // The service is where this script comes from, unless the page names another.
  const [client, state, mode, , , server = new URL(import.meta.url).origin] = said(element);
  const gone = new AbortController();
  const place = placeFor(client);
  let begun = 0; // how often `scan` ran; renewals do not count
  let trouble = 'unavailable'; // why the last try to get a code failed
  let code;
  const view = fill(element, () => trouble);

  const codes = widgetCodes({ client, state, place, server: server.replace(/\/$/, '') }, {
    leave(url) {
      const ticket = new URL(url).searchParams.get('ticket');
      const before = begun;
      const goesOn = tell(element, 'signed-in', { ticket, url, state }, true);
      if (begun > before) return undefined; // the page would not take it, and shows a new code
      if (mode !== 'ticket' && goesOn) return location.assign(url);
      code.stopCode();
      return view.say('signed-in');
    },
    tried({ status, body }) {
      trouble = status === 0 ? 'offline' : (status !== 200 && body.code) || 'unavailable';
    },
  });
  const scan = () => {
    begun += 1;
    if (code) return code.startOver();
    code = showCode(codes, view);
  };

  view.$('go').href = codes.here();
  view.$('scan').addEventListener('click', () => {
    scan();
    view.$('title').focus();
  });
  if (!client) console.error('saoma-sign-in: client is missing');
  else if (isPhone(element)) view.say('here');
  else whenSeen(element, gone.signal, () => code || scan());
  return {
    scan,
    stop() {
      gone.abort();
      code?.pauseCode();
      taken.delete(place);
    },
  };
}

/** Brings an element into agreement with its attributes and its place in the page. */
function settle(element) {
  const as = element.isConnected ? JSON.stringify(said(element)) : '';
  const before = running.get(element);
  if (before?.as === as) return;
  before?.stop?.();
  running.set(element, as ? { as, ...begin(element) } : { as });
}

// On a server that renders pages there are no elements, and importing this script does nothing.
class SaomaSignIn extends (globalThis.HTMLElement ?? Object) {
  static get observedAttributes() {
    return WATCHED;
  }

  constructor() {
    super();
    this.attachShadow({ mode: 'open' });
  }

  // Once the page's script is done: it may set several attributes, or move the element to another place.
  connectedCallback() {
    queueMicrotask(() => settle(this));
  }

  disconnectedCallback() {
    queueMicrotask(() => settle(this));
  }

  attributeChangedCallback() {
    queueMicrotask(() => settle(this));
  }

  /** Shows a new code, for example because the site's server took no ticket. */
  restart() {
    running.get(this)?.scan?.();
  }
}

if (!globalThis.customElements?.get('saoma-sign-in')) globalThis.customElements?.define('saoma-sign-in', SaomaSignIn);
