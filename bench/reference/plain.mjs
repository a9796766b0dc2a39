// The plain Node twin: http, Socket.IO and SQLite, and nothing else.
import { createServer } from "node:http";
import { openRooms } from "./rooms.mjs";
import { openStore } from "./store.mjs";

const ROUTE = /^\/api\/projects\/(\d+)\/messages$/;

const http = createServer((request, response) => {
  const found = ROUTE.exec(request.url);
  if (request.method !== "POST" || !found) {
    response.writeHead(request.url === "/healthz" ? 200 : 404).end();
    return;
  }
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part) => {
    body += part;
  });
  request.on("end", () => {
    const message = store(Number(found[1]), JSON.parse(body).content);
    emit(message);
    response.writeHead(201, { "Content-Type": "application/json" }).end(JSON.stringify(message));
  });
});

const store = openStore(process.env.DATABASE);
const emit = openRooms(http);
http.listen(Number(process.env.PORT), "127.0.0.1");
