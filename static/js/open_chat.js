// The chat of this page, made from the data that the page brought along.
import { api } from "projchat/api";
import { Chat } from "projchat/chat";
import { Connection } from "projchat/connection";
import { LongPoll } from "projchat/long_poll";
import { io } from "socket.io-client";

const SOCKET = {
  path: "/api/socket",
  transports: ["websocket"],
  autoConnect: false,
  // A second or two after a server's restart everyone is back, and not all at the same moment.
  reconnectionDelay: 500,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
  // Where a handshake is swallowed we want to know it soon.
  timeout: 10_000,
};
const CHECK_TIMEOUT = 5000;

let chat;

/** The one chat that all controllers of this page share. */
export function openChat() {
  chat ??= makeChat(JSON.parse(document.getElementById("page-data").textContent));
  return chat;
}

function makeChat(data) {
  const path = `/api/projects/${data.project.id}/changes`;
  const call = (query, signal) => api("GET", `${path}?${query}`, undefined, { signal });
  const poll = (on) => new LongPoll({ call, on });
  return new Chat(data, new Connection({ socket: io(SOCKET), poll, check: serverAnswers }));
}

async function serverAnswers() {
  try {
    const signal = AbortSignal.timeout(CHECK_TIMEOUT);
    return (await fetch("/healthz", { cache: "no-store", signal })).ok;
  } catch {
    return false;
  }
}
