/** Plots that move: each keeps the last minutes and is drawn anew when something is added. */
const KEPT = 300;
const HEIGHT = 190;
const LIGHT = ["#14603a", "#9a3d00", "#1f4fa3", "#7a1f7a", "#006b75", "#7c5c00", "#a31515", "#444"];
const DARK = ["#7fd1a3", "#ffb27a", "#9dbdff", "#e3a3e3", "#7fdbe5", "#e6c76a", "#ff9a8f", "#ccc"];

function colours() {
  return matchMedia("(prefers-color-scheme: dark)").matches ? DARK : LIGHT;
}

function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** One plot in a figure of its own; `names` are those of its series. */
export class Plot {
  constructor(parent, title, names) {
    this.title = title;
    this.names = names;
    this.data = [[], ...names.map(() => [])];
    this.figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = title;
    this.frame = document.createElement("div");
    this.frame.className = "plot";
    this.figure.append(caption, this.frame);
    parent.append(this.figure);
    this.drawn = null;
    this.draw();
  }

  draw() {
    this.drawn?.destroy();
    const axis = { stroke: ink("--ink"), grid: { stroke: ink("--line") }, ticks: { stroke: ink("--line") } };
    const all = colours();
    const series = this.names.map((label, at) => ({
      label,
      stroke: all[at % all.length],
      width: 2,
      dash: at >= 3 ? [2 + 2 * at, 4] : undefined,
      spanGaps: false,
      points: { show: false },
    }));
    const options = {
      width: Math.max(200, this.frame.clientWidth),
      height: HEIGHT,
      series: [{}, ...series],
      axes: [axis, { ...axis, size: 60 }],
      scales: { x: { time: true }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(1, high ?? 1) * 1.05] } },
      legend: { live: false, isolate: true },
      cursor: { show: false },
    };
    this.drawn = new window.uPlot(options, this.data, this.frame);
    const canvas = this.frame.querySelector("canvas");
    canvas.setAttribute("role", "img");
    this.describe();
  }

  /** What is drawn, for who does not see it: the latest values. */
  describe() {
    const last = this.names.map((name, at) => {
      const value = this.data[at + 1].at(-1);
      return `${name} ${value === null || value === undefined ? "–" : Number(value.toFixed(2))}`;
    });
    this.frame.querySelector("canvas").setAttribute("aria-label", `${this.title}: ${last.join(", ")}`);
  }

  add(at, values) {
    this.data[0].push(at);
    values.forEach((value, series) => this.data[series + 1].push(value));
    if (this.data[0].length > KEPT) this.data.forEach((one) => one.shift());
    this.drawn.setData(this.data);
    this.describe();
  }

  resize() {
    this.drawn.setSize({ width: Math.max(200, this.frame.clientWidth), height: HEIGHT });
  }

  remove() {
    this.drawn.destroy();
    this.figure.remove();
  }
}
