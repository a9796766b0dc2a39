// One open project: the timeline, the outbox, the live connection and the people, and what can be
// done with them. Controllers show it; nothing here knows of the DOM.
import { api } from "projchat/api";
import { newId } from "projchat/helpers/ids";
import { claimBrowser, isStillMine, releaseBrowser } from "projchat/helpers/viewer";
import { pageHistory, startAfresh } from "projchat/history";
import { Live } from "projchat/live";
import { Mentions } from "projchat/mentions";
import { Outbox } from "projchat/outbox";
import { openStore } from "projchat/outbox_store";
import { People } from "projchat/people";
import { Quotes } from "projchat/quotes";
import { Reading } from "projchat/reading";
import { Thread } from "projchat/thread";
import { Timeline } from "projchat/timeline";
import { TypingNotice } from "projchat/typing_notice";
import { TypingTracker } from "projchat/typing_tracker";
import { Uploads } from "projchat/uploads";

const PAGE_SIZE = 50;
const PAGE_TRIES = 3;
const SEND_TIMEOUT = 30_000;
const MARKS_AGAIN_AFTER = 5000;
const REFRESH_AFTER = 10_000;

export class Chat extends EventTarget {
  timeline = new Timeline();
  /** The newest message that has been in sight. */
  seenNumber = 0;
  /** How far I had read when I came. */
  since = 0;
  /** The thread that is open beside the timeline. */
  thread = null;
  #answered = [];
  #loads = new Map();
  #path;
  #socket;
  #refreshedAt = 0;

