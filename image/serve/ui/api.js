// Requests to this server: with the key that was typed in, errors in words, streams line by line.

import { tell } from "./dom.js";

const STORED = "slipway-key";

export const key = {
  get: () => sessionStorage.getItem(STORED) ?? "",
  set: (value) => (value ? sessionStorage.setItem(STORED, value) : sessionStorage.removeItem(STORED)),
};

export class ApiError extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

// Relative to this file, so that a gateway may serve all of it below a path of its own.
export async function call(method, path, { body, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  const request = { method, headers, signal, cache: "no-store", body: body && JSON.stringify(body) };
  let response;
  try {
    response = await fetch(new URL(`../${path}`, import.meta.url), request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server can't be reached.");
  }
  // 202: the weights are on their way, which is no answer yet.
  if (response.ok && response.status !== 202) return response;
  const error = await refusal(response);
  if (error.status === 401) tell("key-wanted", error);
  throw error;
}

async function refusal(response) {
  const text = await response.text();
  let told = null;
  try {
    told = JSON.parse(text);
  } catch {
    // A gateway's own page: its status says enough.
  }
  const words = told?.error?.message ?? told?.error ?? `The answer was ${response.status} ${response.statusText}.`;
  const message = response.status === 403 ? `Not allowed: ${words}` : words;
  return new ApiError(response.status, String(message), Number(response.headers.get("retry-after")) || 0);
}

async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await read(reader);
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      yield* parts;
    }
    if (rest) yield rest;
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function read(reader) {
  try {
    return await reader.read();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The connection was lost.");
  }
}

// Server-sent events as OpenAI's API writes them. An end without [DONE] is a cut, unless an error came before it.
export async function* events(response) {
  for await (const line of lines(response)) {
    if (!line.startsWith("data:")) continue;
    const data = line.slice(5).trim();
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new ApiError(200, chunk.error.message ?? String(chunk.error));
    yield chunk;
  }
  throw new ApiError(0, "The connection was lost before the answer was whole.");
}

export async function* jsonLines(response) {
  for await (const line of lines(response)) if (line.trim()) yield JSON.parse(line);
}
