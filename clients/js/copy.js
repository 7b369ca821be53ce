/**
 * Copies of resources in IndexedDB: every step is one transaction, so that a page may be closed at any time, and several
 * pages of one browser may share a copy.
 *
 * @typedef {import('./http.js').Row} Row
 * @typedef {{since: ?string, walkAsOf: ?string, walkCursor: ?string}} Place
 */

const VERSION = 1;
const BEGINNING = {since: null, walkAsOf: null, walkCursor: null};
// They change with the day and not with the row: whoever needs them works them out from birth_date.
const OF_THE_DAY = ['age_in_days', 'age_in_months', 'is_adult'];

/** @param {Row} row @returns {Row} the row without what changes by itself */
export function lasting(row) {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !OF_THE_DAY.includes(name)));
}

/** The copies of one database; a `change` event, with `detail.resource`, tells of each step, also of another page's. */
export class Copy extends EventTarget {
  /** @param {IDBDatabase} database use Copy.open */
  constructor(database) {
    super();
    this.database = database;
    database.onversionchange = () => this.close(); // another page erases it
    this.channel = new BroadcastChannel(`herdbook ${database.name}`);
    this.channel.onmessage = ({data}) => this.#tellHere(data);
  }

  /**
   * @param {string} name one for each user: what they may see differs
   * @returns {Promise<Copy>}
   */
  static async open(name) {
    const request = indexedDB.open(`herdbook ${name}`, VERSION);
    request.onupgradeneeded = () => {
      for (const store of ['rows', 'walked', 'places', 'ids']) request.result.createObjectStore(store);
      request.result.createObjectStore('outbox', {keyPath: 'number', autoIncrement: true});
    };
    return new Copy(await answered(request));
  }

  /** Close it. */
  close() {
    this.channel.close();
    this.database.close();
  }

  /** Close it and delete what it holds, writes that wait included. */
  async erase() {
    this.close();
    await answered(indexedDB.deleteDatabase(this.database.name));
  }

  /** @param {string} resource @returns {Promise<Row[]>} all rows in the order of their ids */
  rows(resource) {
    return answered(this.#reading('rows').getAll(rangeOf(resource)));
  }

  /** @param {string} resource @param {number} id @returns {Promise<Row|undefined>} */
  row(resource, id) {
    return answered(this.#reading('rows').get([resource, id]));
  }

  /** @param {string} resource @returns {Promise<Place>} how far the copy is */
  async place(resource) {
    return (await answered(this.#reading('places').get(resource))) ?? BEGINNING;
  }

  /**
   * Take a page of a reading of the whole resource, which stood at `at`.
   * @param {string} resource @param {import('./http.js').Page} page @param {Place} at
   */
  async walk(resource, page, at) {
    await this.#step(resource, at, async ({rows, walked, places}) => {
      if (at.walkCursor === null) walked.delete(rangeOf(resource));
      for (const row of page.rows) walked.put(lasting(row), [resource, row.id]);
      const walkAsOf = at.walkAsOf ?? page.asOf;
      if (page.nextCursor !== null) {
        places.put({since: null, walkAsOf, walkCursor: page.nextCursor}, resource);
        return false;
      }
      rows.delete(rangeOf(resource));
      for (const row of await answered(walked.getAll(rangeOf(resource)))) rows.put(row, [resource, row.id]);
      walked.delete(rangeOf(resource));
      places.put({...BEGINNING, since: walkAsOf}, resource);
      return true;
    });
  }

  /**
   * Take what changed since `at`.
   * @param {string} resource @param {import('./http.js').Delta} delta @param {Place} at
   */
  async follow(resource, delta, at) {
    await this.#step(resource, at, async ({rows, places}) => {
      for (const id of delta.deleted) rows.delete([resource, id]);
      for (const row of delta.rows) rows.put(lasting(row), [resource, row.id]);
      places.put({...BEGINNING, since: delta.nextSince}, resource);
      return delta.rows.length + delta.deleted.length > 0;
    });
  }

  /** Read the whole resource anew at the next step. The rows stay until then. @param {string} resource */
  async forget(resource) {
    await answered(this.database.transaction('places', 'readwrite').objectStore('places').delete(resource));
  }

  /** Tell this page and the others that a resource, or what waits to be done to it, has changed. @param {string} resource */
  tell(resource) {
    this.channel.postMessage(resource);
    this.#tellHere(resource);
  }

  /** One transaction, which changes nothing where another page has gone this step already. */
  async #step(resource, at, change) {
    const transaction = this.database.transaction(['rows', 'walked', 'places'], 'readwrite');
    const [rows, walked, places] = ['rows', 'walked', 'places'].map((name) => transaction.objectStore(name));
    const ended = over(transaction);
    const found = (await answered(places.get(resource))) ?? BEGINNING;
    const stands = found.since === at.since && found.walkCursor === at.walkCursor;
    const isNew = stands && (await change({rows, walked, places}));
    await ended;
    if (isNew) this.tell(resource);
  }

  #reading(store) {
    return this.database.transaction(store).objectStore(store);
  }

  #tellHere(resource) {
    this.dispatchEvent(new CustomEvent('change', {detail: {resource}}));
  }
}

/** Every key of a resource: ids sort before arrays. @param {string} resource */
const rangeOf = (resource) => IDBKeyRange.bound([resource], [resource, []]);

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} its result */
export function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} done when it is stored */
export function over(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}
