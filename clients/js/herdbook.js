/**
 * Herdbook's client for browsers: read and write its records, keep exact copies of them in IndexedDB, and work on
 * without a network. An ES module as it stands; there is nothing to build.
 *
 *     import {Copy, Herdbook, Mirror, Outbox} from './herdbook.js';
 *     const client = new Herdbook();
 *     await client.logIn(1000000001, password);
 *     const copy = await Copy.open('farm');
 *     const mirror = new Mirror(client, copy);
 *     copy.addEventListener('change', async () => show(await copy.rows('animals')));
 *     mirror.follow(['animals']);
 *
 * @module herdbook
 */
export {Herdbook, Refused, Unreachable} from './http.js';
export {Copy, lasting} from './copy.js';
export {Mirror} from './mirror.js';
export {Outbox} from './outbox.js';
