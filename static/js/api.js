// The one door to the server's API: JSON both ways, the CSRF token, and two kinds of failure.
import { isOfAnotherHistory, pageHistory, startAfresh } from "projchat/history";
import { t } from "projchat/i18n";

const BYTES = "application/octet-stream";
/** The server's word for a call that names another history than its own. */
export const HISTORY_CHANGED = "history_changed";

/** The server answered and said no. */
export class ApiError extends Error {
  constructor({ status, code, message, fields = {}, retryAfter = null }) {
    super(message);
    this.name = "ApiError";
    Object.assign(this, { status, code, fields, retryAfter });
  }
}

/** The server did not answer at all. */
export class NetworkError extends Error {
  constructor(cause) {
    super(t("No connection to the server. Check the network and try again."), { cause });
    this.name = "NetworkError";
  }
}

/** Calls the API, with JSON or a blob; resolves with the answer, or null where it has no content. */
export async function api(method, path, body, options = {}) {
  try {
    return await call(method, path, body, options);
  } catch (error) {
    if (error.code !== "csrf_failed") throw error;
    // Whoever has logged in here since must not do what this page was told by somebody else.
    if (!(await refreshToken())) throw error;
    return call(method, path, body, options);
  }
}

/** Keeps the token of an answer that carries a new one (a log-in changes it). */
export function rememberToken(token) {
  tokenElement().content = token;
}

async function call(method, path, body, options) {
  const response = await send(method, path, body, options);
  const answer = await readJson(response);
  checkHistory(answer);
  if (!response.ok) throw refusal(response, answer);
  if (answer?.csrfToken) rememberToken(answer.csrfToken);
  return answer;
}

/** What is of another history is not for this page, whether the server has refused it or not. */
function checkHistory(answer) {
  const code = HISTORY_CHANGED;
  if (answer?.error?.code !== code && !isOfAnotherHistory(answer?.history)) return;
  startAfresh();
  const message = t("The server was restored to an earlier state. Reloading…");
  throw new ApiError({ status: 409, code, message });
}

async function send(method, path, body, { signal, headers: given } = {}) {
  const isBytes = body instanceof Blob;
  const headers = { Accept: "application/json", ...given };
  const history = pageHistory();
  if (history) headers["X-Projchat-History"] = history;
  if (method !== "GET") headers["X-CSRFToken"] = tokenElement().content;
  if (body !== undefined) headers["Content-Type"] = isBytes ? BYTES : "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      signal,
      body: body === undefined || isBytes ? body : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch (error) {
    throw brokenOff(error);
  }
}

async function readJson(response) {
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch (error) {
    // A body cut off half-way is a broken connection; a proxy's error page is a refusal.
    if (response.ok) throw brokenOff(error);
    return null;
  }
}

/** A caller that gave up keeps its own error; anything else is the network's. */
function brokenOff(error) {
  const givenUp = error.name === "AbortError" || error.name === "TimeoutError";
  return givenUp ? error : new NetworkError(error);
}

function refusal(response, answer) {
  return new ApiError({
    code: "unavailable",
    message: t("The server could not do this. Try again in a moment."),
    ...answer?.error,
    status: response.status,
    retryAfter: secondsToWait(response),
  });
}

function secondsToWait(response) {
  const seconds = Number.parseInt(response.headers.get("Retry-After"), 10);
  return Number.isNaN(seconds) ? null : seconds;
}

/** Fetches a new token; resolves with whether it is still this page's viewer who is logged in. */
async function refreshToken() {
  const { user } = await call("GET", "/api/session");
  const viewer = document.querySelector("meta[name=viewer]")?.content ?? "";
  return viewer === String(user?.id ?? "");
}

function tokenElement() {
  return document.querySelector("meta[name=csrf-token]");
}
