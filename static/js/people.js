// The members of the open project: who they are, who is here now, how far each has read. No DOM.

export class People {
  #viewerId;
  #members = new Map();
  #present = new Set();

  constructor(project, viewerId) {
    this.#viewerId = viewerId;
    this.replace(project);
  }

  get members() {
    return [...this.#members.values()];
  }

  get viewer() {
    return this.#members.get(this.#viewerId);
  }

  get present() {
    return this.members.filter(({ id }) => this.#present.has(id));
  }

  /** A member; undefined for somebody who is none now. */
  find(id) {
    return this.#members.get(id);
  }

  isPresent(id) {
    return this.#present.has(id);
  }

  isKnown(id) {
    return this.#members.has(id);
  }

  /** How far a member has read. */
  readNumber(id) {
    return this.#members.get(id)?.lastReadNumber ?? 0;
  }

  /** How many of the others there are, and how many have read as far as `number`. */
  readersOf(number) {
    const others = this.members.filter(({ id }) => id !== this.#viewerId);
    return { read: others.filter((one) => one.lastReadNumber >= number).length, of: others.length };
  }

  /** Takes the members as the server has them now; nobody's reading goes back. */
  replace({ members, presence }) {
    this.#members = new Map(
      members.map((member) => {
        const lastReadNumber = Math.max(member.lastReadNumber, this.readNumber(member.id));
        return [member.id, { ...member, lastReadNumber }];
      }),
    );
    this.arrive(presence);
  }

  arrive(people) {
    this.#present = new Set(people.map(({ id }) => id));
  }

  /** Answers whether this is news. */
  read(id, number) {
    const member = this.#members.get(id);
    if (!member || member.lastReadNumber >= number) return false;
    member.lastReadNumber = number;
    return true;
  }
}
