/**
 * Tabs by the pattern of the ARIA Authoring Practices: arrows, Home and End move, the tab in focus is the one shown.
 *
 * @typedef {{id: string, title: string, requires: string | null}} Tab
 */

import { element } from "./dom.js";

/**
 * Tabs in `host`, each with an empty chart.
 *
 * @param {HTMLElement} host
 * @param {string} label
 * @param {Tab[]} tabs
 * @param {(id: string) => void} onselect
 * @returns {{selected: () => string, offer: (offered: (tab: Tab) => boolean) => void}}
 */
export function tabList(host, label, tabs, onselect) {
  let selected = 0;
  const buttons = tabs.map(({ id, title }, place) =>
    element(
      "button",
      { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, onclick: () => select(place) },
      title,
    ),
  );
  const panels = tabs.map(({ id }) =>
    element(
      "div",
      { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, tabindex: 0 },
      element("figure", { class: "chart", id: `chart-${id}` }),
    ),
  );
  const list = element("div", { role: "tablist", "aria-label": label, class: "tabs" }, ...buttons);
  list.addEventListener("keydown", move);
  host.append(list, ...panels);
  mark();

  /** @param {KeyboardEvent} event */
  function move(event) {
    const there = buttons.flatMap((button, place) => (button.hidden ? [] : [place]));
    const mine = there.indexOf(selected);
    const steps = { ArrowRight: mine + 1, ArrowLeft: mine - 1, Home: 0, End: there.length - 1 };
    if (!Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    select(there[(steps[/** @type {keyof typeof steps} */ (event.key)] + there.length) % there.length]);
    buttons[selected].focus();
  }

  /** Those alone that there is something for; the first in place of a selected one that is gone. @param {(tab: Tab) => boolean} offered */
  function offer(offered) {
    buttons.forEach((button, place) => (button.hidden = !offered(tabs[place])));
    if (!buttons[selected].hidden) return;
    selected = buttons.findIndex((button) => !button.hidden);
    mark();
  }

  /** @param {number} place */
  function select(place) {
    selected = place;
    mark();
    onselect(tabs[place].id);
  }

  function mark() {
    buttons.forEach((button, place) => {
      button.setAttribute("aria-selected", String(place === selected));
      button.tabIndex = place === selected ? 0 : -1;
      panels[place].hidden = place !== selected;
    });
  }
  return { selected: () => tabs[selected].id, offer };
}
