// The models of the server: what state each is in, what it takes, and two buttons.

import { ApiError, call } from "./api.js";
import { $, bytes, el, say, seconds } from "./dom.js";

const rows = new Map();
const LOADED = ["serving", "loading", "draining"];

export function start() {
  document.addEventListener("state", ({ detail }) => {
    choose(detail.models);
    list(detail);
  });
}

// Keeps what was chosen, and what a page that is loaded anew had chosen before.
function choose(models) {
  const select = $("model");
  const names = models.map(({ id }) => id);
  if (names.join("\n") === [...select.options].map(({ value }) => value).join("\n")) return;
  const chosen = select.value || sessionStorage.getItem("slipway-model");
  const serving = models.find(({ state }) => state === "serving")?.id;
  select.replaceChildren(...names.map((name) => el("option", { value: name, textContent: name })));
  select.value = names.includes(chosen) ? chosen : (serving ?? names[0] ?? "");
  select.onchange = () => sessionStorage.setItem("slipway-model", select.value);
}

function list({ models, time }) {
  for (const [id, row] of rows) {
    if (models.some((model) => model.id === id)) continue;
    row.node.remove();
    rows.delete(id);
  }
  for (const model of models) {
    if (!rows.has(model.id)) rows.set(model.id, new Row(model.id));
    rows.get(model.id).update(model, time);
  }
  const nodes = models.map(({ id }) => rows.get(id).node);
  if (nodes.some((node, index) => $("models").children[index] !== node)) $("models").replaceChildren(...nodes);
  say($("models-told"), models.length ? "" : "There is no model here yet: pull one.");
}

// Updated in place: whoever stands on a button stays on it.
class Row {
  constructor(id) {
    this.id = id;
    this.state = el("span", { className: "state" });
    this.button = el("button", { type: "button", onclick: () => this.toggle() });
    this.progress = el("progress", { max: 1, ariaLabel: `Loading ${id}` });
    this.facts = el("p", { className: "soft" });
    this.told = el("p", { className: "error", role: "alert" });
    const head = el("div", { className: "line" }, el("strong", { textContent: id }), this.button);
    this.node = el("li", { className: "item" }, head, this.state, this.progress, this.facts, this.told);
  }

  update(model, time) {
    this.isLoaded = LOADED.includes(model.state);
    this.state.className = `state ${model.state}`;
    const share = model.state === "loading" ? `, ${Math.round(100 * model.load_share)} %` : "";
    say(this.state, `${model.state.replaceAll("_", " ")}${share}${model.reason ? `: ${model.reason}` : ""}`);
    this.progress.hidden = model.state !== "loading";
    this.progress.value = model.load_share;
    say(this.button, this.isLoaded ? "Unload" : "Load");
    this.button.ariaLabel = `${this.button.textContent} ${this.id}`;
    this.button.disabled = this.isBusy || ["draining", "absent", "pulling"].includes(model.state);
    say(this.facts, facts(model, time));
  }

  async toggle() {
    const verb = this.isLoaded ? "unload" : "load";
    say(this.told, "");
    this.isBusy = this.button.disabled = true;
    try {
      await call("POST", `models/${verb}`, { body: { model: this.id } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say(this.told, error.message);
    } finally {
      this.isBusy = false;
      document.dispatchEvent(new CustomEvent("look"));
    }
  }
}

function facts(model, time) {
  const { num_slots: slots, num_running: running, num_waiting: waiting } = model;
  return [
    model.size_bytes && `${bytes(model.size_bytes)} on disk`,
    model.memory_bytes && `${bytes(model.memory_bytes)} in memory`,
    model.state === "serving" && `${running} of ${slots} slots${waiting ? `, ${waiting} wait` : ""}`,
    `${model.context_tokens.toLocaleString("en")} tokens of context`,
    model.is_pinned && "pinned",
    model.unload_at && model.unload_at > time && `unloads in ${seconds(model.unload_at - time)}`,
    model.num_restarts && `restarted ${model.num_restarts} times`,
    model.aliases.length && `also ${model.aliases.join(", ")}`,
  ].filter(Boolean).join(" · ");
}
