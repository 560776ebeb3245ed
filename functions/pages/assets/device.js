// At /device: a person signs in and types the code that a device shows.

import { learn } from './i18n.js';
import { run } from './phone_page.js';
import { typed } from './typed.js';
import { deviceWords } from './words/device.js';

learn(deviceWords);
run(typed, { here: 'type' });
