/** Keeps copies in step with the service: a first whole reading by cursor, then what changed, as soon as it is told of. */

import {LARGEST_PAGE, Refused, Unreachable, backoff} from './http.js';

/**
 * Keeps resources of a client's Herdbook in a copy. A `state` event tells that `inStep` has changed, also where another page
 * of the browser does the work: of those that share a copy one follows, so that they need one stream together.
 */
export class Mirror extends EventTarget {
  /**
   * @param {import('./http.js').Herdbook} client
   * @param {import('./copy.js').Copy} copy
   * @param {{every?: number}} options milliseconds between two looks where the service cannot tell of changes
   */
  constructor(client, copy, {every = 2000} = {}) {
    super();
    this.client = client;
    this.copy = copy;
    this.every = every;
    /** @type {?boolean} null before it is known */
    this.inStep = null;
    this.channel = new BroadcastChannel(`mirror of ${copy.database.name}`);
    this.channel.onmessage = ({data}) => this.#hear(data);
    this.follows = false;
  }

  /**
   * Bring the copy to the present: it is the table as it was at a moment after the call.
   * @param {string} resource
   */
  async catchUp(resource) {
    for (;;) {
      const at = await this.copy.place(resource);
      if (at.since === null) {
        await this.#walk(resource, at);
        continue;
      }
      let delta;
      try {
        delta = await this.client.changes(resource, at.since);
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 410) throw error;
        await this.copy.forget(resource);
        continue;
      }
      await this.copy.follow(resource, delta, at);
      if (!delta.hasMore) return;
    }
  }

  /**
   * Keep the copies in step until `signal` says to end. Rejects with what does not pass: a session that is over.
   * @param {string[]} resources
   * @param {AbortSignal} [signal]
   */
  async follow(resources, signal) {
    if (!navigator.locks) return this.#follow(resources, signal); // it is there on secure pages only
    this.channel.postMessage('?');
    try {
      await navigator.locks.request(this.channel.name, {signal}, () => this.#follow(resources, signal));
    } catch (error) {
      if (error.name !== 'AbortError') throw error;
    }
  }

  async #follow(resources, signal) {
    this.follows = true;
    let attempt = 0;
    while (!signal?.aborted) {
      const feed = new Feed(this.client.base, resources);
      const stop = () => feed.close();
      signal?.addEventListener('abort', stop);
      try {
        let due = new Set(resources);
        while (!signal?.aborted) {
          for (const resource of due) await this.catchUp(resource);
          this.#say(true);
          attempt = 0;
          due = await feed.next(this.every);
        }
      } catch (error) {
        this.#say(false);
        if (!(error instanceof Unreachable || error.mayPass || error.status === 500)) throw error;
        await pause(Math.max(error.retryAfter ?? 0, backoff(attempt)));
        attempt += 1;
      } finally {
        feed.close();
        signal?.removeEventListener('abort', stop);
      }
    }
    this.follows = false;
  }

  async #walk(resource, at) {
    const query = {limit: LARGEST_PAGE, sort_by: 'id', sort_order: 'asc', cursor: at.walkCursor};
    try {
      await this.copy.walk(resource, await this.client.list(resource, query), at);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 400 || at.walkCursor === null) throw error;
      await this.copy.forget(resource); // another version of the service does not know this cursor
    }
  }

  #say(inStep) {
    if (inStep !== this.inStep) this.channel.postMessage(inStep);
    this.#take(inStep);
  }

  #hear(said) {
    if (said !== '?') this.#take(said);
    else if (this.follows) this.channel.postMessage(this.inStep);
  }

  #take(inStep) {
    if (inStep === this.inStep) return;
    this.inStep = inStep;
    this.dispatchEvent(new CustomEvent('state'));
  }
}

/** The service's events, as the resources that have something new. */
class Feed {
  constructor(base, resources) {
    this.address = `${base}/events?endpoint=${resources.join(',')}`;
    this.resources = resources;
    this.due = new Set();
    this.wake = () => {};
    this.isOver = false;
    this.#open();
  }

  /** Resources with something new, waited for; all of them after `every` milliseconds while there is no stream. */
  async next(every) {
    if (this.due.size === 0) {
      const woken = new Promise((resolve) => (this.wake = resolve));
      const timer = this.source.readyState === EventSource.OPEN ? 0 : setTimeout(this.wake, every);
      await woken;
      clearTimeout(timer);
    }
    if (this.source.readyState === EventSource.CLOSED && !this.isOver) this.#open(); // the requests made since have renewed the session
    const due = this.source.readyState === EventSource.OPEN ? this.due : new Set(this.resources);
    this.due = new Set();
    return due;
  }

  close() {
    this.isOver = true;
    this.source.close();
    this.wake();
  }

  #open() {
    this.source = new EventSource(this.address);
    this.source.onopen = () => this.#add(this.resources); // what was missed before it was open
    this.source.onmessage = ({data}) => this.#add([JSON.parse(data).endpoint]);
    this.source.onerror = () => this.#add(this.resources); // the next request says whether the service is there
  }

  #add(resources) {
    for (const one of resources) this.due.add(one);
    this.wake();
  }
}

/** So many milliseconds, or until the browser is told of a network. */
function pause(milliseconds) {
  return new Promise((resolve) => {
    const over = () => {
      removeEventListener('online', over);
      resolve();
    };
    addEventListener('online', over);
    setTimeout(over, milliseconds);
  });
}
