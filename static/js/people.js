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

  /** Of those of the others who show their reading: how many have read as far as `number`. */
  readersOf(number) {
    const { read, unread } = this.readingOf(number);
    return { read: read.length, of: read.length + unread.length };
  }

  /** The others: who has read as far as `number`, who has not, and who does not show it. */
  readingOf(number) {
    const others = this.members.filter(({ id }) => id !== this.#viewerId);
    const shown = others.filter(showsReading);
    return {
      read: shown.filter((one) => one.lastReadNumber >= number),
      unread: shown.filter((one) => one.lastReadNumber < number),
      hidden: others.filter((one) => !showsReading(one)),
    };
  }

  /** Takes the members as the server has them now; nobody's reading goes back. */
  replace({ members, presence }) {
    this.#members = new Map(
      members.map((member) => {
        if (!showsReading(member)) return [member.id, member];
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
    if (!member || !showsReading(member) || member.lastReadNumber >= number) return false;
    member.lastReadNumber = number;
    return true;
  }

  /** A member shows from now on how far they have read; or no longer, if that is null. */
  show(id, lastReadNumber) {
    const member = this.#members.get(id);
    if (member) member.lastReadNumber = lastReadNumber;
  }

  /** The viewer wants to read again what comes after `number`. */
  putBack(number) {
    this.viewer.lastReadNumber = Math.min(this.viewer.lastReadNumber, number);
  }
}

function showsReading({ lastReadNumber }) {
  return lastReadNumber !== null;
}
