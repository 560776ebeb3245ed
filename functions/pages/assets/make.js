// Makes elements without parsing markup, so that a page that enforces Trusted Types takes them.

const DRAWN = ['svg', 'circle', 'path'];

/** The element `[name, attributes, ...children]`. A child is a text or another such list. */
export function make([name, attributes, ...children]) {
  const drawn = DRAWN.includes(name);
  const element = drawn ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.map((child) => (typeof child === 'string' ? child : make(child))));
  return element;
}
