// The members of the open project: who they are, who is here now, how far each has read. No DOM.
import { t } from "projchat/i18n";

export class People {
  #viewerId;
  #members = new Map();
  #names = new Set();
  #present = new Set();
  // Members whose marks may be higher than they have ever read; see `doubt`.
  #doubted = new Set();
  #unnamed = 0;

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

  /**
   * What belongs beside a name that may be taken for another: the username, or that its bearer is no
   * member now. Empty as a rule.
   */
  tagOf({ id, name }) {
    const member = this.#members.get(id);
    if (member) return member.mistakable ? `@${member.username}` : "";
    return this.#names.has(plain(name)) ? t("a former member") : "";
  }

  /** The name of somebody, with the tag where there is one. */
  nameOf(person) {
    const tag = this.tagOf(person);
    return tag ? `${person.name} (${tag})` : person.name;
  }

  get presentCount() {
    return this.present.length + this.#unnamed;
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

  /** The database went back: what is known of the reading holds only until something is heard. */
  doubt() {
    this.#doubted = new Set(this.#members.keys());
  }

  /** Whether marks are still waited for. */
  get isInDoubt() {
    return this.#doubted.size > 0;
  }

  /** Takes the members as the server has them now; nobody's reading goes back, unless in doubt. */
  replace({ members, presence, presenceCount }) {
    const doubted = this.#doubted;
    this.#doubted = new Set();
    this.#members = new Map(
      members.map((member) => {
        if (!showsReading(member) || doubted.has(member.id)) return [member.id, member];
        const lastReadNumber = Math.max(member.lastReadNumber, this.readNumber(member.id));
        return [member.id, { ...member, lastReadNumber }];
      }),
    );
    this.#names = new Set(members.map(({ name }) => plain(name)));
    this.arrive(presence, presenceCount);
  }

  /** Of very many who are here the server names some, and counts all. */
  arrive(people, count = people.length) {
    this.#present = new Set(people.map(({ id }) => id));
    this.#unnamed = count - people.length;
  }

  /** Answers whether this is news. */
  read(id, number) {
    const member = this.#members.get(id);
    if (!member || !showsReading(member)) return false;
    if (!this.#doubted.delete(id) && member.lastReadNumber >= number) return false;
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

function plain(name) {
  return name
    .normalize("NFKC")
    .replace(/[\s\p{P}]/gu, "")
    .toLowerCase();
}

function showsReading({ lastReadNumber }) {
  return lastReadNumber !== null;
}
