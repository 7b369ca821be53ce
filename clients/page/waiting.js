/** What was written and is not sent yet, and what cannot be sent as it is: the person decides. */

import {byId, element} from './elements.js';
import {FIELDS} from './words.js';

/** The list of writes that wait. */
export class Waiting {
  /**
   * @param {import('./words.js').Words} words
   * @param {{insist: (entry: Object) => void, drop: (entry: Object) => void}} decide
   */
  constructor(words, decide) {
    this.words = words;
    this.decide = decide;
  }

  /** @param {Object[]} entries @param {{animals: Object[], breeds: Map}} herd */
  show(entries, herd) {
    byId('waiting').hidden = entries.length === 0;
    byId('waiting-title').textContent = this.words.say('waiting', entries.length);
    byId('writes').replaceChildren(...entries.map((one) => this.#item(one, herd)));
  }

  #item(entry, herd) {
    const {words, decide} = this;
    const row = herd.animals.find((one) => one.id === entry.id);
    const name = element('strong', {}, row?.record ?? entry.body.record ?? String(entry.id));
    const item = element('li', {}, name, this.#what(entry, herd));
    if (entry.state === 'waiting') return item;
    item.append(element('span', {className: 'why'}, this.#why(entry, herd)));
    if (entry.theirs) item.append(button(words.say('mine'), () => decide.insist(entry)));
    item.append(button(words.say(entry.theirs ? 'theirs' : 'giveUp'), () => decide.drop(entry)));
    return item;
  }

  #what({method, body}, herd) {
    if (method === 'POST') return this.words.say('made');
    if (method === 'DELETE') return this.words.say('removed');
    return this.#told(body, herd);
  }

  #why({state, reason, theirs}, herd) {
    if (state === 'refused') return this.words.say('refused', reason);
    if (!theirs) return this.words.say('gone');
    const names = reason.split(', ').filter((name) => name in FIELDS);
    return this.words.say('conflict', this.#told(Object.fromEntries(names.map((name) => [name, theirs[name]])), herd));
  }

  #told(fields, herd) {
    const known = Object.entries(fields).filter(([name]) => name in FIELDS);
    return known.map(([name, value]) => `${this.words.say(FIELDS[name])}: ${this.#value(name, value, herd)}`).join(', ');
  }

  #value(name, value, herd) {
    if (name === 'breeds_id') return herd.breeds.get(value)?.name ?? value;
    if (name === 'sex' || name === 'status') return this.words.say(value);
    return name === 'weight' ? `${this.words.number(value)} kg` : value;
  }
}

const button = (text, onclick) => element('button', {type: 'button', className: 'quiet small', onclick}, text);
