// Where both Node servers keep messages: SQLite with a journal and durability like projchat's.
import Database from "libsql";

const TABLE = `create table if not exists messages (
  id integer primary key, project_id integer not null, author_id integer not null,
  content text not null, created_at text not null)`;

export function openStore(path) {
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec(TABLE);
  const insert = database.prepare(
    "insert into messages (project_id, author_id, content, created_at) values (?, ?, ?, ?)",
  );
  return (projectId, content) => {
    const createdAt = new Date().toISOString();
    const { lastInsertRowid: id } = insert.run(projectId, 1, content, createdAt);
    return { id, projectId, content, author: { id: 1, name: "Alice" }, createdAt };
  };
}
