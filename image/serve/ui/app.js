// The page: asks for the server's state every two seconds while it is seen, and hands that to its parts as an event.

import { call, key } from "./api.js";
import * as chat from "./chat.js";
import { $, on, say, tell, tellState } from "./dom.js";
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
    const state = await (await call("GET", "ui/state")).json();
    tellState($("health"), state.server.state, state.server.state);
    tell("state", state);
  } catch (error) {
    const needsKey = error.status === 401; // then it is not asked again before there is one
    tellState($("health"), "offline", needsKey ? "needs a key" : error.message);
    next = needsKey ? 0 : Math.max(EVERY_MS, 1000 * (error.retryAfter ?? 0));
  } finally {
    isLooking = false;
    if (next && !document.hidden) timer = setTimeout(look, next);
  }
}

// ---- the key ----

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
    look();
  }
  $("key-input").value = "";
}

// ---- views on a narrow screen ----

const views = document.querySelectorAll("nav button");

function show(view) {
  document.body.dataset.view = view;
  for (const button of views) button.ariaPressed = String(button.dataset.view === view);
}

for (const button of views) button.onclick = () => show(button.dataset.view);
$("key").onclick = () => askForKey();
$("key-cancel").onclick = () => $("key-dialog").close();
$("key-dialog").onclose = takeKey;
on("key-wanted", (error) => askForKey(error.message));
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
on("look", look);
for (const part of [load, models, pulls, chat]) part.start();
look();
