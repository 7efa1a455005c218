// Markdown to nodes: what models write most, and nothing that could run or fetch anything. What is not known stays text.

import { copyButton, el } from "./dom.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const HEAD = /^(#{1,6})\s+(.*)$/;
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(\S.*)$/;
const DASHES = /^\s*\|?(\s*:?-+:?\s*\|)+\s*(:?-+:?)?\s*$/;
const MOST_DEPTH = 6;
const MOST_INLINE = 20_000;

// Writes `text` into `parent`. Blocks that are as they were are not touched: a long answer grows at its end.
export function show(parent, text) {
  const found = blocks(text.split("\n"), 0);
  found.forEach(({ source, make }, index) => {
    const old = parent.children[index];
    if (old?.source === source) return;
    const node = make();
    node.source = source;
    if (old) old.replaceWith(node);
    else parent.append(node);
  });
  while (parent.children.length > found.length) parent.lastElementChild.remove();
}

function blocks(lines, depth) {
  const found = [];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const [end, make] = depth > MOST_DEPTH ? plain(lines, at) : block(lines, at, depth);
    found.push({ source: lines.slice(at, end).join("\n"), make });
    at = end;
  }
  return found;
}

const nodes = (lines, depth) => blocks(lines, depth).map(({ make }) => make());

// The block that begins at a line: where it ends, and what makes it.
function block(lines, at, depth) {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (fence) return code(lines, at, fence);
  const head = HEAD.exec(line);
  if (head) return [at + 1, () => el(`h${Math.min(head[1].length + 2, 6)}`, {}, ...inline(head[2]))];
  if (RULE.test(line)) return [at + 1, () => el("hr")];
  if (QUOTE.test(line)) {
    const end = until(lines, at, (each) => !QUOTE.test(each));
    const inner = lines.slice(at, end).map((each) => each.replace(QUOTE, ""));
    return [end, () => el("blockquote", {}, ...nodes(inner, depth + 1))];
  }
  if (ITEM.test(line)) {
    const end = listEnd(lines, at);
    return [end, () => list(lines.slice(at, end), depth)];
  }
  if (line.includes("|") && DASHES.test(lines[at + 1] ?? "")) {
    const end = until(lines, at, (each) => !each.includes("|"));
    return [end, () => table(lines.slice(at, end))];
  }
  const end = until(lines, at + 1, (each) => !each.trim() || begins(each));
  return [end, () => el("p", {}, ...inline(lines.slice(at, end).join("\n")))];
}

const plain = (lines, at) => {
  const end = until(lines, at, (each) => !each.trim());
  return [end, () => el("p", { textContent: lines.slice(at, end).join("\n") })];
};

const begins = (line) => [FENCE, HEAD, RULE, QUOTE, ITEM].some((each) => each.test(line));

function until(lines, at, isOver) {
  let end = at;
  while (end < lines.length && !isOver(lines[end])) end += 1;
  return end;
}

function code(lines, at, [, fence, language]) {
  const closing = until(lines, at + 1, (each) => each.trim().startsWith(fence));
  const text = lines.slice(at + 1, closing).join("\n");
  const make = () =>
    el(
      "div",
      { className: "code" },
      el("div", { className: "head" }, el("span", { textContent: language || "text" }), copyButton(() => text)),
      el("pre", { tabIndex: 0 }, el("code", { textContent: text })),
    );
  return [Math.min(closing + 1, lines.length), make];
}

// A list goes on over blank lines as long as an item or an indented line follows.
function listEnd(lines, at) {
  for (let end = at + 1; end < lines.length; end += 1) {
    const line = lines[end];
    if (line.trim()) {
      if (!ITEM.test(line) && !/^\s/.test(line) && begins(line)) return end;
    } else {
      const next = lines[end + 1] ?? "";
      if (!ITEM.test(next) && !/^\s{2,}\S/.test(next)) return end;
    }
  }
  return lines.length;
}

function list(lines, depth) {
  const [, indent, mark] = ITEM.exec(lines[0]);
  const node = /\d/.test(mark) ? el("ol", { start: parseInt(mark, 10) }) : el("ul");
  const items = [];
  let width = 0;
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && item[1].length <= indent.length + 1) {
      items.push([item[3]]);
      width = line.length - item[3].length;
    } else {
      items.at(-1).push(line.slice(Math.min(width, line.length - line.trimStart().length)));
    }
  }
  for (const item of items) {
    const [first, ...rest] = nodes(item, depth + 1);
    node.append(el("li", {}, ...(first?.tagName === "P" ? first.childNodes : [first ?? ""]), ...rest));
  }
  return node;
}

function table([head, , ...rows]) {
  const row = (line, tag) => {
    const cells = line.trim().replace(/^\||\|$/g, "").split("|");
    return el("tr", {}, ...cells.map((cell) => el(tag, {}, ...inline(cell.trim()))));
  };
  const body = el("tbody", {}, ...rows.map((line) => row(line, "td")));
  return el("div", { className: "wide", tabIndex: 0 }, el("table", {}, el("thead", {}, row(head, "th")), body));
}

const CODE = "(`+)(.+?)\\1";
const BOLD = "\\*\\*(?=\\S)(.+?)\\*\\*";
const SLANT = "(?<![*\\w])\\*(?![\\s*])([^*\\n]+)\\*(?![*\\w])|(?<![_\\w])_(?![\\s_])([^_\\n]+)_(?![_\\w])";
const STRUCK = "~~(?=\\S)(.+?)~~";
const LINK = "\\[([^\\]\\n]+)\\]\\((https?:[^\\s)]+)\\)";
const ADDRESS = "(https?://[^\\s<>\"'`)\\]]*[^\\s<>\"'`)\\].,;:!?])";
const INLINE = new RegExp([CODE, BOLD, SLANT, STRUCK, LINK, ADDRESS].join("|"), "gs");

export function inline(text) {
  if (text.length > MOST_INLINE) return [text];
  const found = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, , code, bold, slant, slanted, struck, name, target, address] = match;
    if (match.index > at) found.push(text.slice(at, match.index));
    at = match.index + whole.length;
    if (code !== undefined) found.push(el("code", { textContent: code.trim() || code }));
    else if (bold) found.push(el("strong", {}, ...inline(bold)));
    else if (slant ?? slanted) found.push(el("em", {}, ...inline(slant ?? slanted)));
    else if (struck) found.push(el("del", {}, ...inline(struck)));
    else found.push(link(target ?? address, name ?? address));
  }
  if (at < text.length) found.push(text.slice(at));
  return found;
}

// The regular expression lets no other scheme through. Whoever is linked to does not learn where from.
const link = (href, text) => el("a", { href, textContent: text, target: "_blank", rel: "noopener noreferrer" });
