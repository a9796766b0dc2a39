// One at a time among all tabs of this browser, or among this tab's own tasks where the browser has
// no locks (a page served over plain http from another machine).

const queues = new Map();

/** Runs `task` when no other holds the lock, and resolves with what it resolves with. */
export function exclusively(name, task) {
  return globalThis.navigator?.locks ? navigator.locks.request(name, task) : inTurn(name, task);
}

function inTurn(name, task) {
  const turn = (queues.get(name) ?? Promise.resolve()).then(task);
  queues.set(
    name,
    turn.catch(() => {}),
  );
  return turn;
}
