// "Continue on this device": the phone's page of the code on the screen, for those who cannot scan it.

import { $ } from './view.js';

/** Opens the phone's page beside the code, or in its place where there are no tabs, as in the browser inside some apps. */
export function opensHere() {
  $('here').addEventListener('click', (event) => {
    event.preventDefault();
    const tab = window.open($('here').href);
    if (tab) tab.opener = null;
    else location.assign($('here').href);
  });
}
