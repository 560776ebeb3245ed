// Reads what people type and paste, and what a QR held. Every page reads through these functions.

/**
 * A text as it is meant: keyboards give full-width digits (`１２３`), clipboards add invisible direction marks
 * (U+202A, U+200E). Compatibility forms are folded (NFKC); format characters and white space at the ends dropped.
 */
export const fold = (text) => text.normalize('NFKC').replace(/\p{Cf}/gu, '').trim();

/** The digits in a text, in order. */
export const readDigits = (text) => fold(text).replace(/\D/g, '');

/**
 * A telephone number as people write it, as E.164; null when it cannot be one. A bare mainland number gets +86.
 * A trunk zero, `+44 (0)7911 …`, stays as it is: the service knows where it belongs to the number.
 */
export function readPhone(text) {
  const plain = fold(text).replace(/[\s.\-\u2010\u2013\u2014\u2212]/g, '').replace(/^00/, '+');
  if (/^\+[1-9]\d{0,2}\(0\)\d{4,12}$/.test(plain)) return plain;
  const bare = plain.replace(/[()]/g, '');
  const number = bare.startsWith('+') ? bare : `+86${bare.replace(/^86(?=1\d{10}$)/, '')}`;
  const good = number.startsWith('+86') ? /^\+861\d{10}$/ : /^\+[1-9]\d{6,14}$/;
  return good.test(number) ? number : null;
}

const ONE_CODE = /^(?:\/q\/)?([0-9a-z-]{1,62})(?:[/?&#\s]|$)/i;
const IN_QUERY = /^\/downloads\.html\?(?:.*&)?code=([0-9a-z-]{1,52})(?:[/&#\s]|$)/i; // the shop contract's QR

/**
 * The code in what a QR held, in capitals; null when there is none. Takes the bare code, or an address of this
 * site: any case, with dashes, with what readers and apps add (a line break, a slash, parameters). A QR that rotates holds a
 * tag, too: 26 letters are a code, 31 a code and its tag, which come back with a dash between them.
 */
export function readCode(text) {
  const plain = fold(readEscapes(text));
  const [, site, rest] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(plain) ?? [undefined, location.host, plain];
  if (site.toLowerCase() !== location.host.toLowerCase()) return null;
  const [, written] = ONE_CODE.exec(rest) ?? IN_QUERY.exec(rest) ?? [];
  const [, code, tag] = /^([0-9A-TV-Z]{26})([0-9A-TV-Z]{5})?$/.exec(written?.replaceAll('-', '').toUpperCase()) ?? [];
  return tag ? `${code}-${tag}` : code ?? null;
}

/** Percent escapes read, as far as they can be: an app may have added one that is no UTF-8. */
function readEscapes(text) {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return ' ';
    }
  });
}
