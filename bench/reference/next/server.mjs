// The original stack: Next.js behind a server of one's own that also carries Socket.IO.
import { createServer } from "node:http";
import next from "next";
import { openRooms } from "../rooms.mjs";
import { openStore } from "../store.mjs";

const app = next({ dev: false, dir: import.meta.dirname });
await app.prepare();
const http = createServer(app.getRequestHandler());

// The route runs in this process and finds them where such an app keeps them.
globalThis.chat = { store: openStore(process.env.DATABASE), emit: openRooms(http) };
http.listen(Number(process.env.PORT), "127.0.0.1");
