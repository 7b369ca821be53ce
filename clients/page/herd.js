/** The list of animals: filtered, sorted, and changed row by row, so that what does not change stays still. */

import {byId, element, fill} from './elements.js';

const STEP = 50;
const COLUMNS = ['record', 'breed', 'species', 'sex', 'age', 'weight', 'status', 'changed'];
const BROAD = ['breed', 'species', 'sex', 'age', 'changed'];
export const SEXES = ['Hembra', 'Macho'];
export const STATES = ['Vivo', 'Vendido', 'Muerto'];
// What each column is sorted by.
const KEYS = {
  record: (row) => row.record,
  age: (row) => row.birth_date,
  weight: (row) => row.weight,
  changed: (row) => row.updated_at ?? '9', // what is not sent yet is the newest
};

/** Shows the rows that it is given. */
export class Herd {
  /** @param {import('./words.js').Words} words @param {(id: number) => void} open what a click on a row does */
  constructor(words, open) {
    this.words = words;
    this.open = open;
    this.sort = {column: 'changed', descending: true};
    this.limit = STEP;
    this.animals = [];
    this.breeds = new Map();
    this.species = new Map();
    this.shown = new Map();
    byId('filters').addEventListener('submit', (event) => event.preventDefault());
    byId('filters').addEventListener('input', () => this.#anew());
    byId('more').addEventListener('click', () => this.#more());
    byId('rows').addEventListener('click', (event) => this.#clicked(event));
  }

  /** Put the words and the choices of the filters in. */
  speak() {
    const {words} = this;
    byId('columns').replaceChildren(...COLUMNS.map((name) => this.#column(name)));
    fill(byId('status'), [['', words.say('all')], ...STATES.map((one) => [one, words.say(one)])]);
    fill(byId('sex'), [['', words.say('all')], ...SEXES.map((one) => [one, words.say(one)])]);
    this.shown.clear();
    byId('rows').replaceChildren();
    this.show(this);
  }

  /** Show these rows; what is `new` about them since the last time is marked. */
  show({animals, breeds, species}) {
    Object.assign(this, {animals, breeds, species});
    const names = [...species.values()].map((one) => [one.id, one.name]).sort((a, b) => a[1].localeCompare(b[1]));
    fill(byId('species'), [['', this.words.say('allSpecies')], ...names]);
    this.#draw();
  }

  #draw() {
    const found = this.animals.filter(this.#wanted()).sort(this.#order());
    const rows = found.slice(0, this.limit).map((row) => this.#row(row));
    const focused = document.activeElement;
    const body = byId('rows');
    rows.forEach((row, at) => body.children[at] === row || body.insertBefore(row, body.children[at] ?? null));
    while (body.children.length > rows.length) body.lastElementChild.remove();
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({preventScroll: true});
    const {words} = this;
    byId('count').textContent = words.say('shown', words.number(found.length), words.number(this.animals.length));
    byId('more').hidden = found.length <= this.limit;
    byId('none').hidden = found.length > 0 || this.animals.length === 0;
    byId('animals').hidden = found.length === 0;
  }

  #wanted() {
    const {search, species, status, sex} = Object.fromEntries(new FormData(byId('filters')));
    const words = plain(search).split(/\s+/);
    return (row) => {
      const breed = this.breeds.get(row.breeds_id);
      const kind = this.species.get(breed?.species_id);
      const text = plain(`${row.record} ${breed?.name ?? ''} ${kind?.name ?? ''}`);
      return (
        (!species || kind?.id === Number(species)) &&
        (!status || row.status === status) &&
        (!sex || row.sex === sex) &&
        words.every((word) => text.includes(word))
      );
    };
  }

  #order() {
    const [key, sign] = [KEYS[this.sort.column], this.sort.descending ? -1 : 1];
    return (one, other) => {
      const [a, b] = [key(one), key(other)];
      return sign * (a < b ? -1 : a > b ? 1 : one.id - other.id);
    };
  }

  /** The row's element: made once, and filled again when the row is another. */
  #row(row) {
    const breed = this.breeds.get(row.breeds_id);
    const kind = this.species.get(breed?.species_id);
    const state = JSON.stringify([row, breed?.name, kind?.name]);
    const known = this.shown.get(row.id);
    if (known?.state === state) return known.element;
    const tr = known?.element ?? element('tr', {data: {id: row.id}, onanimationend: () => tr.classList.remove('changed')});
    tr.replaceChildren(...this.#cells(row, breed?.name ?? '', kind?.name ?? ''));
    if (row.isNews) mark(tr);
    this.shown.set(row.id, {state, element: tr});
    return tr;
  }

  #cells(row, breed, kind) {
    const {words} = this;
    const tag = element('button', {type: 'button', className: 'tag'}, row.record);
    const brief = element('span', {className: 'brief'}, [breed, words.say(row.sex), words.age(row.birth_date)].map((one) => one.replaceAll(' ', '\u00a0')).join(' · '));
    const texts = {
      breed,
      species: kind,
      sex: words.say(row.sex),
      age: words.age(row.birth_date),
      weight: `${words.number(row.weight)} kg`,
      status: element('span', {className: `alive ${row.status}`}, words.say(row.status)),
      changed: row.updated_at ? words.moment(row.updated_at) : '…',
    };
    return COLUMNS.map((name) =>
      name === 'record' ? element('td', {}, tag, brief) : element('td', {className: classOf(name)}, texts[name]),
    );
  }

  #column(name) {
    const made = element('th', {scope: 'col', className: classOf(name)});
    if (!(name in KEYS)) {
      made.append(this.words.say(name));
      return made;
    }
    made.append(element('button', {type: 'button', onclick: () => this.#sortBy(name)}, this.words.say(name)));
    // The older the animal, the earlier its day of birth.
    const descending = this.sort.descending !== (name === 'age');
    if (this.sort.column === name) made.ariaSort = descending ? 'descending' : 'ascending';
    return made;
  }

  #sortBy(column) {
    const descending = this.sort.column === column ? !this.sort.descending : ['changed', 'weight'].includes(column);
    this.sort = {column, descending};
    byId('columns').replaceChildren(...COLUMNS.map((name) => this.#column(name)));
    byId('columns').children[COLUMNS.indexOf(column)].firstElementChild.focus();
    this.#anew();
  }

  #anew() {
    this.limit = STEP;
    this.#draw();
  }

  #more() {
    const next = this.limit;
    this.limit += 4 * STEP;
    this.#draw();
    byId('rows').children[next]?.querySelector('button').focus();
  }

  #clicked({target}) {
    const row = target.closest('tr');
    if (row && !String(getSelection())) this.open(Number(row.dataset.id));
  }
}

function mark(row) {
  row.classList.remove('changed');
  void row.offsetWidth; // so that the animation begins anew
  row.classList.add('changed');
}

/** Small letters without accents. */
const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim();
const classOf = (name) => [name === 'weight' && 'number', BROAD.includes(name) && 'broad'].filter(Boolean).join(' ');
