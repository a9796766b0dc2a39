// The page's way to the server: WebSocket, and only where a network refuses that while plain HTTP
// works, the long poll. It looks like one Socket.IO socket. No DOM.
import { t } from "projchat/i18n";

// Handshakes that failed one after the other, each while the server answered over HTTP. One may be
// the server's restart: the handshake finds it away, and a moment later HTTP finds it back. Where a
// WebSocket has opened, and more so where it has lasted, they must go on for a while, since a
// server that is leaving refuses handshakes and still answers what comes over open connections.
const FAILURES = 3;
const USUAL_RESTART = 5000;
const LONGEST_RESTART = 10_000;
// A WebSocket that ended sooner has not worked; one that lasts as long beside the poll takes over.
const TRUSTED_AFTER = 10_000;
// The first trial comes soon, in case it was the server after all.
const EARLY_TRIAL = 3000;
const FIRST_TRIAL = 60_000;
const LONGEST_TRIAL = 300_000;
const FIRST_DELAY = 1000;
const LONGEST_DELAY = 10_000;
const ITS_OWN = ["connect", "disconnect", "connect_error"];
const REFUSED = "io server disconnect";

export class Connection {
  /** Whether the long poll stands in for a WebSocket that does not get through. */
  isPolling = false;

  #socket;
  #poll;
  #check;
  #now;
  #random;
  #handlers = new Map();
  #openedAt = null;
  #failures = 0;
  #failingSince = 0;
  #hasLasted = false;
  #isChecking = false;
  // While polling.
  #projectId;
  #isUp = false;
  #isTakingOver = false;
  #setbacks = 0;
  #trials = 0;
  #timers = {};

