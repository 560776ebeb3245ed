// The sealed request of a site, which the service hands to its page behind the # of the address.

/**
 * Takes the request out of the address, where a person could copy it. It stays with the page's entry in the browser's
 * history, for a reload and for those who block site data.
 */
export function takeRequest() {
  const request = location.hash.slice(1) || history.state?.request;
  history.replaceState({ request }, '', location.pathname + location.search);
  // Another request for this tab comes as another fragment, and a fragment loads nothing by itself.
  window.addEventListener('hashchange', () => location.reload());
  return request;
}
