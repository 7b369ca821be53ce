/** The herd page: who is logged in, their copy of the herd kept in step, and their writes sent. */

import {Copy, Herdbook, Mirror, Outbox, Refused, Unreachable} from '../js/herdbook.js';
import {AnimalDialog} from './animal.js';
import {byId} from './elements.js';
import {Herd} from './herd.js';
import {Waiting} from './waiting.js';
import {Words} from './words.js';

const RESOURCES = ['species', 'breeds', 'animals'];
const PATIENCE = 2000;
const SEND_AGAIN = 10_000;
const NEWS_STAYS = 6000;
const USER = 'herdbook user';

const words = new Words();
const client = new Herdbook({language: words.language, patience: PATIENCE});
const herd = new Herd(words, (id) => openAnimal(id));
const dialog = new AnimalDialog(words, save);
const waiting = new Waiting(words, {insist: (entry) => decide('insist', entry), drop: (entry) => decide('drop', entry)});
/** What belongs to who is logged in: user, copy, outbox, mirror, end; null while nobody is. */
let session = null;
let drawing = null;
let sendingAgain = 0;
let clearingNews = 0;

async function start() {
  words.show();
  herd.speak();
  byId('login').addEventListener('submit', logIn);
  byId('leave').addEventListener('click', leave);
  byId('language').addEventListener('click', changeLanguage);
  byId('new').addEventListener('click', () => openAnimal(null));
  navigator.serviceWorker?.register('/worker.js').catch(() => {}); // without one the page needs a network to begin
  if (!client.hasSession) return showEntrance();
  try {
    await open(await client.me());
  } catch (error) {
    const kept = JSON.parse(localStorage.getItem(USER) ?? 'null');
    if (error instanceof Refused || kept === null) return showEntrance(error instanceof Refused ? '' : words.say('noAnswer'));
    await open(kept);
  }
}

// Who.

async function logIn(event) {
  event.preventDefault();
  byId('refusal').textContent = '';
  try {
    await open(await client.logIn(byId('identification').value.trim(), byId('password').value));
  } catch (error) {
    byId('refusal').textContent = error instanceof Unreachable ? words.say('noAnswer') : error.message;
    byId('password').select();
  }
}

async function open(user) {
  localStorage.setItem(USER, JSON.stringify({id: user.id, fullname: user.fullname, role: user.role}));
  const copy = await Copy.open(`of ${user.id}`);
  const [outbox, mirror, end] = [new Outbox(copy), new Mirror(client, copy), new AbortController()];
  session = {user, copy, outbox, mirror, end, seen: null};
  byId('password').value = '';
  byId('name').textContent = user.fullname;
  showState();
  for (const id of ['herd', 'leave', 'state']) byId(id).hidden = false;
  byId('entrance').hidden = true;
  copy.addEventListener('change', draw);
  mirror.addEventListener('state', () => {
    if (session?.mirror !== mirror) return;
    showState();
    send();
  });
  mirror.follow(RESOURCES, end.signal).catch((error) => session?.mirror === mirror && close(error));
  await draw();
}

async function leave() {
  const {copy, outbox} = session;
  if ((await outbox.entries()).length > 0 && !confirm(words.say('loses'))) return;
  try {
    await client.logOut();
  } catch (error) {
    return tell(error instanceof Unreachable ? words.say('noAnswer') : error.message);
  }
  close();
  localStorage.removeItem(USER);
  await copy.erase();
}

/** Nobody is logged in any more; `error`, if any, is why. The copy, and what waits, stay for who logs in again. */
function close(error) {
  session?.end.abort();
  session?.copy.close();
  session = null;
  byId('animal').close();
  const hasEnded = error?.status === 401 || error?.name === 'InvalidStateError'; // the copy was erased by another window
  showEntrance(hasEnded ? words.say('ended') : (error?.message ?? ''));
}

function showEntrance(why = '') {
  for (const id of ['herd', 'leave', 'state']) byId(id).hidden = true;
  byId('name').textContent = '';
  byId('refusal').textContent = why;
  byId('entrance').hidden = false;
  byId('identification').focus();
}

// What is shown.

/** Show the copy, with what waits, as it is now; calls that come meanwhile are one more. */
function draw() {
  if (drawing) drawing.again = true;
  else {
    drawing = {again: false};
    drawing.done = drawOnce().finally(() => {
      const {again} = drawing;
      drawing = null;
      if (again) draw();
    });
  }
  return drawing?.done;
}

async function drawOnce() {
  if (session === null) return;
  const {outbox, copy} = session;
  let found;
  try {
    found = await Promise.all([...['animals', 'breeds', 'species'].map((one) => outbox.rows(one)), outbox.entries()]);
  } catch (error) {
    if (session?.copy === copy) close(error);
  }
  if (session?.copy !== copy) return;
  const [animals, breeds, species, entries] = found;
  const news = newsOf(animals);
  const marked = animals.map((row) => (news.has(row.id) ? {...row, isNews: true} : row));
  const shown = {animals: marked, breeds: byNumber(breeds), species: byNumber(species)};
  herd.show(shown);
  waiting.show(entries, shown);
  if (news.size > 0) tell(words.say('news', [...news.values()].slice(0, 3).join(', '), news.size));
}

/** Records of the rows that are new or other than when they were last shown, by id; none the first time. */
function newsOf(animals) {
  const before = session.seen;
  session.seen = new Map(animals.map((row) => [row.id, row.updated_at]));
  if (before === null || before.size === 0) return new Map();
  const fresh = animals.filter((row) => row.updated_at && before.get(row.id) !== row.updated_at);
  return new Map(fresh.map((row) => [row.id, row.record]));
}

const byNumber = (rows) => new Map(rows.map((row) => [row.id, row]));

function showState() {
  const {mirror} = session;
  byId('state').textContent = words.say(mirror.inStep ? 'inStep' : mirror.inStep === null ? 'loading' : 'away');
  byId('state').classList.toggle('away', mirror.inStep === false);
}

function tell(text) {
  byId('news').textContent = text;
  clearTimeout(clearingNews);
  clearingNews = setTimeout(() => (byId('news').textContent = ''), NEWS_STAYS);
}

function changeLanguage() {
  words.change();
  client.language = words.language;
  herd.speak();
  if (session) {
    showState();
    draw();
  }
}

function openAnimal(id) {
  const row = id === null ? null : herd.animals.find((one) => one.id === id);
  if (row !== undefined) dialog.open(row, herd, session.user.role === 'Administrador');
}

// What is written.

async function save(id, fields) {
  const {outbox} = session;
  if (id === null) await outbox.create('animals', fields);
  else await outbox.update('animals', id, fields);
  await send(true);
}

/** Send what waits; what cannot be sent now is sent when the service is there again. */
async function send(isAsked = false) {
  clearTimeout(sendingAgain);
  if (session === null) return;
  try {
    const outcomes = await session.outbox.replay(client);
    if (outcomes.some((one) => one.result === 'done')) tell(words.say('saved'));
  } catch (error) {
    if (error.status === 401) return close(error);
    if (isAsked) tell(words.say('savedHere'));
    sendingAgain = setTimeout(send, SEND_AGAIN);
  }
}

async function decide(how, entry) {
  await session.outbox[how](entry);
  await send(true);
}

addEventListener('online', () => send());
await start();
