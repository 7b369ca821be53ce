/**
 * Requests of Herdbook, made by the session that the browser's cookies hold; made again while that is safe.
 *
 * @typedef {Object<string, any>} Row
 * @typedef {{rows: Row[], total: ?number, nextCursor: ?string, asOf: string}} Page
 * @typedef {{rows: Row[], deleted: number[], nextSince: string, hasMore: boolean}} Delta
 * @typedef {{status: number, headers: Headers, data: any, meta: Object<string, any>}} Answer
 */

const SAFE = ['GET', 'HEAD'];
const MAY_PASS = [429, 502, 503, 504];
const FIRST_WAIT = 200;
const LONGEST_WAIT = 10_000;
export const LARGEST_PAGE = 1000;

/** The service said no: decide by `status` and `code`, show `message` to people. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {Object<string, any>} problem the body of the answer (RFC 9457)
   * @param {number} retryAfter milliseconds that the service asks to wait
   */
  constructor(status, problem, retryAfter = 0) {
    const error = problem?.error ?? {};
    super(error.message ?? `HTTP ${status}`);
    this.name = 'Refused';
    this.status = status;
    this.code = error.code ?? '';
    this.details = error.details ?? {};
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may be answered well a little later. */
  get mayPass() {
    return MAY_PASS.includes(this.status);
  }

  /** Whether it may pass, and the request was certainly not carried out. */
  get nothingWasDone() {
    return [429, 503].includes(this.status) && this.code !== 'OUTCOME_UNKNOWN';
  }
}

/** No answer came; a write may have been carried out all the same. */
export class Unreachable extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super('no answer', {cause});
    this.name = 'Unreachable';
  }
}

/** A client of the Herdbook that serves this page, or stands behind the same address. */
export class Herdbook {
  /**
   * @param {{base?: string, language?: string, patience?: number, timeout?: number}} options `language`: es or en;
   *   `patience`: milliseconds for which a request is made again; `timeout`: how long one answer may take
   */
  constructor({base = '/api/v1', language = 'es', patience = 30_000, timeout = 30_000} = {}) {
    this.base = base;
    this.language = language;
    this.patience = patience;
    this.timeout = timeout;
    /** @type {?Promise<void>} */
    this.renewing = null;
  }

  /** Whether the browser holds a session, which may be over. */
  get hasSession() {
    return cookie('csrf_refresh_token') !== null;
  }

