// At /device: a person signs in and types the code that a device shows.

import { run } from './phone_page.js';
import { typed } from './typed.js';
import { deviceWords } from './words/device.js';

run(typed, { here: 'type', words: deviceWords });
