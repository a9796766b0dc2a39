/* The load: listeners on WebSockets (Socket.IO 5) and posters on HTTP, all in one process.
 *
 *     load HOST PORT SOCKET_PATH POST_PATH JOIN_EVENT
 *
 * `%d` in POST_PATH and JOIN_EVENT stands for a project. A seat is "PROJECT CSRF-TOKEN COOKIE". The
 * commands stand in run.h.
 */
#include "run.h"

static struct {
    const char *socket_path, *post_path, *join_event;
} words;

/* --- Out --- */

static void say_text(Connection *c, const char *text) {
    size_t length = strlen(text);
    char frame[512] = {(char)0x81, (char)(0x80 | length)};  /* masked with zero */
    if (length > 125) die("an event of ours is too long");
    memcpy(frame + 6, text, length);
    say(c, frame, length + 6);
}

static void greet(Connection *c) {
    char request[4096];
    int length = snprintf(
        request, sizeof request,
        "GET %s?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: cHJvamNoYXQgYmVuY2htYQ==\r\nCookie: %s\r\n\r\n",
        words.socket_path, server.host, server.host, c->seat->cookie);
    c->state = UPGRADING;
    say(c, request, (size_t)length);
}

static void post(Connection *c, uint64_t due) {
    char path[256], body[16384], request[24576];
    int length = snprintf(body, sizeof body, "{\"clientId\":\"%016lx-%ld\",\"content\":\"", run.began, run.sent);
    length += write_content(body + length, due);
    length += sprintf(body + length, "\"}");
    snprintf(path, sizeof path, words.post_path, c->seat->project);
    int total = snprintf(
        request, sizeof request,
        "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nCookie: %s\r\nX-CSRFToken: %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
        path, server.host, server.host, c->seat->cookie, c->seat->token, length, body);
    posted(c, due);
    say(c, request, (size_t)total);
}

/* --- In: listeners --- */

/* The place of a message in its project: its number, or its id where there are no numbers. */
static long number_of(const char *text, size_t length) {
    static const char number[] = "\"number\":", id[] = "\"id\":";
    const char *found = memmem(text, length, number, sizeof number - 1);
    if (found) return strtol(found + sizeof number - 1, NULL, 10);
    found = memmem(text, length, id, sizeof id - 1);
    return found ? strtol(found + sizeof id - 1, NULL, 10) : 0;
}

static void hear(Connection *c, const char *text, size_t length) {
    static const char expected[] = "42[\"new-message\"", mark[] = "\"sent ";
    if (length < sizeof expected || memcmp(text, expected, sizeof expected - 1)) {
        run.others++;
        return;
    }
    const char *sent = memmem(text, length, mark, sizeof mark - 1);
    if (sent) hear_message(c, sent + sizeof mark - 1, number_of(text, length));
}

static void take_welcome(Connection *c, const char *text, size_t length) {
    static const char yes[] = "\"ok\":true";
    if (!memmem(text, length, yes, sizeof yes - 1)) {
        fprintf(stderr, "not let in: %.*s\n", (int)(length < 300 ? length : 300), text);
        lose(c);
        return;
    }
    joined(c);
}

static void take_text(Connection *c, const char *text, size_t length) {
    char event[256];
    if (length == 0) return;
    if (text[0] == '2') {
        say_text(c, "3");
    } else if (text[0] == '0' && c->state == OPENING) {
        c->state = ENTERING;
        say_text(c, "40");
    } else if (length > 1 && !memcmp(text, "40", 2) && c->state == ENTERING) {
        snprintf(event, sizeof event, words.join_event, c->seat->project);
        c->state = JOINING;
        say_text(c, event);
    } else if (length > 1 && !memcmp(text, "43", 2) && c->state == JOINING) {
        take_welcome(c, text, length);
    } else {
        hear(c, text, length);
    }
}

/* Takes whole frames, returns how many bytes they were. */
static size_t take_frames(Connection *c, char *bytes, size_t length) {
    size_t done = 0;
    while (c->state != GONE && length - done >= 2) {
        const unsigned char *head = (unsigned char *)bytes + done;
        size_t payload = head[1] & 127, before = 2;
        if (payload == 126) {
            before = 4;
            if (length - done < before) break;
            payload = (size_t)head[2] << 8 | head[3];
        } else if (payload == 127) {
            before = 10;
            if (length - done < before) break;
            payload = 0;
            for (int i = 2; i < 10; i++) payload = payload << 8 | head[i];
        }
        if (length - done < before + payload) break;
        if ((head[0] & 15) == 8) lose(c);
        else take_text(c, (const char *)head + before, payload);
        done += before + payload;
    }
    return done;
}

static size_t take_upgrade(Connection *c, char *bytes, size_t length) {
    char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (length < 12 || memcmp(bytes + 9, "101", 3)) {
        fprintf(stderr, "no upgrade: %.*s\n", 200, bytes);
        lose(c);
        return length;
    }
    c->state = OPENING;
    return (size_t)(end + 4 - bytes);
}

/* --- In: posters --- */

/* How long the answer at the start of these bytes is, or 0 if it has not come whole. */
static size_t answer_length(const char *bytes, size_t length) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end + 4 - bytes), whole = head;
    const char *field = strcasestr(bytes, "\r\ncontent-length:");
    if (field && field < end) {
        whole += strtoul(field + 17, NULL, 10);
    } else {
        field = strcasestr(bytes, "\r\ntransfer-encoding: chunked");
        if (field && field < end) {
            const char *last = memmem(end, length - (head - 4), "\r\n0\r\n\r\n", 7);
            if (!last) return 0;
            whole = (size_t)(last + 7 - bytes);
        }
    }
    return whole <= length ? whole : 0;
}

static size_t take_answer(Connection *c, char *bytes, size_t length) {
    size_t whole = answer_length(bytes, length);
    if (!whole) return 0;
    long status = strtol(bytes + 9, NULL, 10);
    if (status / 100 != 2 && run.answered == run.accepted) fprintf(stderr, "refused: %.*s\n", 500, bytes);
    run.last_status = status;
    answered(c, status / 100 == 2);
    return whole;
}

/* --- Connections --- */

static size_t take(Connection *c, char *bytes, size_t length) {
    if (c->posts) return c->waits ? take_answer(c, bytes, length) : length;
    size_t done = 0;
    if (c->state == UPGRADING) done = take_upgrade(c, bytes, length);
    if (c->state > UPGRADING && c->state != GONE) done += take_frames(c, bytes + done, length - done);
    return done;
}

static Connection *poster(long place) {
    static Connection all[MOST_CONNECTIONS];
    Connection *c = &all[place];
    *c = (Connection){.seat = &talking.seats[place % talking.count], .posts = true};
    dial(c);
    return c;
}

int main(int count, char **arguments) {
    if (count != 6) {
        fprintf(stderr, "usage: load HOST PORT SOCKET_PATH POST_PATH JOIN_EVENT\n");
        return 2;
    }
    words.socket_path = arguments[3];
    words.post_path = arguments[4];
    words.join_event = arguments[5];
    return serve(arguments[1], arguments[2]);
}