  /** `data` is what the page brought along, `socket` a `Connection` that is not open yet. */
  constructor(data, socket) {
    super();
    this.#socket = socket;
    this.viewer = data.viewer;
    this.project = data.project;
    this.focusNumber = data.focusNumber;
    this.#path = `/api/projects/${this.project.id}`;
    this.timeline.onChange = (message) => this.#tell("changed", message);
    this.timeline.reset(data.page, this.project.messageCount);
    this.people = new People(this.project, this.viewer.id);
    this.mentions = new Mentions(this.viewer.id, this.project.mentionNumbers);
    this.seenNumber = this.since = this.lastReadNumber;
    this.reading = new Reading((number) => this.#tellRead(number), this.lastReadNumber);
    this.quotes = new Quotes({
      find: (number) => this.timeline.find(number),
      fetch: (number) => api("GET", `${this.#path}/messages/${number}`),
      onChange: () => this.#tell("timeline"),
    });
    this.typing = new TypingTracker(() => this.#tell("typing"));
    this.live = new Live({
      socket,
      projectId: this.project.id,
      history: pageHistory() ?? undefined,
      timeline: this.timeline,
      since: data.keptAt,
      on: this.#liveNews(),
    });
    this.pushKey = data.pushKey;
    socket.on("notify", (news) => this.#tell("notify", news));
    socket.on("connect", () => this.#tell("connected"));
    socket.on("disconnect", () => this.#tell("disconnected"));
    socket.on("changes", () => this.#polled());
    const { history, userId, username } = this.origin;
    this.outbox = new Outbox({
      userId,
      origin: { history, username },
      store: openStore(),
      channel: new BroadcastChannel(`projchat.outbox.${history}.${userId}`),
      send: (entry) => this.#post(entry),
      onSent: (message) => this.#sent(message),
      onChange: () => this.#tell("timeline"),
    });
    this.uploads = new Uploads({
      call: (method, path, body, options) => this.#upload(method, path, body, options),
      limit: data.uploadBytes,
      onChange: () => this.#tell("uploads"),
    });
    this.notice = new TypingNotice((isTyping) => this.live.tellTyping(isTyping));
  }

  // Lifecycle

  start() {
    claimBrowser(this.viewer.id);
    this.live.start();
    this.outbox.start();
  }

  /** The page is left, for good or to come back from the browser's cache. */
  pause() {
    this.live.stop();
  }

  /** My login has ended: nothing comes, and nothing is kept, any more. */
  end() {
    this.live.stop();
    releaseBrowser(this.viewer.id);
  }

  /** The page is back. */
  resume() {
    if (this.isStillMine) this.live.resume();
    else this.#tell("logged-out");
  }

  /** The tab woke up, or the network came back. */
  wake() {
    this.#socket.retry();
    this.live.verify();
    this.outbox.wake();
    this.uploads.wake();
  }

  /** I look away: what comes now is what I will have missed. */
  lookAway() {
    this.since = this.lastReadNumber;
  }

  /** I look at the page again; what I had marked as unread may be read now. */
  lookBack() {
    this.reading.release();
  }

  /** Whether this browser is still logged in as the person for whom the page was made. */
  get isStillMine() {
    return isStillMine(this.viewer.id);
  }

  /** What the texts are marked with that this page keeps in the browser. */
  get origin() {
    const { id: userId, username } = this.viewer;
    return { history: pageHistory(), userId, username, projectName: this.project.name };
  }

  /** Calls `handle` for each piece of news of a kind; the answer ends that. */
  on(name, handle) {
    const listen = ({ detail }) => handle(detail);
    this.addEventListener(name, listen);
    return () => this.removeEventListener(name, listen);
  }

  // Reading

  /** A message that this page shows. */
  find(number) {
    return this.timeline.find(number) ?? this.thread?.find(number);
  }

  /** What the server has shown this page, or acknowledged to it. */
  get knownMessages() {
    return [...this.timeline.messages, ...this.#answered];
  }

  isMine(message) {
    return (message.author?.id ?? message.userId) === this.viewer.id;
  }

  get isReadOnly() {
    return this.project.archivedAt !== null || this.live.state === "closed";
  }

  get manages() {
    return this.people.viewer?.role !== "member";
  }

  get lastReadNumber() {
    return this.people.readNumber(this.viewer.id);
  }

  get unread() {
    return Math.max(0, this.timeline.count - this.lastReadNumber);
  }

  /** How many messages wait; what a good connection is just sending does not count. */
  get waiting() {
    const isOnItsWay = this.live.isUpToDate && !this.outbox.isStuck(this.project.id);
    return isOnItsWay ? 0 : this.outbox.waiting(this.project.id);
  }

  /** My messages that are not in the timeline yet, in the order they were written. */
  get pending() {
    const mine = this.timeline.messages.filter((message) => this.isMine(message));
    const arrived = new Set(mine.map(({ clientId }) => clientId));
    const entries = this.outbox.entries(this.project.id);
    return [...this.#answered, ...entries].filter(({ clientId }) => !arrived.has(clientId));
  }

  // Writing

  async send(content, replyTo, attachments = []) {
    const stored = this.reply(content, replyTo, attachments);
    this.#tell("sent");
    await stored;
  }

  /** Sends without leading the timeline to its end: the writer looks at a thread. */
  async reply(content, replyTo, attachments = []) {
    this.notice.sent();
    await this.#put({ clientId: newId(), content, replyTo, attachments });
  }

  /** Sends a text of another history here; its old id keeps it from coming twice. */
  async resend({ clientId, content }) {
    this.#tell("sent");
    await this.#put({ clientId, content, replyTo: null, attachments: [] });
  }

  /** Changes a message as I see it; what was changed elsewhere meanwhile is not overwritten. */
  async edit({ number, editedAt }, content) {
    this.#changed(await api("PATCH", `${this.#path}/messages/${number}`, { content, editedAt }));
  }

  async delete(number) {
    this.#changed(await api("DELETE", `${this.#path}/messages/${number}`));
  }

  /** Adds my reaction to a message, or takes it back. */
  async react(number, emoji, chosen) {
    const path = `${this.#path}/messages/${number}/reactions/${encodeURIComponent(emoji)}`;
    this.#changed(await api(chosen ? "PUT" : "DELETE", path));
  }

  /** Pins a message, or lets go of it. */
  async pin(number, pinned) {
    this.#changed(await api(pinned ? "PUT" : "DELETE", `${this.#path}/messages/${number}/pin`));
  }

  /** Lets the composer answer a message, or change one. */
  compose(what) {
    this.#tell("compose", what);
  }

  /** This message is in sight. */
  see(number) {
    this.seenNumber = Math.max(this.seenNumber, number);
    this.reading.reach(number);
  }

  /** Lets me read this message and what follows it again later. */
  async markUnread(number) {
    await api("PUT", `${this.#path}/unread`, { number });
    this.#markedUnread(number);
  }

  /** What happened since I was last here. */
  catchUp() {
    return api("GET", `${this.#path}/catch-up?since=${this.since}`);
  }

  // Threads

  openThread(number) {
    const path = `${this.#path}/messages/${number}/thread`;
    this.thread = new Thread(number, (query) => api("GET", `${path}?${query}`));
    return this.thread;
  }

  closeThread(thread) {
    if (this.thread === thread) this.thread = null;
  }

  // Moving through the history

  loadOlder() {
    const query = () => `before=${this.timeline.first}`;
    return this.#loadOnce("older", query, (page) => this.timeline.addOlder(page));
  }

  loadNewer() {
    const query = () => `after=${this.timeline.last}`;
    return this.#loadOnce("newer", query, (page) => this.timeline.addNewer(page));
  }

  /** Brings a message into the stretch and asks for it to be shown. */
  async goTo(number) {
    this.#tell("going", number);
    if (!this.timeline.find(number)) await this.openAround(number);
    this.#tell("focus", number);
  }

  /** Goes to the first message written at a moment or later; to the last one if there is none. */
  async goToDate(moment) {
    const date = encodeURIComponent(moment.toISOString());
    const { number } = await api("GET", `${this.#path}/messages?limit=1&date=${date}`);
    await this.goTo(number ?? this.timeline.count);
  }

  /** Brings the part of the history with this message into the stretch. */
  openAround(number) {
    return this.#open(`around=${Math.min(Math.max(1, number), this.timeline.count)}`);
  }

  /** Brings the newest messages into the stretch. */
  async goToNewest() {
    if (this.timeline.hasNewer) await this.#open("");
  }

  // Internal

  #put(message) {
    const { id: projectId, name: projectName } = this.project;
    return this.outbox.add({ projectId, projectName, ...message });
  }

  #liveNews() {
    return {
      message: (message) => this.#arrived(message),
      timeline: () => this.#timelineChanged(),
      reset: () => this.#restart(),
      historyChanged: startAfresh,
      typing: (news) => this.typing.note(news),
      presence: (people, count) => this.#met(people, count),
      read: (userId, number) => this.#readNews(userId, number),
      mentioned: (number) => this.#mentioned(number),
      markedUnread: (number) => this.#markedUnread(number),
      elsewhere: (event, news) => this.#tell("elsewhere", { ...news, event }),
      light: () => this.#lit(),
      mayReturn: () => this.#mayReturn(),
    };
  }

  #arrived(message) {
    this.typing.forget(message.author.id);
    this.#read(message.author.id, message.number);
    if (message.kind === "system") this.#refreshProject();
    this.#tell("arrived", message);
  }

  #timelineChanged() {
    this.#answered = this.#answered.filter(({ version }) => version > this.timeline.cursor);
    this.mentions.look(this.timeline.messages, this.lastReadNumber);
    this.#tell("timeline");
  }

  /** The timeline is another one, and may be an earlier one: nothing that was counted is sure. */
  #restart() {
    this.#answered = [];
    this.seenNumber = 0;
    this.reading.restart();
    this.quotes.forget();
    this.people.doubt();
    this.#takeMarks();
    this.#tell("reset");
  }

  async #takeMarks() {
    await this.#refreshProject();
    this.since = Math.min(this.since, this.lastReadNumber);
    this.reading.known(this.lastReadNumber);
    this.#tell("read");
    if (this.people.isInDoubt) setTimeout(() => this.#takeMarks(), MARKS_AGAIN_AFTER);
  }

  #met(people, count) {
    this.people.arrive(people, count);
    this.#tell("people");
    if (people.some(({ id }) => !this.people.isKnown(id))) this.#refreshProject();
  }

  #read(userId, number) {
    if (!this.people.read(userId, number)) return;
    if (userId === this.viewer.id) {
      this.reading.known(number);
      this.mentions.read(number);
    }
    this.#tell("read");
  }

  /** The poll tells of messages alone: how far others have read, and my other projects, is asked. */
  #polled() {
    if (Date.now() - this.#refreshedAt < REFRESH_AFTER) return;
    this.#refreshedAt = Date.now();
    this.#refreshProject();
    this.#tell("connected");
  }

  /** Others may also begin, or cease, to show how far they have read. */
  #readNews(userId, number) {
    const isMine = userId === this.viewer.id;
    const { lastReadNumber } = this.people.find(userId) ?? {};
    if (isMine && number === null) return;
    if (isMine || (number !== null && lastReadNumber !== null)) return this.#read(userId, number);
    this.people.show(userId, number);
    this.#tell("read");
  }

