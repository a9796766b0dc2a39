/* What every load does, whatever its server speaks: it lets listeners in, lets posters post, and
 * checks and times what is delivered. load.c and xmpp.c include it and add what is said.
 *
 * Commands come by standard input, one a line; each is answered by one line of JSON when it is done:
 *
 *     run seats=FILE listeners=N window=N posts=N posters=N rate=R hold=S limit=S size=B
 *
 * It lets N more listeners in, at most `window` at a time, and meanwhile lets the posters send:
 * one message after the other, or `rate` messages a second whether or not the answers keep up.
 * Where both are asked for, the posting ends when all listeners are in. `hold` is how many seconds
 * the run lasts at least, `limit` how many at most.
 *
 * A line of FILE is a seat, "PROJECT TOKEN COOKIE"; posters take them in turn, and so do listeners
 * unless `newcomers=FILE` has seats for them.
 *
 * The audience of a run is who was in the posters' project before it began. Every message must
 * reach all of it once and in order; what does not is counted. The latency of a delivery runs
 * from the moment its message was due to be posted until it has been read from the listener's
 * socket, so a server that makes the posters wait is not excused.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 20000
#define MOST_SEATS 4096
#define MOST_EVENTS 1024
#define INBOX_BYTES (8 << 20)
#define SETTLE_SECONDS 3.0
#define REDIAL_NANOSECONDS 1000000000u

typedef enum { CONNECTING, UPGRADING, OPENING, ENTERING, JOINING, IN, GONE } State;

typedef struct {
    int project;
    char token[256], cookie[2048];
} Seat;

typedef struct {
    Seat seats[MOST_SEATS];
    long count;
} Row;

typedef struct {
    int fd;
    State state;
    bool posts;         /* only a poster; otherwise a listener */
    bool waits;         /* for the answer to its post */
    const Seat *seat;   /* good while this run lasts */
    int project;
    char *rest;         /* the beginning of what has not come whole */
    size_t rest_length;
    uint64_t began;     /* when it dialled, or when its message was due */
    long message;       /* what it posted last, by this run's count */
    long last_number;   /* the newest message that it has heard */
    long place;         /* in the audience of this run, or -1 */
    uint64_t redials;   /* when it tries again to be let in; 0 if it need not */
} Connection;

/* --- Time and figures --- */

/* Microseconds in buckets that are at most 1.6 % wide: 64 for each power of two. */
#define ROW 128
typedef struct {
    uint64_t count, most, buckets[58 * ROW];
} Histogram;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double seconds_since(uint64_t then) { return (double)(now() - then) / 1e9; }

static double cpu_seconds(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void record(Histogram *histogram, uint64_t nanoseconds) {
    uint64_t value = nanoseconds / 1000;
    int shift = value < ROW ? 0 : 57 - __builtin_clzll(value);
    histogram->buckets[(uint64_t)shift * ROW + (value >> shift)]++;
    histogram->count++;
    if (value > histogram->most) histogram->most = value;
}

static double milliseconds(const Histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->count), seen = 0;
    for (uint64_t i = 0; i < 58 * ROW; i++) {
        seen += histogram->buckets[i];
        if (seen > wanted) return (double)((i % ROW) << (i / ROW)) / 1e3;
    }
    return (double)histogram->most / 1e3;
}

/* --- What is asked, and what has come of it --- */

static struct {
    struct sockaddr_in address;
    char host[64];
} server;

static struct {
    long listeners, window, posts, posters, size;
    double rate, hold, limit;
} wish;

static struct {
    uint64_t began;
    double cpu;
    long dialled, redialled, joined, refused, dropped;
    long audience, most_posts, sent, answered, accepted, last_status;
    long deliveries, twice, disordered, others;
    uint64_t last_join, last_answer, last_delivery;
    uint8_t *seen;  /* a bit for each message and member of the audience */
    Histogram joining, posting, delivering;
} run;

