// The chat of this page, made from the data that the page brought along.
import { Chat } from "projchat/chat";
import { io } from "socket.io-client";

const SOCKET = {
  path: "/api/socket",
  transports: ["websocket"],
  autoConnect: false,
  // A second or two after a server's restart everyone is back, and not all at the same moment.
  reconnectionDelay: 500,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
};

let chat;

/** The one chat that all controllers of this page share. */
export function openChat() {
  chat ??= new Chat(JSON.parse(document.getElementById("page-data").textContent), io(SOCKET));
  return chat;
}
