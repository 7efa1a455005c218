// The models of the server: what state each is in, what it takes, and a button.

import { call } from "./api.js";
import { $, bytes, el, forget, item, on, say, seconds, tell, tellState } from "./dom.js";

const rows = new Map();
const LOADED = ["serving", "loading", "draining"];

export function start() {
  on("state", choose);
  on("state", list);
}

// Keeps what was chosen, and what this page had chosen before it was loaded anew.
function choose({ models }) {
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
  forget(rows, models);
  for (const model of models) {
    if (!rows.has(model.id)) rows.set(model.id, new Row(model.id));
    rows.get(model.id).update(model, time);
  }
  const nodes = models.map(({ id }) => rows.get(id).node);
  if (nodes.some((node, index) => $("models").children[index] !== node)) $("models").replaceChildren(...nodes);
  say($("models-told"), models.length ? "" : "There is no model here yet: pull one.");
}

class Row {
  constructor(id) {
    this.id = id;
    Object.assign(this, item(id, "Loading", () => this.toggle()));
  }

  update(model, time) {
    const { state, load_share: share, reason } = model;
    const isLoading = state === "loading";
    this.isLoaded = LOADED.includes(state);
    const words = state.replaceAll("_", " ") + (isLoading ? `, ${Math.round(100 * share)} %` : "");
    tellState(this.state, state, reason ? `${words}: ${reason}` : words);
    this.progress.hidden = !isLoading;
    this.progress.value = share;
    say(this.button, this.isLoaded ? "Unload" : "Load");
    this.button.ariaLabel = `${this.button.textContent} ${this.id}`;
    this.button.disabled = this.isBusy || ["draining", "absent", "pulling"].includes(state);
    say(this.facts, facts(model, time));
  }

  async toggle() {
    say(this.told, "");
    this.isBusy = this.button.disabled = true;
    try {
      await call("POST", `v1/models/${this.isLoaded ? "unload" : "load"}`, { body: { model: this.id } });
    } catch (error) {
      say(this.told, error.message);
    } finally {
      this.isBusy = false;
      tell("look");
    }
  }
}

function facts(model, time) {
  const { num_slots: slots, num_running: running, num_waiting: waiting, unload_at: unloadAt } = model;
  return [
    model.size_bytes && `${bytes(model.size_bytes)} on disk`,
    model.memory_bytes && `${bytes(model.memory_bytes)} in memory`,
    model.state === "serving" && `${running} of ${slots} slots${waiting ? `, ${waiting} wait` : ""}`,
    `${model.context_tokens.toLocaleString("en")} tokens of context`,
    model.is_pinned && "pinned",
    unloadAt > time && `unloads in ${seconds(unloadAt - time)}`,
    model.aliases.length && `also ${model.aliases.join(", ")}`,
  ].filter(Boolean).join(" · ");
}
