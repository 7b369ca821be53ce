/** The operator's page: asks once a second for the figures of all workers, and shows them. */
import { hitRate, quantile, step } from "/ops/files/history.js";
import { Plot } from "/ops/files/plots.js";
import { ask, close, mayBeOpen, open } from "/ops/files/session.js";
import { WORDS } from "/ops/files/words.js";

const INTERVAL = 1000;
const BY_TABLE = ["hit_rate", "bytes", "evictions", "generations", "versions"];
const find = (id) => document.getElementById(id);

let language = navigator.language.startsWith("es") ? "es" : "en";
let before = null;
let plots = {};
let running = 0; // whose turn it is: a loop that was ended stops at its next look

const word = (key) => WORDS[language][key];
const number = (value, digits = 0) =>
  value === null ? "–" : value.toLocaleString(language, { maximumFractionDigits: digits });
const mebibytes = (bytes) => `${number(bytes / 1048576, 1)} MiB`;

function speak() {
  document.documentElement.lang = language;
  document.title = word("title");
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  const other = language === "es" ? "en" : "es";
  find("language").lang = other;
  find("language").textContent = other === "en" ? "English" : "Español";
}

function show(isOpen) {
  find("login").hidden = isOpen;
  find("board").hidden = !isOpen;
  find("leave").hidden = !isOpen;
}

function names(plot, tables) {
  if (BY_TABLE.includes(plot)) return tables;
  const own = { latency: ["p50", "p95", "p99"], staleness: [word("staleness_one")] };
  return own[plot] ?? { requests: ["application", "memo", "errors"], pool: ["in_use", "idle", "waiting"] }[plot].map(word);
}

function draw(look) {
  if (before === null || window.uPlot === undefined) return;
  const added = step(before, look);
  const tables = Object.keys(look.tables);
  for (const [plot, values] of Object.entries(added)) {
    const wanted = names(plot, tables);
    if (plots[plot] !== undefined && plots[plot].names.length !== wanted.length) {
      plots[plot].remove();
      delete plots[plot];
    }
    plots[plot] ??= new Plot(find("plots"), word(plot), wanted);
    plots[plot].add(look.at, values);
  }
}

function figures(look) {
  const hits = Object.values(look.tables).reduce((sum, one) => sum + one.hits, 0);
  const misses = Object.values(look.tables).reduce((sum, one) => sum + one.misses, 0);
  const p95 = quantile(0.95, look.latency.bounds, look.latency.classes);
  return [
    ["workers", number(look.workers)],
    ["rate", `${number(hitRate(hits, misses), 1)} %`],
    ["latency", `p95 ${number(p95 === null ? null : p95 * 1000, 1)}`],
    ["limit", `${number(look.pool.in_use)} ${word("of")} ${number(look.pool.limit)}`],
    ["waiting", number(look.pool.waiting)],
    ["staleness", number(look.staleness * 1000)],
    ["memory", mebibytes(look.memory)],
    ["disk", mebibytes(look.disk_free)],
    ["breaches", number(look.breaches)],
  ];
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function tell(look) {
  const entries = figures(look).map(([key, text]) => {
    const pair = document.createElement("div");
    pair.append(element("dt", word(key)), element("dd", text, key === "breaches" && look.breaches ? { class: "bad" } : {}));
    return pair;
  });
  find("figures").replaceChildren(...entries);
  const columns = ["table", "rate", "hits", "misses", "entries", "size", "evicted", "rows", "version"];
  find("columns").replaceChildren(...columns.map((key) => element("th", word(key), { scope: "col" })));
  const rows = Object.entries(look.tables).map(([name, one]) => {
    const row = document.createElement("tr");
    const cells = [
      `${number(hitRate(one.hits, one.misses), 1)} %`,
      ...[one.hits, one.misses, one.entries].map((value) => number(value)),
      mebibytes(one.bytes),
      ...[one.evictions, one.rows, one.version].map((value) => number(value)),
    ];
    row.append(element("th", name, { scope: "row" }), ...cells.map((text) => element("td", text)));
    return row;
  });
  find("rows").replaceChildren(...rows);
}

/** Ask and show; false where there is no session, or where this turn is over. */
async function look(mine) {
  const answer = await ask("/ops/data");
  if (answer.status === 401 || answer.status === 403) {
    find("refused").textContent = answer.status === 403 ? word("forbidden") : "";
    return false;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  const found = await answer.json();
  if (mine !== running) return false; // logged out meanwhile: what comes late is not shown
  show(true);
  tell(found);
  draw(found);
  before = found;
  const plotted = window.uPlot === undefined ? ` ${word("no_plots")}` : "";
  find("status").textContent = `${word("updated")} ${new Date(found.at * 1000).toLocaleTimeString(language)}.${plotted}`;
  return true;
}

async function run() {
  const mine = ++running;
  while (mine === running) {
    try {
      if (!(await look(mine))) {
        if (mine === running) show(false);
        return;
      }
    } catch {
      find("status").textContent = word("lost");
    }
    await new Promise((done) => setTimeout(done, INTERVAL));
  }
}

find("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const status = await open(find("identification").value, find("password").value);
  find("password").value = "";
  find("refused").textContent = status === 200 ? "" : word(status === 429 ? "many" : "wrong");
  if (status === 200) run();
});

find("leave").addEventListener("click", async () => {
  running += 1;
  before = null;
  show(false);
  await close();
});

find("language").addEventListener("click", () => {
  language = language === "es" ? "en" : "es";
  speak();
  for (const plot of Object.values(plots)) plot.remove();
  plots = {};
  if (before !== null) tell(before);
});

window.addEventListener("resize", () => Object.values(plots).forEach((plot) => plot.resize()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
  Object.values(plots).forEach((plot) => plot.draw()),
);

speak();
if (mayBeOpen()) run();
else show(false);