  /**
   * `poll(on)` makes the `LongPoll`; `check()` resolves with whether the server answers over HTTP.
   */
  constructor({ socket, poll, check, now = Date.now, random = Math.random }) {
    this.#socket = socket;
    this.#poll = poll({ changes: this.#changes, failed: this.#pollFailed });
    this.#check = check;
    this.#now = now;
    this.#random = random;
    socket.on("connect", this.#opened);
    socket.on("disconnect", this.#closed);
    socket.on("connect_error", this.#refused);
  }

  // What a socket has

  get connected() {
    return this.isPolling ? this.#isUp : this.#socket.connected;
  }

  /** Whether it tries again by itself. */
  get active() {
    return this.isPolling || this.#socket.active;
  }

  get id() {
    return this.#socket.id;
  }

  /** Typing is not told over the poll: it would come late, and cost a request each time. */
  get volatile() {
    return this.isPolling ? { emit: () => {} } : this.#socket.volatile;
  }

  on(event, handle) {
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handle]);
    if (!ITS_OWN.includes(event)) this.#socket.on(event, handle);
    return this;
  }

  timeout(milliseconds) {
    return { emitWithAck: (event, data) => this.#ask(event, data, milliseconds) };
  }

  connect() {
    if (this.isPolling) this.#lift();
    this.#socket.connect();
    return this;
  }

  disconnect() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    const wasUp = this.#isUp;
    this.#dropPoll();
    this.#socket.disconnect();
    if (wasUp) this.#tell("disconnect", "io client disconnect");
    return this;
  }

  /** Tries WebSocket now: the network may be another one. */
  retry() {
    if (this.isPolling && !this.#socket.active) this.#try();
  }

  // The WebSocket

  #opened = () => {
    console.log(t("✅ WebSocket connected: {id}", { id: this.#socket.id }));
    this.#openedAt = this.#now();
    if (!this.isPolling) this.#tell("connect");
    else if (!this.#isUp) this.#takeOver();
    else this.#timers.trust = setTimeout(() => this.#takeOver(), TRUSTED_AFTER);
  };

  #closed = (reason) => {
    if (this.isPolling && reason === "io client disconnect") return;
    const lasted = this.#now() - this.#openedAt >= TRUSTED_AFTER;
    this.#hasLasted ||= lasted;
    if (lasted) this.#failures = 0;
    if (this.isPolling) return this.#trialFailed();
    this.#tell("disconnect", reason);
    if (!lasted && this.#socket.active) this.#suspect();
  };

  #refused = (error) => {
    if (this.isPolling) return this.#trialFailed();
    this.#tell("connect_error", error);
    // The server's own no came through a WebSocket that works.
    if (this.#socket.active) this.#suspect();
  };

  /** It failed: is it the network that does not let it through, or is the server away? */
  async #suspect() {
    if (this.#isChecking) return;
    this.#isChecking = true;
    const answers = await this.#check();
    this.#isChecking = false;
    if (this.isPolling || this.#socket.connected || !this.#socket.active) return;
    if (!answers || this.#failures === 0) this.#failingSince = this.#now();
    this.#failures = answers ? this.#failures + 1 : 0;
    if (this.#failures >= FAILURES && !this.#mayBeRestart) this.#fallBack();
  }

  get #mayBeRestart() {
    if (this.#openedAt === null) return false;
    const longest = this.#hasLasted ? LONGEST_RESTART : USUAL_RESTART;
    return this.#now() - this.#failingSince < longest;
  }

  // The long poll

  #fallBack() {
    console.log(t("⏳ WebSocket is blocked: asking over HTTP"));
    this.isPolling = true;
    this.#trials = 0;
    this.#socket.disconnect();
    this.#tryLater();
    this.#lift();
  }

  #lift() {
    clearTimeout(this.#timers.lift);
    if (this.#isUp) return;
    this.#isUp = true;
    this.#tell("connect");
  }

  #dropPoll() {
    this.#isUp = false;
    this.#poll.stop();
  }

  #changes = (answer) => {
    this.#setbacks = 0;
    this.#tell("changes", { ...answer, projectId: this.#projectId });
  };

  #pollFailed = (error) => {
    if (error.status === 401) {
      this.#dropPoll();
      this.#tell("disconnect", REFUSED);
    } else if (error.status >= 400 && error.status < 500 && error.status !== 429) {
      // Asked again, the server says why.
      this.#tell("room-closed", { projectId: this.#projectId });
    } else {
      this.#fall(error);
    }
  };

  /** Nothing answers: from now on the first that does is taken, whichever it is. */
  #fall({ retryAfter }) {
    this.#dropPoll();
    this.#tell("disconnect", "transport error");
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#setbacks);
    this.#setbacks += 1;
    const rest = delay * (0.5 + this.#random());
    this.#timers.lift = setTimeout(() => this.#lift(), Math.max(rest, (retryAfter ?? 0) * 1000));
    if (this.#socket.connected) this.#timers.trust = setTimeout(() => this.#takeOver());
    else this.retry();
  }

  // Trying WebSocket beside the poll

  #try() {
    clearTimeout(this.#timers.trial);
    this.#socket.connect();
  }

  #tryLater() {
    clearTimeout(this.#timers.trial);
    const later = Math.min(LONGEST_TRIAL, FIRST_TRIAL * 2 ** (this.#trials - 1));
    const delay = this.#trials === 0 ? EARLY_TRIAL : later;
    this.#trials += 1;
    this.#timers.trial = setTimeout(() => this.#try(), delay * (0.75 + this.#random() / 2));
  }

  #trialFailed() {
    clearTimeout(this.#timers.trust);
    this.#isTakingOver = false;
    this.#socket.disconnect();
    // While nothing answers at all it says nothing of WebSockets, and the next comes soon again.
    if (!this.#isUp) this.#trials = 0;
    this.#tryLater();
  }

  /** The page asks over the WebSocket what it has missed; once it has the answer, the poll ends. */
  #takeOver() {
    clearTimeout(this.#timers.lift);
    this.#isTakingOver = true;
    this.#isUp = true;
    this.#tell("connect");
  }

  #endPolling() {
    this.#isTakingOver = false;
    this.isPolling = false;
    this.#failures = 0;
    this.#dropPoll();
  }

  async #ask(event, data, milliseconds) {
    if (this.#isTakingOver) {
      try {
        const answer = await this.#socket.timeout(milliseconds).emitWithAck(event, data);
        this.#endPolling();
        return answer;
      } catch {
        if (this.#isTakingOver) this.#trialFailed();
      }
    }
    if (this.isPolling) return this.#askOverHttp(data);
    return this.#socket.timeout(milliseconds).emitWithAck(event, data);
  }

  async #askOverHttp(data) {
    this.#projectId = data.projectId;
    try {
      return { ok: true, ...(await this.#poll.ask(data)) };
    } catch (error) {
      if (error.name === "AbortError") throw error;
      if (error.status && error.status !== 401) return { ok: false, error };
      this.#pollFailed(error);
      throw error;
    }
  }

  #tell(event, ...news) {
    for (const handle of this.#handlers.get(event) ?? []) handle(...news);
  }
}
