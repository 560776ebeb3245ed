// Makes elements without parsing markup, so that a page that enforces Trusted Types takes them.

/** The element `[name, attributes, ...children]`. A child is a text or another such list. */
export function make([name, attributes, ...children]) {
  const drawn = ['svg', 'circle', 'path'].includes(name);
  const element = document.createElementNS(`http://www.w3.org/${drawn ? '2000/svg' : '1999/xhtml'}`, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.map((child) => (typeof child === 'string' ? child : make(child))));
  return element;
}