  /**
   * @param {string|number} name identification or email
   * @param {string} password
   * @returns {Promise<Row>} the user
   */
  async logIn(name, password) {
    return (await this.#persist('POST', '/auth/login', {body: {identification: String(name), password}})).data.user;
  }

  /** End the session. */
  async logOut() {
    await this.#persist('POST', '/auth/logout', {body: null});
  }

  /** @returns {Promise<Row>} the user who is logged in, as they are now */
  async me() {
    return (await this.request('GET', '/auth/me')).data.user;
  }

  /**
   * One page, asked for as docs/http.md says.
   * @param {string} resource
   * @param {Object<string, any>} query
   * @returns {Promise<Page>}
   */
  async list(resource, query = {}) {
    const {data, meta} = await this.request('GET', `/${resource}`, {query});
    const place = meta.pagination;
    const nextCursor = place.has_next_page === false ? null : (place.next_cursor ?? null);
    return {rows: data, total: place.total_items ?? null, nextCursor, asOf: meta.as_of};
  }

  /**
   * Every page, by cursor, in the order of ids unless another sort is asked for.
   * @param {string} resource
   * @param {Object<string, any>} query
   * @returns {AsyncGenerator<Page>}
   */
  async *pages(resource, query = {}) {
    let cursor = null;
    do {
      const page = await this.list(resource, {limit: LARGEST_PAGE, sort_by: 'id', sort_order: 'asc', ...query, cursor});
      yield page;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  /**
   * What changed after `since`; Refused with 410 where that is no longer known.
   * @param {string} resource
   * @param {string} since with all its digits, as it was given
   * @returns {Promise<Delta>}
   */
  async changes(resource, since, limit = LARGEST_PAGE) {
    const {data, meta} = await this.request('GET', `/${resource}`, {query: {since, limit}});
    return {rows: data, deleted: meta.deleted, nextSince: meta.next_since, hasMore: meta.has_more};
  }

  /** @param {string} resource @param {number} id @returns {Promise<{row: Row, tag: string}>} a row and its tag */
  async get(resource, id, query = {}) {
    const {data, headers} = await this.request('GET', `/${resource}/${id}`, {query});
    return {row: data, tag: headers.get('ETag') ?? ''};
  }

  /** @param {string} resource @param {Row} body @returns {Promise<Row>} the new row, stored once however often sent */
  async create(resource, body, key = newKey()) {
    return (await this.request('POST', `/${resource}`, {body, key})).data;
  }

  /** @param {string} resource @param {number} id @param {Row} fields @returns {Promise<Row>} the row as it is then */
  async update(resource, id, fields, ifMatch = '') {
    return (await this.request('PATCH', `/${resource}/${id}`, {body: fields, ifMatch})).data;
  }

  /** @param {string} resource @param {number} id */
  async remove(resource, id, ifMatch = '') {
    await this.request('DELETE', `/${resource}/${id}`, {ifMatch});
  }

  /**
   * One request; a session that is over is renewed once.
   * @param {string} method
   * @param {string} path below the base
   * @param {{query?: Object<string, any>, body?: any, key?: string, ifMatch?: string}} options
   * @returns {Promise<Answer>} of a status below 400; else Refused or Unreachable is thrown
   */
  async request(method, path, options = {}) {
    const before = cookie('csrf_access_token');
    try {
      return await this.#persist(method, path, options);
    } catch (error) {
      if (!(error instanceof Refused) || error.details.client_action !== 'ATTEMPT_REFRESH') throw error;
    }
    if (cookie('csrf_access_token') === before) await this.#renew();
    return this.#persist(method, path, options);
  }

  #renew() {
    const csrf = cookie('csrf_refresh_token') ?? '';
    this.renewing ??= this.#persist('POST', '/auth/refresh', {body: null, csrf})
      .then(() => {})
      .finally(() => (this.renewing = null));
    return this.renewing;
  }

  async #persist(method, path, options) {
    const over = Date.now() + this.patience;
    const repeatable = SAFE.includes(method) || Boolean(options.key);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(method, path, options);
      } catch (error) {
        const wait = Math.max(error.retryAfter ?? 0, backoff(attempt));
        const again = error instanceof Unreachable ? repeatable : error.mayPass && (repeatable || error.nothingWasDone);
        if (!again || Date.now() + wait > over) throw error;
        await sleep(wait);
      }
    }
  }

  async #once(method, path, {query = {}, body, key, ifMatch, csrf}) {
    const headers = new Headers({'Accept-Language': this.language});
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    if (key) headers.set('Idempotency-Key', key);
    if (ifMatch) headers.set('If-Match', ifMatch);
    if (!SAFE.includes(method)) headers.set('X-CSRF-TOKEN', csrf ?? cookie('csrf_access_token') ?? '');
    const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '');
    const asked = given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : '';
    const signal = AbortSignal.timeout(this.timeout);
    const content = body === undefined ? undefined : JSON.stringify(body);
    let response, text;
    try {
      response = await fetch(this.base + path + asked, {method, headers, body: content, signal});
      text = await response.text();
    } catch (error) {
      throw new Unreachable(error);
    }
    const said = parsed(text);
    if (!response.ok) throw new Refused(response.status, said, 1000 * Number(response.headers.get('Retry-After') ?? 0));
    return {status: response.status, headers: response.headers, data: said?.data, meta: said?.meta ?? {}};
  }
}

/** Milliseconds to wait after the `attempt`-th failure, from 0: longer each time, and half of it by chance. */
export function backoff(attempt) {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempt, 16));
  return longest * (0.5 + Math.random() / 2);
}

/** @param {number} milliseconds */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A new Idempotency-Key; crypto.randomUUID is there on secure pages only. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, '0')).join('');
}

function cookie(name) {
  const found = document.cookie.split('; ').find((one) => one.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : null;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