static Row talking, coming;
static Connection listeners[MOST_CONNECTIONS], *posters[MOST_CONNECTIONS];
static long listener_count;
static char inbox[INBOX_BYTES + 1];
static int poll_fd;
static bool command_waits;

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* --- What the server's language adds --- */

/* The first words of a listener who has just been connected. */
static void greet(Connection *c);

/* Takes what has come whole, returns how many bytes it was. */
static size_t take(Connection *c, char *bytes, size_t length);

/* Sends one message; `answered` is called when the server has answered it. */
static void post(Connection *c, uint64_t due);

/* Who the posters of this run are; those that only post are hung up at its end. */
static Connection *poster(long place);

/* --- Out --- */

static void watch(Connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(poll_fd, operation, c->fd, &event);
}

static void leave(Connection *c) {
    if (c->fd >= 0) close(c->fd);
    free(c->rest);
    c->rest = NULL;
    c->rest_length = 0;
    c->fd = -1;
}

static void lose(Connection *c) {
    leave(c);
    if (c->waits) run.answered++;
    c->waits = false;
    if (c->posts) {
        c->state = GONE;
        return;
    }
    if (c->state == IN) run.dropped++;
    else {
        run.refused++;
        c->redials = now() + REDIAL_NANOSECONDS;
    }
    c->state = GONE;
}

/* What we send is small beside the socket's buffer: it goes out whole, or the connection is lost. */
static void say(Connection *c, const char *bytes, size_t length) {
    if (send(c->fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) lose(c);
}
static void dial(Connection *c) {
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->state = CONNECTING;
    if (connect(c->fd, (void *)&server.address, sizeof server.address) && errno != EINPROGRESS)
        die("connect");
    watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

/* The mark by which a message is known again, and as many words as are wished for. */
static int write_content(char *text, uint64_t due) {
    int length = sprintf(text, "sent %016lx %08lx", due, run.sent);
    while (length < wish.size + 16) length += sprintf(text + length, " and so on");
    return length;
}

static void posted(Connection *c, uint64_t due) {
    c->waits = true;
    c->began = due;
    c->message = run.sent++;
}

/* --- In --- */

static void joined(Connection *c) {
    c->state = IN;
    run.joined++;
    run.last_join = now();
    record(&run.joining, run.last_join - c->began);
}

static void answered(Connection *c, bool well) {
    if (well) run.accepted++;
    run.answered++;
    run.last_answer = now();
    record(&run.posting, run.last_answer - c->began);
    c->waits = false;
}

/* Takes a message by what follows "sent " in it; returns its place in this run, or -1. */
static long hear_message(Connection *c, const char *mark, long number) {
    if (c->place < 0) return -1;
    uint64_t due = strtoull(mark, NULL, 16);
    long message = strtol(mark + 17, NULL, 16);
    if (due < run.began || message >= run.most_posts) return -1;  /* of an earlier run */

    if (number < c->last_number) run.disordered++;
    c->last_number = number;

    size_t bit = (size_t)(c->place * run.most_posts + message);
    if (run.seen[bit / 8] & 1 << bit % 8) {
        run.twice++;
        return message;
    }
    run.seen[bit / 8] |= (uint8_t)(1 << bit % 8);
    run.deliveries++;
    run.last_delivery = now();
    record(&run.delivering, run.last_delivery - due);
    return message;
}

/* --- Connections --- */

static void on_bytes(Connection *c) {
    size_t kept = c->rest_length;
    if (kept) memcpy(inbox, c->rest, kept);
    ssize_t got = recv(c->fd, inbox + kept, INBOX_BYTES - kept, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        lose(c);
        return;
    }
    size_t length = kept + (size_t)got;
    inbox[length] = 0;
    size_t done = take(c, inbox, length);
    if (c->state == GONE) return;
    free(c->rest);
    c->rest = NULL;
    c->rest_length = length - done;
    if (c->rest_length) {
        c->rest = malloc(c->rest_length);
        memcpy(c->rest, inbox + done, c->rest_length);
    }
}

static void on_connected(Connection *c) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        lose(c);
        return;
    }
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
    if (c->posts) c->state = IN;
    else greet(c);
}

