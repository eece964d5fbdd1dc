/**
 * Elements made without markup: whatever a name or a formula says, it is text.
 *
 * @typedef {Node | string | null} Child
 * @typedef {Record<string, string | number | boolean | null | EventListener>} Attributes
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with attributes, listeners (`onclick: …`) and children; false and null leave an attribute out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/**
 * An element of a drawing.
 *
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...SVGElement} children
 * @returns {SVGElement}
 */
export function drawing(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * A drawing of one path in a square of 24, which screen readers pass over.
 *
 * @param {string} path
 * @returns {SVGElement}
 */
export function icon(path) {
  return drawing("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" }, drawing("path", { d: path }));
}

/**
 * The element of the page with this id.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function at(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found;
}

/** Show the verdict; the address holds the networks, and a link inside the page leaves it alone. @param {Event} event */
export function goToResult(event) {
  event.preventDefault();
  at("result").focus();
  at("result").scrollIntoView();
}

/**
 * Put `children` in the place of what stands in `parent`.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null));
}
