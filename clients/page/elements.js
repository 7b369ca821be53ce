/** Elements of the page, made of text only: nothing that came from elsewhere is ever read as HTML. */

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/**
 * A new element.
 * @param {string} name
 * @param {Object<string, any>} properties of the element; `data` becomes its dataset
 * @param {...(Node|string)} children
 */
export function element(name, {data = {}, ...properties} = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  Object.assign(made.dataset, data);
  made.append(...children);
  return made;
}

/** Give a choice its options, pairs of value and text, and keep what is chosen. */
export function fill(select, pairs) {
  const chosen = select.value;
  select.replaceChildren(...pairs.map(([value, text]) => element('option', {value}, text)));
  if (pairs.some(([value]) => String(value) === chosen)) select.value = chosen;
}