static void listen_for(uint64_t nanoseconds) {
    static struct epoll_event events[MOST_EVENTS];
    struct timespec wait = {(time_t)(nanoseconds / 1000000000u), (long)(nanoseconds % 1000000000u)};
    int count = epoll_pwait2(poll_fd, events, MOST_EVENTS, &wait, NULL);
    for (int i = 0; i < count; i++) {
        Connection *c = events[i].data.ptr;
        if (!c) command_waits = true;
        if (!c || c->state == GONE) continue;
        if (c->state == CONNECTING) on_connected(c);
        else on_bytes(c);
    }
}

/* --- A run --- */

/* Whoever was not let in tries again, as a Socket.IO client does; its join lasts from the first try. */
static void let_in_again(void) {
    if (run.redialled == run.refused) return;
    uint64_t moment = now();
    for (long i = listener_count - run.dialled; i < listener_count; i++) {
        Connection *c = &listeners[i];
        if (!c->redials || c->redials > moment) continue;
        c->redials = 0;
        run.redialled++;
        dial(c);
    }
}

static void let_in(void) {
    let_in_again();
    while (run.dialled < wish.listeners &&
           run.dialled - run.joined < wish.window) {
        Connection *c = &listeners[listener_count++];
        const Seat *seat = &coming.seats[run.dialled % coming.count];
        *c = (Connection){.seat = seat, .project = seat->project, .place = -1, .began = now()};
        run.dialled++;
        dial(c);
    }
}

static uint64_t due_at(long message) {
    return wish.rate > 0 ? run.began + (uint64_t)((double)message / wish.rate * 1e9) : now();
}

static void let_post(void) {
    for (long i = 0; i < wish.posters && run.sent < wish.posts; i++) {
        Connection *c = posters[i];
        if (c->state == GONE && c->posts) dial(c);
        if (c->state != IN || c->waits) continue;
        uint64_t due = due_at(run.sent);
        if (due > now()) return;
        post(c, due);
    }
}

static uint64_t pause_length(void) {
    if (wish.rate <= 0 || run.sent >= wish.posts) return 20000000;
    uint64_t due = due_at(run.sent), moment = now();
    return due > moment ? due - moment : 1000000;
}

static bool all_are_in(void) { return run.joined >= wish.listeners; }

static bool is_over(void) {
    double lasted = seconds_since(run.began);
    if (lasted > wish.limit) return true;
    if (lasted < wish.hold || !all_are_in()) return false;
    if (run.answered < wish.posts) return false;
    if (run.deliveries >= run.accepted * run.audience) return true;
    uint64_t last = run.last_delivery > run.last_answer ? run.last_delivery : run.last_answer;
    return seconds_since(last) > SETTLE_SECONDS;
}

static void gather_audience(void) {
    for (long i = 0; i < listener_count; i++) {
        bool hears = listeners[i].state == IN && listeners[i].project == talking.seats[0].project;
        listeners[i].place = hears && wish.posts ? run.audience++ : -1;
    }
    run.most_posts = wish.posts;
    run.seen = calloc((size_t)(run.audience * wish.posts) / 8 + 1, 1);
    if (!run.seen) die("calloc");
}

static void tell(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
}

static void tell_times(const char *name, const Histogram *histogram) {
    tell("\"%s_p50\": %.3f, \"%s_p95\": %.3f, \"%s_p99\": %.3f, \"%s_most\": %.3f, ", name,
         milliseconds(histogram, 0.5), name, milliseconds(histogram, 0.95), name,
         milliseconds(histogram, 0.99), name, (double)histogram->most / 1e3);
}

static double span(uint64_t until) { return until ? (double)(until - run.began) / 1e9 : 0; }

