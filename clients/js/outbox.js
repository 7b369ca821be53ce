/**
 * Writes made without the service: kept beside the copy, in order, and carried out once each when it is there again. What
 * another has changed meanwhile is never overwritten.
 *
 * @typedef {import('./http.js').Row} Row
 * @typedef {{number: number, method: string, resource: string, id: number, body: Row, base: Row, key: string,
 *   state: 'waiting'|'conflict'|'refused', reason: string, theirs: ?Row}} Entry `id` is negative for a row made here;
 *   `base`: the fields as they were when it was made; `theirs`: the service's row that it conflicts with
 * @typedef {{entry: Entry, result: 'done'|'conflict'|'refused', row: ?Row, reason: string}} Outcome
 */

import {answered, lasting, over} from './copy.js';
import {Refused, newKey} from './http.js';

const TRIES = 5;

/** The writes that wait beside a copy. */
export class Outbox {
  /** @param {import('./copy.js').Copy} copy */
  constructor(copy) {
    this.copy = copy;
    this.replaying = null;
  }

  /** @param {string} resource @param {Row} body @returns {Promise<number>} its id here, a negative number */
  async create(resource, body) {
    return this.#change(resource, async (store) => {
      const number = await answered(store.add(fresh('POST', resource, 0, body, {})));
      store.put({...fresh('POST', resource, -number, body, {}), number});
      return -number;
    });
  }

  /** @param {string} resource @param {number} id @param {Row} fields */
  async update(resource, id, fields) {
    const row = await this.#present(resource, id);
    const base = Object.fromEntries(Object.keys(fields).map((name) => [name, row[name] ?? null]));
    await this.#change(resource, (store) => answered(store.add(fresh('PATCH', resource, id, fields, base))));
  }

  /** @param {string} resource @param {number} id */
  async remove(resource, id) {
    const base = await this.#present(resource, id);
    await this.#change(resource, (store) => answered(store.add(fresh('DELETE', resource, id, {}, base))));
  }

  /** @returns {Promise<Entry[]>} all writes in their order */
  entries() {
    return answered(this.copy.database.transaction('outbox').objectStore('outbox').getAll());
  }

  /** @param {string} resource @returns {Promise<Row[]>} the copy's rows as they will be once what waits is done */
  async rows(resource) {
    const [rows, entries] = [await this.copy.rows(resource), await this.entries()];
    const own = entries.filter((one) => one.resource === resource);
    return own.length === 0 ? rows : [...after(new Map(rows.map((row) => [row.id, row])), own).values()];
  }

  /** Give a write up. @param {Entry} entry */
  async drop(entry) {
    await this.#change(entry.resource, (store) => answered(store.delete(entry.number)));
  }

  /** Do a held write all the same, over what the other has made of the row. @param {Entry} entry */
  async insist(entry) {
    const theirs = entry.theirs ?? {};
    const base = entry.method === 'DELETE' ? theirs : choose(theirs, Object.keys(entry.body));
    const again = {...entry, base, key: newKey(), state: 'waiting', reason: '', theirs: null};
    await this.#change(entry.resource, (store) => answered(store.put(again)));
  }

  /**
   * Carry out what waits; writes after one that is held, to the same row, are held with it. Throws Unreachable, or
   * Refused for what may pass or a session that is over: what was not done yet waits on.
   * @param {import('./http.js').Herdbook} client
   * @returns {Promise<Outcome[]>}
   */
  replay(client) {
    this.replaying ??= alone(`herdbook outbox ${this.copy.database.name}`, () => this.#replay(client)).finally(
      () => (this.replaying = null),
    );
    return this.replaying;
  }

  async #replay(client) {
    const outcomes = [];
    for (let entry; (entry = next(await this.entries())); ) {
      const outcome = await this.#carryOut(client, entry);
      outcomes.push(outcome);
      if (outcome.result === 'done') await this.#done(entry, outcome.row);
      else {
        const held = {...entry, state: outcome.result, reason: outcome.reason, theirs: outcome.row};
        await this.#change(entry.resource, (store) => answered(store.put(held)));
      }
    }
    return outcomes;
  }

  async #carryOut(client, entry) {
    const ids = await this.#ids();
    const body = Object.fromEntries(Object.entries(entry.body).map(([name, value]) => [name, known(name, value, ids)]));
    try {
      if (entry.method === 'POST') return done(entry, await client.create(entry.resource, body, entry.key));
      return await change(client, entry, ids.get(entry.id) ?? entry.id, body);
    } catch (error) {
      if (!(error instanceof Refused) || error.mayPass || [401, 500].includes(error.status)) throw error;
      const reasons = Object.values(error.details.validation_errors ?? {});
      return {entry, result: 'refused', row: null, reason: [error.message, ...reasons].join(' ')};
    }
  }

  /**
   * A write is done; later ones to its row begin from what it made of it. The copy shows it at once, where a delta will
   * tell of it, or of what became of it, anyhow: so the copy stays exact.
   */
  async #done(entry, row) {
    const transaction = this.copy.database.transaction(['outbox', 'ids', 'rows', 'places'], 'readwrite');
    const ended = over(transaction);
    const [store, rows] = [transaction.objectStore('outbox'), transaction.objectStore('rows')];
    store.delete(entry.number);
    const id = (await answered(transaction.objectStore('ids').get(entry.id))) ?? entry.id;
    if (row === null) rows.delete([entry.resource, id]);
    const {since} = (await answered(transaction.objectStore('places').get(entry.resource))) ?? {since: null};
    if (row !== null && since !== null && row.updated_at > since) rows.put(lasting(row), [entry.resource, row.id]);
    if (row !== null) {
      if (entry.method === 'POST') transaction.objectStore('ids').put(row.id, entry.id);
      const made = entry.method === 'POST' ? row : choose(row, Object.keys(entry.body));
      for (const later of await answered(store.getAll())) {
        if (later.number === entry.number || later.resource !== entry.resource || later.id !== entry.id) continue;
        store.put({...later, base: {...later.base, ...choose(made, Object.keys(later.base))}});
      }
    }
    await ended;
    this.copy.tell(entry.resource);
  }

  async #ids() {
    const store = this.copy.database.transaction('ids').objectStore('ids');
    const [keys, values] = await Promise.all([answered(store.getAllKeys()), answered(store.getAll())]);
    return new Map(keys.map((key, index) => [key, values[index]]));
  }

  async #present(resource, id) {
    const row = (await this.rows(resource)).find((one) => one.id === id);
    if (row === undefined) throw new RangeError(`there is no ${resource} ${id}`);
    return row;
  }

  async #change(resource, action) {
    const transaction = this.copy.database.transaction('outbox', 'readwrite');
    const ended = over(transaction);
    const result = await action(transaction.objectStore('outbox'));
    await ended;
    this.copy.tell(resource);
    return result;
  }
}

