// The server's load as small live numbers, each with its last two minutes as a line.

import { $, bytes, el, on, say } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const NUM_POINTS = 61;
const STEP = 2;
const WIDTH = STEP * (NUM_POINTS - 1);
const HEIGHT = 28;

const rows = [];
let before = null; // the last state, for what is told as a sum

export function start() {
  row("Requests", (now) => sum(now, "num_running"), (value, now) => {
    const waiting = sum(now, "num_waiting");
    return `${value} running${waiting ? `, ${waiting} waiting` : ""}`;
  });
  row("Tokens written", rate("generated_tokens"), (value) => `${value.toFixed(value && value < 10 ? 1 : 0)} a second`);
  row("KV memory", share, (value) => `${Math.round(100 * value)} %`, 1);
  row("Memory", (now) => now.server.memory_bytes + sum(now, "memory_bytes"), (value, now) => {
    const total = now.server.memory_total_bytes;
    return total ? `${bytes(value)} of ${bytes(total)}` : bytes(value);
  });
  on("state", (now) => {
    for (const each of rows) each(now);
    before = now;
  });
}

const sum = (now, field) => now.models.reduce((total, model) => total + model[field], 0);

function share(now) {
  const total = sum(now, "kv_tokens_total");
  return total ? sum(now, "kv_tokens_used") / total : 0;
}

// Sums begin anew with each worker, and never go down otherwise.
const rate = (field) => (now) => {
  if (!before || now.time <= before.time) return 0;
  const old = new Map(before.models.map((model) => [model.id, model[field]]));
  const grown = now.models.reduce((total, { id, [field]: value }) => total + Math.max(0, value - (old.get(id) ?? 0)), 0);
  return grown / (now.time - before.time);
};

function row(name, measure, words, top = 0) {
  const line = document.createElementNS(SVG, "polyline");
  const svg = document.createElementNS(SVG, "svg");
  const about = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  for (const name in about) svg.setAttribute(name, about[name]);
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
    const left = NUM_POINTS - points.length; // the newest is at the right
    const at = (each, index) => `${(left + index) * STEP},${(HEIGHT - 2 - (each / most) * (HEIGHT - 4)).toFixed(1)}`;
    line.setAttribute("points", points.map(at).join(" "));
  });
}
