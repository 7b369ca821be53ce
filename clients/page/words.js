/** What the page says, in Spanish and in English. */

const WORDS = {
  es: {
    skip: 'Ir al contenido',
    leave: 'Salir',
    welcome: 'Entra a tu hato',
    identification: 'Identificación o correo',
    password: 'Contraseña',
    enter: 'Entrar',
    animals: 'Animales',
    new: 'Nuevo animal',
    search: 'Buscar',
    searchHint: 'Registro, raza o especie',
    species: 'Especie',
    status: 'Estado',
    sex: 'Sexo',
    all: 'Todos',
    allSpecies: 'Todas',
    none: 'Ningún animal es así.',
    more: 'Mostrar más',
    close: 'Cerrar',
    rights: 'Solo un administrador cambia los datos de un animal.',
    data: 'Datos del animal',
    record: 'Registro',
    breed: 'Raza',
    birth: 'Nacimiento',
    age: 'Edad',
    weight: 'Peso',
    weightInKilos: 'Peso (kg)',
    save: 'Guardar',
    api: 'La API de este servicio',
    changed: 'Último cambio',
    father: 'Padre',
    mother: 'Madre',
    Hembra: 'Hembra',
    Macho: 'Macho',
    Vivo: 'Vivo',
    Vendido: 'Vendido',
    Muerto: 'Muerto',
    loading: 'Cargando…',
    inStep: 'Al día',
    away: 'Sin conexión',
    shown: (shown, all) => (shown === all ? `${all} animales` : `${shown} de ${all} animales`),
    years: (count) => (count === 1 ? '1 año' : `${count} años`),
    days: (count) => (count === 1 ? '1 día' : `${count} días`),
    months: (count) => (count === 1 ? '1 mes' : `${count} meses`),
    waiting: (count) => (count === 1 ? '1 cambio espera' : `${count} cambios esperan`),
    made: 'nuevo',
    removed: 'borrado',
    saved: 'Guardado',
    savedHere: 'Guardado aquí. Se envía cuando haya conexión.',
    conflict: (fields) => `Otra persona cambió lo mismo: ${fields}.`,
    gone: 'Otra persona lo borró.',
    refused: (reason) => `No se pudo guardar: ${reason}`,
    mine: 'Guardar lo mío',
    theirs: 'Dejar lo suyo',
    giveUp: 'Descartar',
    news: (names, count) => (count <= 3 ? `Cambió: ${names}` : `Cambiaron ${count} animales`),
    ended: 'La sesión terminó. Entra de nuevo.',
    noAnswer: 'El servicio no responde.',
    loses: 'Hay cambios sin enviar, que se perderán. ¿Salir?',
  },
  en: {
    skip: 'Skip to content',
    leave: 'Log out',
    welcome: 'Log in to your herd',
    identification: 'Identification or email',
    password: 'Password',
    enter: 'Log in',
    animals: 'Animals',
    new: 'New animal',
    search: 'Search',
    searchHint: 'Record, breed or species',
    species: 'Species',
    status: 'Status',
    sex: 'Sex',
    all: 'All',
    allSpecies: 'All',
    none: 'No animal is like that.',
    more: 'Show more',
    close: 'Close',
    rights: 'Only an administrator changes an animal.',
    data: 'The animal',
    record: 'Record',
    breed: 'Breed',
    birth: 'Born',
    age: 'Age',
    weight: 'Weight',
    weightInKilos: 'Weight (kg)',
    save: 'Save',
    api: 'The API of this service',
    changed: 'Last change',
    father: 'Father',
    mother: 'Mother',
    Hembra: 'Female',
    Macho: 'Male',
    Vivo: 'Alive',
    Vendido: 'Sold',
    Muerto: 'Dead',
    loading: 'Loading…',
    inStep: 'Up to date',
    away: 'Offline',
    shown: (shown, all) => (shown === all ? `${all} animals` : `${shown} of ${all} animals`),
    years: (count) => (count === 1 ? '1 year' : `${count} years`),
    days: (count) => (count === 1 ? '1 day' : `${count} days`),
    months: (count) => (count === 1 ? '1 month' : `${count} months`),
    waiting: (count) => (count === 1 ? '1 change waits' : `${count} changes wait`),
    made: 'new',
    removed: 'deleted',
    saved: 'Saved',
    savedHere: 'Saved here. It is sent when there is a connection.',
    conflict: (fields) => `Somebody else changed the same: ${fields}.`,
    gone: 'Somebody else deleted it.',
    refused: (reason) => `It could not be saved: ${reason}`,
    mine: 'Save mine',
    theirs: 'Keep theirs',
    giveUp: 'Discard',
    news: (names, count) => (count <= 3 ? `Changed: ${names}` : `${count} animals changed`),
    ended: 'The session is over. Log in again.',
    noAnswer: 'The service does not answer.',
    loses: 'Some changes are not sent yet and would be lost. Log out?',
  },
};
// The fields of an animal, by the word that names each.
export const FIELDS = {
  ...{record: 'record', breeds_id: 'breed', sex: 'sex', birth_date: 'birth', weight: 'weight', status: 'status'},
};

/** One language, remembered by the browser. */
export class Words {
  constructor() {
    const kept = localStorage.getItem('herdbook language');
    this.language = kept ?? (navigator.language.startsWith('en') ? 'en' : 'es');
  }

  /** The word, or what it says of `values`. */
  say(name, ...values) {
    const word = WORDS[this.language][name];
    return typeof word === 'function' ? word(...values) : word;
  }

  /** Speak the other language from now on, and put it into the page. */
  change() {
    this.language = this.language === 'es' ? 'en' : 'es';
    localStorage.setItem('herdbook language', this.language);
    this.show();
  }

  /** Put the words into the page. */
  show() {
    document.documentElement.lang = this.language;
    for (const one of document.querySelectorAll('[data-word]')) one.textContent = this.say(one.dataset.word);
    for (const one of document.querySelectorAll('[data-hint]')) one.placeholder = this.say(one.dataset.hint);
    const other = document.getElementById('language');
    other.lang = this.language === 'es' ? 'en' : 'es';
    other.textContent = this.language === 'es' ? 'English' : 'Español';
  }

  /** How long ago a day was, in years, months or days. */
  age(day) {
    const [then, now] = [new Date(`${day}T00:00:00Z`), new Date()];
    const months = (now.getUTCFullYear() - then.getUTCFullYear()) * 12 + now.getUTCMonth() - then.getUTCMonth();
    const whole = Math.max(0, now.getUTCDate() < then.getUTCDate() ? months - 1 : months);
    if (whole === 0) return this.say('days', Math.max(0, Math.floor((now - then) / 86_400_000)));
    return whole < 24 ? this.say('months', whole) : this.say('years', Math.floor(whole / 12));
  }

  /** A moment, short. */
  moment(text) {
    return new Date(text).toLocaleString(this.language, {dateStyle: 'medium', timeStyle: 'short'});
  }

  /** A number as it is written here. */
  number(value) {
    return Number(value).toLocaleString(this.language);
  }
}
