// Elements, with properties and children. Text is always text: nothing here or elsewhere in the page parses HTML.

export const $ = (id) => document.getElementById(id);

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// The parts of the page know each other by events: state, look, key-wanted.
export const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
export const on = (name, take) => document.addEventListener(name, ({ detail }) => take(detail));

// Only what differs is written: a screen reader hears of changes, and a selection stays.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Without a secure context (plain HTTP to another machine) there is no clipboard, but there is a selection.
export function copyButton(text) {
  const button = el("button", { type: "button", className: "quiet copy", textContent: "Copy" });
  button.addEventListener("click", async () => {
    say(button, (await copied(text())) ? "Copied" : "Can't copy");
    setTimeout(() => say(button, "Copy"), 1500);
  });
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { value: text, className: "hidden" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

// A model or a pull in its list, updated in place: whoever stands on its button stays there.
export function item(name, progress, onclick) {
  const parts = {
    state: el("span"),
    button: el("button", { type: "button", onclick }),
    progress: el("progress", { max: 1, ariaLabel: `${progress} ${name}` }),
    facts: el("p", { className: "soft" }),
    told: el("p", { className: "error", role: "alert" }),
  };
  const head = el("div", { className: "line" }, el("strong", { textContent: name }), parts.button);
  return { ...parts, node: el("li", { className: "item" }, head, parts.state, parts.progress, parts.facts, parts.told) };
}

export function tellState(node, state, words) {
  node.className = `state ${state}`;
  say(node, words);
}

// Rows of what is there no more are removed.
export function forget(rows, there) {
  for (const [id, row] of rows) {
    if (there.some((each) => each.id === id)) continue;
    row.node.remove();
    rows.delete(id);
  }
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function bytes(count) {
  if (!count) return "0 B";
  const power = Math.min(Math.floor(Math.log10(count) / 3), UNITS.length - 1);
  const value = count / 1000 ** power;
  return `${value.toFixed(value < 10 && power > 0 ? 1 : 0)} ${UNITS[power]}`;
}

export function seconds(count) {
  if (count < 90) return `${Math.ceil(count)} s`;
  return count < 5400 ? `${Math.round(count / 60)} min` : `${(count / 3600).toFixed(1)} h`;
}
