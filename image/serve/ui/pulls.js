// Pulls: a form that begins one, and every pull of this server with its progress, whoever began it.

import { call, jsonLines } from "./api.js";
import { $, bytes, forget, item, on, say, seconds, tell, tellState } from "./dom.js";

const ENDED = ["complete", "failed", "cancelled"];
const rows = new Map();

export function start() {
  $("pull").addEventListener("submit", (event) => {
    event.preventDefault();
    pull($("repo").value.trim(), $("file").value.trim());
  });
  on("state", ({ pulls }) => {
    pulls.forEach(update);
    forget(rows, pulls);
  });
}

async function pull(repo, file) {
  const submit = $("pull").querySelector("button");
  say($("pull-told"), "");
  submit.disabled = true;
  try {
    const response = await call("POST", "v1/api/pull", { body: { model: repo, filename: file } });
    submit.disabled = false;
    // The page asks for all pulls every two seconds; here the one that was asked for tells more often.
    for await (const line of jsonLines(response)) {
      update({ ...line, file, state: line.error ? "failed" : line.status, message: line.error ?? line.message });
    }
  } catch (error) {
    say($("pull-told"), error.message);
  } finally {
    submit.disabled = false;
    tell("look");
  }
}

function update(each) {
  if (!rows.has(each.id)) {
    rows.set(each.id, new Row(each));
    $("pulls").prepend(rows.get(each.id).node);
  }
  rows.get(each.id).update(each);
}

class Row {
  constructor({ id, file }) {
    this.id = id;
    Object.assign(this, item(file, "Pulling", () => this.cancel()));
    say(this.button, "Cancel");
    this.button.ariaLabel = `Cancel ${file}`;
  }

  // A line of a stream tells only what is new.
  update(told) {
    this.last = { ...this.last, ...told };
    const { state, done_bytes: done = 0, total_bytes: total = 0, bytes_per_s: speed, eta_s: eta, message } = this.last;
    const hasEnded = ENDED.includes(state);
    tellState(this.state, state, message ? `${state}: ${message}` : state);
    this.button.hidden = this.progress.hidden = hasEnded;
    if (total) this.progress.value = done / total;
    else this.progress.removeAttribute("value");
    const parts = [total && `${bytes(done)} of ${bytes(total)}`];
    if (!hasEnded) parts.push(speed && `${bytes(speed)}/s`, eta && `${seconds(eta)} left`);
    say(this.facts, state === "complete" ? bytes(total) : parts.filter(Boolean).join(" · "));
  }

  async cancel() {
    this.button.disabled = true;
    try {
      await call("DELETE", `v1/api/pulls/${encodeURIComponent(this.id)}`);
    } catch (error) {
      say(this.told, error.message);
    } finally {
      this.button.disabled = false;
      tell("look");
    }
  }
}
