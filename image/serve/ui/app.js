// The page: asks for the server's state every two seconds while it is seen, and hands that to its parts as an event.

import { call, key } from "./api.js";
import * as chat from "./chat.js";
import { $, say } from "./dom.js";
import * as load from "./load.js";
import * as models from "./models.js";
import * as pulls from "./pulls.js";

const EVERY_MS = 2000;
let timer = 0;
let isLooking = false;

async function look() {
  clearTimeout(timer);
  if (isLooking) return;
  isLooking = true;
  let next = EVERY_MS;
  try {
    const state = await (await call("GET", "ui/state", { isQuiet: true })).json();
    tell(state.server.state, state.server.state);
    document.dispatchEvent(new CustomEvent("state", { detail: state }));
  } catch (error) {
    const needsKey = error.status === 401; // then it is not asked again before there is one
    tell("offline", needsKey ? "needs a key" : error.message);
    next = needsKey ? 0 : Math.max(EVERY_MS, 1000 * (error.retryAfter ?? 0));
  } finally {
    isLooking = false;
    if (next && !document.hidden) timer = setTimeout(look, next);
  }
}

function tell(state, words) {
  $("health").className = `state ${state}`;
  say($("health"), words);
}

// ---- the key ----

let isTold = false; // once is enough for who has none

function askForKey(why = "") {
  const dialog = $("key-dialog");
  if (dialog.open) return;
  say($("key-why"), why);
  $("key-input").value = key.get();
  dialog.returnValue = "";
  dialog.showModal();
  $("key-input").select();
}

function takeKey() {
  if ($("key-dialog").returnValue === "ok") {
    key.set($("key-input").value.trim());
    isTold = false;
    look();
  }
  $("key-input").value = "";
}

// ---- views on a narrow screen ----

function show(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll("nav button")) button.ariaPressed = String(button.dataset.view === view);
}

for (const button of document.querySelectorAll("nav button")) button.addEventListener("click", () => show(button.dataset.view));
$("key").addEventListener("click", () => askForKey());
$("key-cancel").addEventListener("click", () => $("key-dialog").close());
$("key-dialog").addEventListener("close", takeKey);
document.addEventListener("key-wanted", ({ detail: { error, isQuiet } }) => {
  if (isQuiet && isTold) return;
  isTold = true;
  askForKey(error.message);
});
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
document.addEventListener("look", look);
for (const part of [load, models, pulls, chat]) part.start();
look();