  #mentioned(number) {
    this.mentions.add(number, this.lastReadNumber);
    this.#tell("read");
  }

  #markedUnread(number) {
    if (this.lastReadNumber < number) return;
    this.people.putBack(number - 1);
    this.reading.hold(number - 1);
    this.#tell("marked-unread", number);
    this.#tell("read");
    this.#refreshProject();
  }

  #lit() {
    if (this.live.isUpToDate) {
      this.outbox.wake();
      this.uploads.wake();
      this.reading.again();
    }
    this.#tell("light");
  }

  /** The server sent this tab away: the login has ended, or the server is about to restart. */
  async #mayReturn() {
    let session;
    try {
      session = await api("GET", "/api/session");
    } catch {
      return true;
    }
    if (session.user?.id === this.viewer.id) return true;
    this.#tell("logged-out");
    return false;
  }

  async #refreshProject() {
    try {
      this.project = await api("GET", this.#path);
    } catch {
      // Not a member any more, which the live connection tells; or the next news asks again.
      return;
    }
    this.people.replace(this.project);
    this.mentions.replace(this.project.mentionNumbers);
    this.#tell("people");
    this.#tell("project");
  }

  #post({ projectId, clientId, content, replyTo, attachments = [] }) {
    const uploads = attachments.map(({ id }) => id);
    const body = { content, clientId, replyTo, uploads };
    const signal = AbortSignal.timeout(SEND_TIMEOUT);
    return this.#sendMine("POST", `/api/projects/${projectId}/messages`, body, { signal });
  }

  #upload(method, path, body, options) {
    return this.#sendMine(method, `${this.#path}/uploads${path}`, body, options);
  }

  async #sendMine(method, path, body, options) {
    try {
      // Somebody else's login in this browser must not send what I wrote.
      if (!this.isStillMine) throw Object.assign(new Error(), { status: 401 });
      return await api(method, path, body, options);
    } catch (error) {
      if (error.status === 401) this.#tell("logged-out");
      throw error;
    }
  }

  #sent(message) {
    if (message.projectId !== this.project.id) return;
    this.#answered.push(message);
    this.reading.release();
    this.#read(this.viewer.id, message.number);
    this.#changed(message);
  }

  #changed(message) {
    this.timeline.apply(message);
    this.quotes.changed(message);
    this.live.changed();
    this.#timelineChanged();
  }

  async #tellRead(number) {
    await api("PUT", `${this.#path}/read`, { number });
    this.#read(this.viewer.id, number);
  }

  #loadOnce(name, query, accept) {
    if (!this.#loads.has(name)) {
      const load = this.#load(query, accept).finally(() => this.#loads.delete(name));
      this.#loads.set(name, load);
    }
    return this.#loads.get(name);
  }

  #open(query) {
    return this.#load(
      () => query,
      (page) => this.timeline.open(page),
    );
  }

  /** A page may be out of date by the time it comes; then it is asked for again. */
  async #load(query, accept) {
    for (let attempt = 0; attempt < PAGE_TRIES; attempt += 1) {
      const page = await api("GET", `${this.#path}/messages?limit=${PAGE_SIZE}&${query()}`);
      if (accept(page)) break;
    }
    this.#tell("history");
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
