// The live connection of one project's page: enters the room, keeps the timeline caught up, mends
// itself, and knows whether it may be trusted. No DOM.
import { t } from "projchat/i18n";

// The server tells the head every 10 s; a connection that missed two of them is not believed.
const SILENCE = 25_000;
const CHECK_EVERY = 5000;
const ANSWER_TIMEOUT = 20_000;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;
const LONGEST_PAGE = 500;

/** What the light says. */
export const CONNECTING = "connecting";
export const LIVE = "live";
/** Everything is here, but over the long poll: the network lets no live connection through. */
export const DELAYED = "delayed";
export const BEHIND = "behind";
export const OFFLINE = "offline";
export const CLOSED = "closed";

export class Live {
  state = CONNECTING;
  /** When the connection was last live; the opening of the page if it never was. */
  since;

  #socket;
  #projectId;
  #history;
  #timeline;
  #on;
  #now;
  #random;
  #checks;
  #joined = false;
  #closed = false;
  #failed = false;
  #wanted = false;
  #asking = false;
  #failures = 0;
  #pageSize = LONGEST_PAGE;
  #heardAt;

  /**
   * `on` has a function for each kind of news: `message` (a new one), `timeline` (it has changed),
   * `reset` (it is another one), `typing`, `presence`, `read`, `light`, `mentioned`, `markedUnread`,
   * `elsewhere(event, news)` (something of mine in another project); and `mayReturn`, which is asked
   * after the server has sent this tab away and resolves with false if it should stay away.
   * `historyChanged` is told when the server counts in another history than `history`, which this
   * page is of; the page is of no use then. `since` is the time that the timeline is from, where the
   * page was kept from an earlier visit.
   */
  constructor({
    socket,
    projectId,
    history,
    timeline,
    on,
    since,
    now = Date.now,
    random = Math.random,
  }) {
    this.#socket = socket;
    this.#projectId = projectId;
    this.#history = history;
    this.#timeline = timeline;
    this.#on = on;
    this.#now = now;
    this.#random = random;
    this.since = since ?? now();
    this.#heardAt = now();
  }

  // Lifecycle

  start() {
    this.#listen();
    this.resume();
  }

  resume() {
    this.#socket.connect();
    this.#checks = setInterval(() => this.#check(), CHECK_EVERY);
  }

