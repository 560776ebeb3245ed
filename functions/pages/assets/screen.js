// The screen's browser: shows a code at /, and at /welcome who is signed in. One script serves both pages, so the
// second has nothing left to load.

import { learn, translate } from './i18n.js';
import { opensHere } from './open_here.js';
import { ownCodes } from './own_codes.js';
import { showCode } from './qr.js';
import { $, arrive, pageView } from './view.js';
import { welcome } from './welcome.js';
import { codeWords } from './words/code.js';
import { screenWords } from './words/screen.js';
import { welcomeWords } from './words/welcome.js';

arrive();
learn(codeWords);
learn(screenWords);
learn(welcomeWords);
translate();
if ($('qr')) {
  opensHere();
  showCode(ownCodes, pageView);
} else welcome();