/** Set fields or delete, on condition that the row is still the one that was looked at. */
async function change(client, entry, id, body) {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      const {row, tag} = await client.get(entry.resource, id);
      if (entry.method === 'PATCH' && Object.keys(body).every((name) => row[name] === body[name])) return done(entry, row);
      const changed = changedFields(entry, lasting(row));
      if (changed.length > 0) return {entry, result: 'conflict', row: lasting(row), reason: changed.join(', ')};
      if (entry.method === 'PATCH') return done(entry, await client.update(entry.resource, id, body, tag));
      await client.remove(entry.resource, id, tag);
      return done(entry, null);
    } catch (error) {
      if (error.status === 404 && entry.method === 'DELETE') return done(entry, null);
      if (error.status === 404) return {entry, result: 'conflict', row: null, reason: ''};
      if (error.status !== 412) throw error;
    }
  }
  return {entry, result: 'conflict', row: null, reason: ''};
}

/** The fields that another has changed: those to be set, or any of a row to be deleted. */
function changedFields(entry, row) {
  return Object.keys(entry.base).filter((name) => name !== 'updated_at' && (row[name] ?? null) !== entry.base[name]);
}

/** The first write whose row no held write stands before. */
function next(entries) {
  const held = entries.filter((one) => one.state !== 'waiting').map((one) => `${one.resource} ${one.id}`);
  return entries.find((one) => one.state === 'waiting' && !held.includes(`${one.resource} ${one.id}`));
}

/** The service's id where a reference names a row made here. */
function known(name, value, ids) {
  return name.endsWith('_id') || name.startsWith('id') ? (ids.get(value) ?? value) : value;
}

function after(rows, entries) {
  for (const {method, id, body} of entries) {
    if (method === 'DELETE') rows.delete(id);
    else if (method === 'POST' || rows.has(id)) rows.set(id, {id, ...rows.get(id), ...body});
  }
  return rows;
}

const fresh = (method, resource, id, body, base) => ({
  ...{method, resource, id, body, base, key: newKey()},
  ...{state: 'waiting', reason: '', theirs: null},
});
const done = (entry, row) => ({entry, result: 'done', row, reason: ''});
const choose = (row, names) => Object.fromEntries(names.filter((name) => name in row).map((name) => [name, row[name]]));

/** One page of the browser at a time; where it has no locks, all at once, which the keys and tags make safe. */
const alone = (name, action) => (navigator.locks ? navigator.locks.request(name, action) : action());
