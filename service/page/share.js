/**
 * What can be taken along: a link, the specification in three spellings, and the report in five files.
 *
 * @typedef {import("./networks.js").Spec} Spec
 */

import { element, fill } from "./dom.js";
import { chartUrl, documentUrl } from "./service.js";

const SIMULATIONS = "/v1/simulations";
const SAID_MILLISECONDS = 4000;

/** @type {[string, (spec: Spec, fragment: string) => string][]} */
const TEXTS = [
  ["link", (_, fragment) => `${location.origin}${location.pathname}#${fragment}`], // the address itself lags behind
  ["JSON", (spec) => jsonText(spec)],
  ["curl", (spec) => curlText(spec, location.origin)],
  ["Python", (spec) => pythonText(spec, location.origin)],
];

/**
 * The buttons and the links, in `host`; `show` points the links at a report, `clear` takes them away.
 *
 * @param {HTMLElement} host
 * @param {() => Spec} spec The specification of the selected network.
 * @param {() => string} fragment What the address is to say.
 * @returns {{show: (digest: string, theme: string) => void, clear: () => void}}
 */
export function shareBar(host, spec, fragment) {
  const said = element("p", { class: "said", role: "status" });
  const text = element("textarea", { readonly: true, hidden: true, rows: 6, "aria-label": "Text to copy" });
  const buttons = TEXTS.map(([name, write]) =>
    element("button", { type: "button", onclick: () => copy(name, write(spec(), fragment())) }, `Copy ${name}`),
  );
  const links = element("ul", { class: "links" });
  host.append(element("div", { class: "quick" }, ...buttons), said, text, links);
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

  /** @param {string} digest @param {string} theme */
  function show(digest, theme) {
    if (shown === digest + theme) return; // a link that is being clicked stays where it is
    shown = digest + theme;
    const made = linksOf(digest, theme).map(([title, href, download]) => element("a", { href, download }, title));
    fill(links, ...made.map((link) => element("li", {}, link)));
  }

  function clear() {
    shown = "";
    fill(links);
  }
  return { show, clear };
}

/**
 * @param {string} digest
 * @param {string} theme
 * @returns {[string, string, string | null][]}
 */
function linksOf(digest, theme) {
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
 * The specification as JSON.
 *
 * @param {Spec} spec
 * @returns {string}
 */
export function jsonText(spec) {
  return JSON.stringify(spec, null, 2);
}

/**
 * A command for a shell.
 *
 * @param {Spec} spec
 * @param {string} origin
 * @returns {string}
 */
export function curlText(spec, origin) {
  const body = JSON.stringify(spec).replaceAll("'", "'\\''");
  return `curl -s ${origin}${SIMULATIONS} -H 'Content-Type: application/json' -d '${body}'`;
}

/**
 * A program for Python with httpx; a specification has no true, false or null, so that its JSON is Python, too.
 *
 * @param {Spec} spec
 * @param {string} origin
 * @returns {string}
 */
export function pythonText(spec, origin) {
  return `import httpx

spec = ${jsonText(spec)}

report = httpx.post("${origin}${SIMULATIONS}", json=spec, timeout=60).raise_for_status().json()
print(report["verdict"]["label"], report["digest"])
print(*report["verdict"]["reasons"], sep="\\n")
`;
}
