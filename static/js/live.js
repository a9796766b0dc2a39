// The live connection of one project's page: enters the room, keeps the timeline caught up, mends
// itself, and knows whether it may be trusted. No DOM.
import { t } from "projchat/i18n";

// The server tells the head every 10 s; a connection that missed two of them is not believed.
const SILENCE = 25_000;
const CHECK_EVERY = 5000;
const ANSWER_TIMEOUT = 20_000;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;

/** What the light says. */
export const CONNECTING = "connecting";
export const LIVE = "live";
export const BEHIND = "behind";
export const OFFLINE = "offline";
export const CLOSED = "closed";

export class Live {
  state = CONNECTING;
  /** When the connection was last live; the opening of the page if it never was. */
  since;

  #socket;
  #projectId;
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
  #heardAt;

  /**
   * `on` has a function for each kind of news: `message` (a new one), `timeline` (it has changed),
   * `reset` (it is another one), `typing`, `presence`, `read`, `light`, `mentioned`, `markedUnread`,
   * `elsewhere(event, news)` (something of mine in another project); and `mayReturn`, which is asked
   * after the server has sent this tab away and resolves with false if it should stay away.
   * `since` is the time that the timeline is from, where the page was kept from an earlier visit.
   */
  constructor({ socket, projectId, timeline, on, since, now = Date.now, random = Math.random }) {
    this.#socket = socket;
    this.#projectId = projectId;
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
    this.#hear("user-typing", (news) => this.#on.typing(news));
    this.#hear("presence", ({ users }) => this.#on.presence(users));
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
    console.log(t("✅ WebSocket connected: {id}", { id: this.#socket.id }));
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
    const question = { projectId: this.#projectId, since: this.#timeline.cursor };
    let answer;
    try {
      answer = await this.#socket.timeout(ANSWER_TIMEOUT).emitWithAck("join_room", question);
    } catch {
      // It looked connected and was not: a fresh connection asks again.
      if (this.#socket.connected) this.#socket.disconnect().connect();
      return;
    }
    this.#heardAt = this.#now();
    if (answer.ok) await this.#entered(answer, question.since);
    else await this.#notLetIn(answer.error);
  }

  async #entered(answer, since) {
    this.#closed = false;
    if (!this.#joined) {
      console.log(t("📁 Client joined project {id}", { id: this.#projectId }));
      this.#joined = true;
    }
    this.#take(answer);
    this.#on.presence(answer.presence);
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

  async #notLetIn({ code }) {
    this.#joined = false;
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
    if (this.state === LIVE) this.since = this.#now();
    this.state = state;
    this.#on.light();
  }

  #currentState() {
    if (this.#closed) return CLOSED;
    if (this.#joined && !this.#isSilent) return this.#timeline.isCaughtUp ? LIVE : BEHIND;
    if (this.#failed || this.#isSilent) return OFFLINE;
    return CONNECTING;
  }
}
