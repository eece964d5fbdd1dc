/**
 * What can be taken along: a link, the specification in three spellings, and the report in five files.
 *
 * @typedef {import("./networks.js").Spec} Spec
 * @typedef {[name: string, write: () => string]} Text
 * @typedef {[title: string, href: string, download: string | null]} Link
 */

import { element, fill } from "./dom.js";
import { SIMULATIONS, chartUrl, documentUrl } from "./service.js";

const SAID_MILLISECONDS = 4000;
const WORDS = /"(?:[^"\\]|\\.)*"|true|false|null/g; // a text as a whole, so that none inside it is meant
/** @type {Record<string, string>} */
const PYTHON = { true: "True", false: "False", null: "None" };

/**
 * Buttons that copy texts, and links, in `host`; `show` puts links there, `clear` takes them away.
 *
 * @param {HTMLElement} host
 * @param {Text[]} texts
 * @returns {{show: (links: Link[]) => void, clear: () => void}}
 */
export function shareBar(host, texts) {
  const said = element("p", { class: "said", role: "status" });
  const text = element("textarea", { readonly: true, hidden: true, rows: 6, "aria-label": "Text to copy" });
  const buttons = texts.map(([name, write]) =>
    element("button", { type: "button", onclick: () => copy(name, write()) }, `Copy ${name}`),
  );
  const list = element("ul", { class: "links" });
  host.append(element("div", { class: "quick" }, ...buttons), said, text, list);
  let silence = 0;
  let shown = "";

  /** @param {string} name @param {string} content */
  async function copy(name, content) {
    const done = await toClipboard(content);
    text.hidden = done;
    if (!done) {
      text.value = content;
      text.select();
    }
    said.textContent = done ? `Copied: ${name}.` : "This browser lets no page copy here; the text is selected.";
    clearTimeout(silence);
    silence = window.setTimeout(() => (said.textContent = ""), SAID_MILLISECONDS);
  }

  /** @param {Link[]} links */
  function show(links) {
    if (shown === JSON.stringify(links)) return; // a link that is being clicked stays where it is
    shown = JSON.stringify(links);
    const made = links.map(([title, href, download]) => element("a", { href, download }, title));
    fill(list, ...made.map((link) => element("li", {}, link)));
  }
  return { show, clear: () => show([]) };
}

/**
 * A network to copy.
 *
 * @param {() => Spec} spec
 * @param {() => string} fragment What the address is to say.
 * @returns {Text[]}
 */
export function networkTexts(spec, fragment) {
  return [
    ["link", () => linkText(fragment())],
    ["JSON", () => jsonText(spec())],
    ["curl", () => curlText(SIMULATIONS, spec())],
    ["Python", () => pythonText(spec(), location.origin)],
  ];
}

/**
 * The files of a report.
 *
 * @param {string} digest
 * @param {string} theme
 * @returns {Link[]}
 */
export function reportLinks(digest, theme) {
  const name = `gradient-verdict-${digest.slice(0, 8)}`;
  return [
    ["Report (HTML)", documentUrl(digest, "report.html"), `${name}.html`],
    ["Chart (SVG)", chartUrl([digest], "gradient", "svg", theme), `${name}.svg`],
    ["Chart (PNG)", chartUrl([digest], "gradient", "png", theme), `${name}.png`],
    ["Layers (CSV)", documentUrl(digest, "layers.csv"), `${name}.csv`],
    ["Documentation of the API", "/docs", null],
  ];
}

/**
 * The files of a sweep.
 *
 * @param {import("./sweepjob.js").Job} job
 * @param {string} theme
 * @returns {Link[]}
 */
export function sweepLinks({ id, links }, theme) {
  const name = `gradient-verdict-sweep-${id.slice(0, 8)}`;
  const charts = ["svg", "png"].map((format) => {
    const href = `${links.self}/chart.${format}?${new URLSearchParams({ theme })}`;
    return /** @type {Link} */ ([`Chart (${format.toUpperCase()})`, href, `${name}.${format}`]);
  });
  return [["Results (CSV)", links.csv, `${name}.csv`], ...charts];
}

/**
 * @param {string} content
 * @returns {Promise<boolean>} whether it is in the clipboard
 */
async function toClipboard(content) {
  try {
    await navigator.clipboard.writeText(content);
    return true;
  } catch {
    return false; // refused, or not there: only pages from this machine or over TLS may
  }
}

/**
 * A link to this page; its own address lags behind.
 *
 * @param {string} fragment
 * @returns {string}
 */
export function linkText(fragment) {
  return `${location.origin}${location.pathname}#${fragment}`;
}

/**
 * A request as JSON.
 *
 * @param {unknown} body
 * @returns {string}
 */
export function jsonText(body) {
  return JSON.stringify(body, null, 2);
}

/**
 * A command for a shell that posts a request.
 *
 * @param {string} path
 * @param {unknown} body
 * @returns {string}
 */
export function curlText(path, body) {
  const text = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s ${location.origin}${path} -H 'Content-Type: application/json' -d '${text}'`;
}

/**
 * A program for Python with httpx.
 *
 * @param {Spec} spec
 * @param {string} origin
 * @returns {string}
 */
export function pythonText(spec, origin) {
  return `import httpx

spec = ${jsonText(spec).replace(WORDS, (word) => PYTHON[word] ?? word)}

report = httpx.post("${origin}${SIMULATIONS}", json=spec, timeout=60).raise_for_status().json()
print(report["verdict"]["label"], report["digest"])
print(*report["verdict"]["reasons"], sep="\\n")
`;
}
