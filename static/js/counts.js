// How much waits in each of my projects: what the server said last, moved on by its events. No DOM.
const FIELDS = ["messageCount", "lastReadNumber", "mentions"];

export class Counts {
  /** How often something has moved; `take` is told how often when the server was asked. */
  moves = 0;
  #projects = new Map();

  /** What the server says of a project; what has moved since it was asked stays as it is. */
  take(told, asked = this.moves) {
    const { movedAt, ...known } = this.#projects.get(told.id) ?? { movedAt: {} };
    const values = FIELDS.map((name) => [name, movedAt[name] > asked ? known[name] : told[name]]);
    this.#keep(told.id, { ...Object.fromEntries(values), movedAt });
  }

  /** What the page of an open project shows; it may be behind in how much there is, unless afresh. */
  show({ id, messageCount, lastReadNumber, mentions, isAfresh = false }) {
    const known = isAfresh ? 0 : (this.#projects.get(id)?.messageCount ?? 0);
    this.#move(id, { messageCount: Math.max(messageCount, known), lastReadNumber, mentions });
  }

  /** An event of a project. Answers with whether everything that is counted is still sure. */
  hear(event, { projectId, messageCount, lastReadNumber, number }) {
    const known = this.#projects.get(projectId);
    if (!known) return false;
    if (event === "unread") {
      this.#move(projectId, {
        messageCount: Math.max(known.messageCount, messageCount),
        lastReadNumber: Math.max(known.lastReadNumber, lastReadNumber ?? 0),
      });
    } else if (event === "read") {
      this.#move(projectId, { lastReadNumber: Math.max(known.lastReadNumber, number) });
    } else if (event === "marked-unread") {
      this.#move(projectId, { lastReadNumber: Math.min(known.lastReadNumber, number - 1) });
    }
    return event === "unread" || (event === "read" && this.of(projectId).mentions === 0);
  }

  /** What waits in a project: `{unread, mentions}`. */
  of(id) {
    const { messageCount, lastReadNumber, mentions } = this.#projects.get(id);
    return { unread: Math.max(0, messageCount - lastReadNumber), mentions };
  }

  #move(id, values) {
    this.moves += 1;
    const { movedAt, ...known } = this.#projects.get(id) ?? { movedAt: {} };
    const moved = Object.keys(values).map((name) => [name, this.moves]);
    this.#keep(id, { ...known, ...values, movedAt: { ...movedAt, ...Object.fromEntries(moved) } });
  }

  /** Whoever has read everything has read every mention. */
  #keep(id, project) {
    const isRead = project.lastReadNumber >= project.messageCount;
    this.#projects.set(id, isRead ? { ...project, mentions: 0 } : project);
  }
}
