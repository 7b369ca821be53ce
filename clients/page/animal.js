/** One animal in a dialog: to read, and for who may, to change or to add. */

import {byId, element, fill} from './elements.js';
import {SEXES, STATES} from './herd.js';

const NUMBERS = ['breeds_id', 'weight'];

/** The dialog. */
export class AnimalDialog {
  /**
   * @param {import('./words.js').Words} words
   * @param {(id: ?number, fields: Object<string, any>) => void} save gets what was changed; `id` null: a new animal
   */
  constructor(words, save) {
    this.words = words;
    this.save = save;
    this.row = null;
    byId('close').addEventListener('click', () => byId('animal').close());
    byId('form').addEventListener('submit', () => this.#submitted());
  }

  /**
   * @param {?Object<string, any>} row null: a new animal
   * @param {{animals: Object[], breeds: Map, species: Map}} herd
   * @param {boolean} mayChange
   */
  open(row, herd, mayChange) {
    const {words} = this;
    this.row = row;
    fill(byId('animal-sex'), SEXES.map((one) => [one, words.say(one)]));
    fill(byId('animal-status'), STATES.map((one) => [one, words.say(one)]));
    this.#offerBreeds(herd);
    byId('record-title').textContent = row?.record ?? words.say('new');
    byId('record-field').hidden = row !== null;
    byId('birth').max = new Date().toISOString().slice(0, 10);
    byId('form').reset();
    for (const [name, field] of this.#fields()) field.value = row?.[name] ?? (name === 'status' ? 'Vivo' : '');
    const reads = row !== null && !mayChange;
    byId('fields').disabled = reads;
    byId('rights').hidden = !reads;
    byId('save').hidden = reads;
    this.#tellFacts(row, herd, mayChange);
    if (!byId('animal').open) byId('animal').showModal();
  }

  #fields() {
    return [...byId('fields').elements].filter((one) => one.name).map((one) => [one.name, one]);
  }

  #offerBreeds({breeds, species}) {
    const groups = [...species.values()].map((kind) => {
      const own = [...breeds.values()].filter((one) => one.species_id === kind.id);
      return element('optgroup', {label: kind.name}, ...own.map((one) => element('option', {value: one.id}, one.name)));
    });
    byId('breed').replaceChildren(...groups.filter((one) => one.children.length > 0));
  }

  #tellFacts(row, herd, mayChange) {
    const {words} = this;
    const facts = [];
    for (const [name, word] of [['idFather', 'father'], ['idMother', 'mother']]) {
      const parent = row && herd.animals.find((one) => one.id === row[name]);
      if (!parent) continue;
      const open = () => this.open(parent, herd, mayChange);
      const tag = element('button', {type: 'button', className: 'tag', onclick: open}, parent.record);
      facts.push(element('dt', {}, words.say(word)), element('dd', {}, tag));
    }
    if (row) facts.push(element('dt', {}, words.say('age')), element('dd', {}, words.age(row.birth_date)));
    if (row?.updated_at) facts.push(element('dt', {}, words.say('changed')), element('dd', {}, words.moment(row.updated_at)));
    byId('facts').replaceChildren(...facts);
  }

  /** Only what is other than before: what somebody else changes meanwhile is theirs. */
  #submitted() {
    const given = this.#fields().map(([name, {value}]) => [name, NUMBERS.includes(name) ? Number(value) : value]);
    const changed = given.filter(([name, value]) => value !== this.row?.[name]);
    if (changed.length > 0) this.save(this.row?.id ?? null, Object.fromEntries(changed));
  }
}
