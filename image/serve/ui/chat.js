// The conversation: kept here only, sent whole with each question, answered as a stream.

import { call, events } from "./api.js";
import { $, copyButton, el, on, say, seconds } from "./dom.js";
import { show } from "./markdown.js";

const history = []; // what the model is sent
const turns = $("turns");
let running = null; // the AbortController of the answer that is being written
let waiting = null; // where it says what it waits for

export function start() {
  const prompt = $("prompt");
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  prompt.oninput = grow;
  prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) running?.abort();
  });
  $("stop").onclick = () => {
    running?.abort();
    prompt.focus();
  };
  $("new").onclick = clear;
  on("state", tellWait);
}

function clear() {
  running?.abort();
  history.length = 0;
  turns.replaceChildren();
  $("empty").hidden = false;
  $("prompt").focus();
}

function grow() {
  const prompt = $("prompt");
  prompt.style.height = "auto";
  prompt.style.height = `${prompt.scrollHeight + 2}px`;
}

function send() {
  const text = $("prompt").value.trim();
  if (!text || running) return;
  $("prompt").value = "";
  grow();
  history.push({ role: "user", content: text });
  $("empty").hidden = true;
  for (const button of turns.querySelectorAll(".error button")) button.remove(); // what it would try is past
  turns.append(el("li", { className: "user" }, el("h3", { textContent: "You" }), el("p", { textContent: text })));
  answer();
}

function request() {
  const system = $("system").value.trim();
  const body = {
    messages: system ? [{ role: "system", content: system }, ...history] : [...history],
    stream: true,
    stream_options: { include_usage: true },
  };
  if ($("model").value) body.model = $("model").value;
  if ($("temperature").value) body.temperature = Number($("temperature").value);
  if ($("max-tokens").value) body.max_tokens = Number($("max-tokens").value);
  return body;
}

async function answer() {
  const body = request();
  const asked = history.length;
  const shown = new Turn(body.model ?? "model");
  running = new AbortController();
  const { signal } = running;
  $("send").hidden = true;
  $("stop").hidden = false;
  say($("told"), "Waiting for the answer");
  let end = "";
  try {
    const response = await call("POST", "v1/chat/completions", { body, signal });
    for await (const chunk of events(response)) shown.take(chunk);
    end = "The answer is complete";
  } catch (error) {
    end = error.name === "AbortError" ? "Stopped" : error.message;
    if (error.name === "AbortError") shown.note("stopped");
    else shown.fail(error, () => retry(shown, asked));
  } finally {
    shown.end();
    // A conversation that was cleared meanwhile has no place for this.
    if (shown.content && history.length === asked && shown.node.isConnected) {
      history.push({ role: "assistant", content: shown.content });
    }
    if (running?.signal === signal) {
      running = null;
      $("send").hidden = false;
      $("stop").hidden = true;
    }
    say($("told"), end);
  }
}

function retry(shown, asked) {
  if (running) return;
  history.length = asked;
  shown.node.remove();
  answer();
}

function tellWait({ models }) {
  if (!waiting) return;
  const model = models.find(({ id }) => id === waiting.dataset.model);
  const share = model?.state === "loading" ? `, ${Math.round(100 * model.load_share)} %` : "";
  say(waiting, model && model.state !== "serving" ? `${model.state.replaceAll("_", " ")}${share} …` : "…");
}

// One answer on the page, as it grows.
class Turn {
  constructor(model) {
    this.content = "";
    this.thoughts = "";
    this.began = performance.now();
    this.firstMs = 0;
    this.frame = 0;
    this.body = el("div", { className: "text" });
    this.wait = el("p", { className: "soft", textContent: "…" });
    this.wait.dataset.model = model;
    waiting = this.wait;
    this.folded = el("details", { className: "thoughts", hidden: true }, el("summary", { textContent: "Thinking" }));
    this.inner = el("div", { className: "text" });
    this.folded.append(this.inner);
    this.foot = el("p", { className: "foot" });
    const head = el("h3", { textContent: model });
    this.node = el("li", { className: "assistant", ariaBusy: "true" }, head, this.folded, this.wait, this.body, this.foot);
    turns.append(this.node);
    toEnd(true);
  }

  take({ choices, usage, timings }) {
    for (const { delta, finish_reason: reason } of choices ?? []) {
      this.thoughts += delta.reasoning_content ?? "";
      this.content += delta.content ?? "";
      if (reason === "length") this.note("ended at its most tokens");
    }
    if (this.content || this.thoughts) {
      this.firstMs ||= performance.now() - this.began;
      this.wait.remove();
    }
    if (usage) this.count(usage, timings);
    // As often as the screen is painted.
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const follows = isAtEnd();
    this.folded.hidden = !this.thoughts;
    if (this.thoughts) show(this.inner, this.thoughts);
    if (this.content) say(this.folded.firstChild, "Thoughts");
    show(this.body, this.content);
    toEnd(follows);
  }

  count({ prompt_tokens: read, completion_tokens: written }, timings) {
    const speed = timings?.predicted_per_second;
    this.note(`${read} tokens read, ${written} written${speed ? `, ${speed.toFixed(speed < 10 ? 1 : 0)} a second` : ""}`);
    if (this.firstMs) this.note(`first after ${(this.firstMs / 1000).toFixed(2)} s`);
  }

  note(text) {
    this.foot.append(el("span", { textContent: text }));
  }

  fail({ message, retryAfter }, again) {
    const button = el("button", { type: "button", textContent: "Try again", onclick: again });
    const when = retryAfter ? ` It may be tried again in ${seconds(retryAfter)}.` : "";
    this.node.append(el("p", { className: "error", role: "alert" }, message, when, " ", button));
  }

  end() {
    this.wait.remove();
    waiting = null;
    this.draw();
    if (this.content) this.foot.append(copyButton(() => this.content));
    this.node.ariaBusy = "false";
    toEnd(isAtEnd());
  }
}

// Who has scrolled up reads: nothing moves under their eyes.
const isAtEnd = () => turns.scrollHeight - turns.scrollTop - turns.clientHeight < 160;

function toEnd(follows) {
  if (follows) turns.scrollTop = turns.scrollHeight;
}
