// What has changed in a project, asked for over plain HTTP: each request waits at the server until
// there is something. For pages whose network lets no WebSocket through. No DOM.

/** Seconds; the page takes a server for silent that says nothing for 25. */
const WAIT = 20;
// The first answer comes soon, since only it tells who is here with me.
const FIRST_WAIT = 1;
// Where a proxy cuts off what waits, the next request waits half as long.
const SHORTEST_WAIT = 5;
const ANSWER_TIMEOUT = 10_000;
// What is said in quick succession comes together. There is no pause otherwise: browsers stretch
// the timers of a tab out of sight to a minute.
const PAUSE = 300;

export class LongPoll {
  #call;
  #on;
  #question;
  #controller = null;
  #wait = WAIT;

  /**
   * `call(query, signal)` asks the server. `on` has a function for each kind of news: `changes` (an
   * answer that came by itself) and `failed` (an error that ends the waiting).
   */
  constructor({ call, on }) {
    this.#call = call;
    this.#on = on;
  }

  /** Answers the question of `join_room` as the socket would, then waits for what comes next. */
  async ask({ projectId: _, ...question }) {
    const { signal } = this.#begin();
    this.#question = question;
    const answer = await this.#get(0, signal);
    if (!signal.aborted) this.#follow(answer, signal);
    return answer;
  }

  stop() {
    this.#controller?.abort();
  }

  #begin() {
    this.stop();
    this.#controller = new AbortController();
    return this.#controller;
  }

  async #follow({ version }, signal) {
    let [since, wait] = [version, FIRST_WAIT];
    try {
      for (;;) {
        const answer = await this.#get(wait, signal, since);
        if (signal.aborted) return;
        [since, wait] = [answer.version, this.#wait];
        this.#on.changes(answer);
        if (answer.messages.length > 0) await pause();
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!error.status || error.status > 500) this.#waitLess();
      this.#on.failed(error);
    }
  }

  #get(wait, signal, since = this.#question.since) {
    const query = new URLSearchParams({ ...this.#question, since, wait });
    const timeout = AbortSignal.timeout(wait * 1000 + ANSWER_TIMEOUT);
    return this.#call(query, AbortSignal.any([signal, timeout]));
  }

  #waitLess() {
    this.#wait = Math.max(SHORTEST_WAIT, Math.floor(this.#wait / 2));
  }
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, PAUSE));
}
