// The types of <saoma-sign-in> (docs/widget.md).

/** What the event `signed-in` brings. */
export interface SaomaSignedIn {
  /** For the site's server, which exchanges it within a minute, once, at `POST /qr/ticket`. */
  ticket: string;
  /** The client's registered page, with the ticket. */
  url: string;
  /** The attribute `state`, which the exchange returns, too. */
  state?: string;
}

/** Why no code came, or why the page does not go on. */
export interface SaomaTrouble {
  /** `offline`, `stuck`, `unavailable`, or the service's own code, such as `unknown_client`. */
  code: string;
}

/** How a code ended without a sign-in: its time was over, or another tab used it. */
export interface SaomaExpired {
  reason: 'expired' | 'used';
}

export interface SaomaEventMap {
  'scanned': CustomEvent<null>;
  'signed-in': CustomEvent<SaomaSignedIn>;
  'expired': CustomEvent<SaomaExpired>;
  'cancelled': CustomEvent<null>;
  'error': CustomEvent<SaomaTrouble>;
}

export interface SaomaSignInElement extends HTMLElement {
  /** Shows a new code, for example because the site's server took no ticket. */
  restart(): void;
  addEventListener<Name extends keyof SaomaEventMap>(
    name: Name,
    listener: (this: SaomaSignInElement, event: SaomaEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof SaomaEventMap>>(
    name: Name,
    listener: (this: SaomaSignInElement, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(name: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<Name extends keyof SaomaEventMap>(
    name: Name,
    listener: (this: SaomaSignInElement, event: SaomaEventMap[Name]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof SaomaEventMap>>(
    name: Name,
    listener: (this: SaomaSignInElement, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(name: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'saoma-sign-in': SaomaSignInElement;
  }
}