static void report(void) {
    tell("{\"joined\": %ld, \"refused\": %ld, \"dropped\": %ld, \"join_seconds\": %.4f, ", run.joined,
         run.refused, run.dropped, span(run.last_join));
    tell("\"posts\": %ld, \"bad_posts\": %ld, \"last_status\": %ld, \"post_seconds\": %.4f, ",
         run.accepted, run.sent - run.accepted, run.last_status, span(run.last_answer));
    tell("\"audience\": %ld, \"deliveries\": %ld, \"lost\": %ld, \"twice\": %ld, ", run.audience,
         run.deliveries, run.accepted * run.audience - run.deliveries, run.twice);
    tell("\"disordered\": %ld, \"others\": %ld, \"delivery_seconds\": %.4f, ", run.disordered,
         run.others, span(run.last_delivery));
    tell_times("join", &run.joining);
    tell_times("post", &run.posting);
    tell_times("delivery", &run.delivering);
    tell("\"cpu\": %.4f, \"seconds\": %.4f}\n", cpu_seconds() - run.cpu, seconds_since(run.began));
    fflush(stdout);
}

static void carry_out(void) {
    memset(&run, 0, sizeof run);
    gather_audience();
    for (long i = 0; i < wish.posters; i++) {
        posters[i] = poster(i);
        posters[i]->waits = false;
    }
    run.began = now();
    run.cpu = cpu_seconds();
    while (!is_over()) {
        let_in();
        let_post();
        if (wish.listeners && all_are_in()) wish.posts = run.sent;
        listen_for(pause_length());
    }
    report();
    run.most_posts = 0;  /* what still comes is of an earlier run */
    for (long i = 0; i < wish.posters; i++)
        if (posters[i]->posts) leave(posters[i]);
    free(run.seen);
}

/* --- Commands --- */

static void read_seats(Row *row, const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) die(path);
    for (row->count = 0; row->count < MOST_SEATS; row->count++) {
        Seat *seat = &row->seats[row->count];
        if (fscanf(file, "%d %255s %2047[^\n]", &seat->project, seat->token, seat->cookie) != 3) break;
    }
    fclose(file);
    if (!row->count) die("no seats");
}

static void set(const char *name, const char *value) {
    const struct {
        const char *name;
        long *whole;
        double *real;
    } known[] = {
        {"listeners", &wish.listeners, NULL}, {"window", &wish.window, NULL},
        {"posts", &wish.posts, NULL},         {"posters", &wish.posters, NULL},
        {"size", &wish.size, NULL},           {"rate", NULL, &wish.rate},
        {"hold", NULL, &wish.hold},           {"limit", NULL, &wish.limit},
    };
    if (!strcmp(name, "seats")) {
        read_seats(&talking, value);
        coming = talking;
        return;
    }
    if (!strcmp(name, "newcomers")) {
        read_seats(&coming, value);
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name)) continue;
        if (known[i].whole) *known[i].whole = atol(value);
        else *known[i].real = atof(value);
        return;
    }
    fprintf(stderr, "no such wish: %s\n", name);
    exit(2);
}

static void obey(char *line) {
    wish = (typeof(wish)){.window = 64, .limit = 60, .size = 64};
    char *word = strtok(line, " \n");
    if (!word || strcmp(word, "run")) exit(2);
    while ((word = strtok(NULL, " \n"))) {
        char *value = strchr(word, '=');
        if (!value) exit(2);
        *value++ = 0;
        set(word, value);
    }
    if (listener_count + wish.listeners > MOST_CONNECTIONS || wish.posters > MOST_CONNECTIONS)
        die("too many connections");
    carry_out();
}

/* Obeys until nobody asks any more. */
static int serve(const char *host, const char *port) {
    static char line[4096];
    server.address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    inet_pton(AF_INET, host, &server.address.sin_addr);
    snprintf(server.host, sizeof server.host, "%s:%s", host, port);
    poll_fd = epoll_create1(0);

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    /* Those who are in are answered also between commands. */
    struct epoll_event command = {.events = EPOLLIN};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &command);
    for (;;) {
        for (command_waits = false; !command_waits;) listen_for(1000000000);
        if (!fgets(line, sizeof line, stdin)) return 0;
        obey(line);
    }
}
