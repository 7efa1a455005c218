// The server's load as small live numbers, each with its last two minutes as a line.

import { $, bytes, el, say } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const NUM_POINTS = 60;
const WIDTH = 120;
const HEIGHT = 28;

const rows = [];
let before = null; // the last state, for what is told as a sum

export function start() {
  row("Requests", (now) => sum(now, "num_running"), (value, now) => {
    const waiting = sum(now, "num_waiting");
    return `${value} running${waiting ? `, ${waiting} waiting` : ""}`;
  });
  row("Tokens written", rate("generated_tokens"), (value) => `${shown(value)} a second`);
  row("Tokens read", rate("prompt_tokens"), (value) => `${shown(value)} a second`);
  row("KV memory", (now) => share(now), (value) => `${Math.round(100 * value)} %`, 1);
  row("Memory", (now) => now.server.memory_bytes + sum(now, "memory_bytes"), (value, now) => {
    const total = now.server.memory_total_bytes;
    return total ? `${bytes(value)} of ${bytes(total)}` : bytes(value);
  });
  document.addEventListener("state", ({ detail }) => {
    for (const each of rows) each(detail);
    before = detail;
  });
}

const sum = (now, field) => now.models.reduce((total, model) => total + model[field], 0);
const shown = (value) => (value < 10 && value > 0 ? value.toFixed(1) : Math.round(value));

function share(now) {
  const total = sum(now, "kv_tokens_total");
  return total ? sum(now, "kv_tokens_used") / total : 0;
}

// Sums begin anew with each worker, and never go down otherwise.
const rate = (field) => (now) => {
  if (!before || now.time <= before.time) return 0;
  const grown = now.models.map((model) => {
    const old = before.models.find(({ id }) => id === model.id)?.[field] ?? 0;
    return Math.max(0, model[field] - old);
  });
  return grown.reduce((a, b) => a + b, 0) / (now.time - before.time);
};

function row(name, measure, words, top = 0) {
  const line = document.createElementNS(SVG, "polyline");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(line);
  const number = el("dd", { textContent: "–" });
  $("load").append(el("div", {}, el("dt", { textContent: name }), number, svg));
  const points = [];
  rows.push((now) => {
    const value = measure(now);
    points.push(value);
    if (points.length > NUM_POINTS) points.shift();
    say(number, words(value, now));
    const most = top || Math.max(...points) || 1;
    const step = WIDTH / (NUM_POINTS - 1);
    const first = NUM_POINTS - points.length;
    const at = (each, index) => `${(step * (first + index)).toFixed(1)},${(HEIGHT - 2 - (each / most) * (HEIGHT - 4)).toFixed(1)}`;
    line.setAttribute("points", points.map(at).join(" "));
  });
}
