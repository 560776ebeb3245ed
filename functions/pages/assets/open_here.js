// "Continue on this device": the phone's page of the code on the screen, for those who cannot scan it.

import { $ } from './view.js';

/** Opens the phone's page beside the code, or in its place where there are no tabs, as in the browser inside some apps. */
export function opensHere() {
  $('here').addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // the person says where it opens
    event.preventDefault();
    const tab = window.open('');
    if (!tab) return location.assign($('here').href);
    try {
      tab.sessionStorage.clear(); // a copy of this tab's, which keeps the secret of the code
    } catch {
      // The browser keeps nothing.
    }
    tab.opener = null;
    tab.location.replace($('here').href);
  });
}
