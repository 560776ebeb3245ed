// Makes parts of a page that only few pages show.

/** Puts parts of a page, written here and by no stranger, into an element. */
export function fill(element, lines) {
  const made = new DOMParser().parseFromString(lines.join(''), 'text/html');
  element.replaceChildren(...made.body.childNodes);
}