  stop() {
    clearInterval(this.#checks);
    this.#socket.disconnect();
  }

  /** Makes sure that the connection still works: the tab slept, or the network changed. */
  verify() {
    if (this.#socket.connected) this.#catchUp();
    else this.#socket.disconnect().connect();
  }

  /** Tells the others that I write, or no longer do; it is not worth sending late. */
  tellTyping(isTyping) {
    if (!this.#joined) return;
    this.#socket.volatile.emit("typing", { projectId: this.#projectId, isTyping });
  }

  /** Whether everything is here that the server has. */
  get isUpToDate() {
    return this.state === LIVE || this.state === DELAYED;
  }

  /** A change came from elsewhere (the answer to a call): the light may have to change. */
  changed() {
    if (!this.#timeline.isCaughtUp && !this.#asking) this.#catchUp();
    this.#refresh();
  }

  // Connection

  #listen() {
    this.#socket.on("connect", this.#connected);
    this.#socket.on("disconnect", this.#disconnected);
    this.#socket.on("connect_error", this.#refused);
    this.#hear("new-message", this.#newMessage);
    this.#hear("message-updated", this.#changedMessage);
    this.#hear("head", ({ version }) => this.#timeline.hear(version));
    this.#hear("room-closed", this.#roomClosed);
    this.#hear("changes", this.#polled);
    this.#hear("user-typing", (news) => this.#on.typing(news));
    this.#hear("presence", ({ users, count }) => this.#on.presence(users, count));
    this.#hear("read", ({ userId, number }) => this.#on.read(userId, number));
    this.#hearOfMine("mentioned", ({ number }) => this.#on.mentioned(number));
    this.#hearOfMine("marked-unread", ({ number }) => this.#on.markedUnread(number));
    this.#hearOfMine("read");
    this.#hearOfMine("unread");
  }

  #hear(event, handle) {
    this.#socket.on(event, (news) => {
      if (news.projectId !== this.#projectId) return;
      this.#heardAt = this.#now();
      handle(news);
      this.changed();
    });
  }

  /** What comes to all my tabs, whatever project they show. */
  #hearOfMine(event, handle = () => {}) {
    this.#socket.on(event, (news) => {
      if (news.projectId === this.#projectId) handle(news);
      else this.#on.elsewhere(event, news);
    });
  }

  #connected = () => {
    this.#failed = false;
    this.#failures = 0;
    this.#heardAt = this.#now();
    this.#timeline.dropHeld();
    this.#catchUp();
    this.#refresh();
  };

  #disconnected = (reason) => {
    this.#joined = false;
    this.#failed = true;
    this.#refresh();
    if (reason === "io server disconnect") this.#return();
  };

  #refused = () => {
    this.#failed = true;
    this.#refresh();
    // Without a network the library tries again by itself; it does not after the server's own no.
    if (!this.#socket.active) this.#return();
  };

  async #return() {
    await this.#pause();
    if (await this.#on.mayReturn()) this.#socket.connect();
  }

  #pause() {
    this.#failures += 1;
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (this.#failures - 1));
    return new Promise((resolve) => setTimeout(resolve, delay * (0.5 + this.#random())));
  }

  #check() {
    if (this.#joined && this.#isSilent) this.#catchUp();
    this.#refresh();
  }

  // Catching up: enter the room, then read what was missed. One question at a time.

  async #catchUp() {
    this.#wanted = true;
    if (this.#asking) return;
    this.#asking = true;
    while (this.#wanted && this.#socket.connected) {
      this.#wanted = false;
      await this.#ask();
    }
    this.#asking = false;
    this.#refresh();
  }

  async #ask() {
    const question = this.#question;
    let answer;
    try {
      answer = await this.#socket.timeout(ANSWER_TIMEOUT).emitWithAck("join_room", question);
    } catch {
      // It looked connected and was not, or the page was too long for this connection: a fresh one
      // asks again, for half of it.
      this.#pageSize = Math.ceil(this.#pageSize / 2);
      if (this.#socket.connected) this.#socket.disconnect().connect();
      return;
    }
    this.#heardAt = this.#now();
    if (this.#isOfAnotherHistory(answer)) this.#giveUp();
    else if (answer.ok) await this.#entered(answer, question.since);
    else await this.#notLetIn(answer.error);
  }

  /** A full page is not asked for by its size, which an older server does not know. */
  get #question() {
    const { cursor: since } = this.#timeline;
    const question = { projectId: this.#projectId, since, history: this.#history };
    return this.#pageSize < LONGEST_PAGE ? { ...question, limit: this.#pageSize } : question;
  }

  async #entered(answer, since) {
    this.#closed = false;
    this.#pageSize = Math.min(LONGEST_PAGE, this.#pageSize * 2);
    if (!this.#joined) {
      console.log(t("📁 Client joined project {id}", { id: this.#projectId }));
      this.#joined = true;
    }
    this.#take(answer);
    this.#on.presence(answer.presence, answer.presenceCount);
    this.#wanted ||= !this.#timeline.isCaughtUp;
    const progress = answer.version !== since || !this.#wanted;
    if (progress) this.#failures = 0;
    else await this.#pause();
  }

  #take(answer) {
    if (answer.reset) {
      this.#timeline.reset(answer);
      this.#on.reset();
      return;
    }
    this.#timeline.merge(answer.messages, answer.version);
    if (answer.hasMore) this.#wanted = true;
    this.#on.timeline();
  }

  #isOfAnotherHistory({ error, history }) {
    if (error) return error.code === "history_changed";
    return Boolean(history && this.#history) && history !== this.#history;
  }

  /** Nothing that comes from now on may be merged into what is here. */
  #giveUp() {
    this.stop();
    this.#on.historyChanged();
  }

  async #notLetIn({ code }) {
    this.#joined = false;
    this.#pageSize = LONGEST_PAGE;
    this.#closed = code === "not_found";
    this.#refresh();
    if (this.#closed) return;
    await this.#pause();
    this.#wanted = true;
  }

  // Events

  #newMessage = (message) => {
    console.log(t("📨 New message received over WebSocket"));
    this.#changedMessage(message);
    this.#on.message(message);
  };

  #changedMessage = (message) => {
    this.#timeline.apply(message);
    this.#on.timeline();
  };

  /** The long poll's answer tells of new messages and of changed ones alike. */
  #polled = (answer) => {
    const known = this.#timeline.count;
    this.#take(answer);
    this.#on.presence(answer.presence, answer.presenceCount);
    const news = answer.reset ? [] : answer.messages.filter(({ number }) => number > known);
    for (const message of news) this.#on.message(message);
    if (this.#wanted) this.#catchUp();
  };

  #roomClosed = () => {
    this.#joined = false;
    this.#catchUp();
  };

  // The light

  get #isSilent() {
    return this.#now() - this.#heardAt > SILENCE;
  }

  #refresh() {
    const state = this.#currentState();
    if (state === this.state) return;
    if (this.isUpToDate) this.since = this.#now();
    this.state = state;
    this.#on.light();
  }

  get #best() {
    return this.#socket.isPolling ? DELAYED : LIVE;
  }

  #currentState() {
    if (this.#closed) return CLOSED;
    if (this.#joined && !this.#isSilent) return this.#timeline.isCaughtUp ? this.#best : BEHIND;
    if (this.#failed || this.#isSilent) return OFFLINE;
    return CONNECTING;
  }
}
