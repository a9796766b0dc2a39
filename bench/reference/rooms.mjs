// The Socket.IO side, the same for both Node servers.
import { Server } from "socket.io";

export function openRooms(http) {
  const io = new Server(http, { path: "/api/socket" });
  io.on("connection", (socket) => {
    socket.on("join_room", ({ projectId }, acknowledge) => {
      socket.join(`project:${projectId}`);
      acknowledge({ ok: true });
    });
    socket.on("typing", (data) => socket.to(`project:${data.projectId}`).emit("user-typing", data));
  });
  return (message) => io.to(`project:${message.projectId}`).emit("new-message", message);
}
