/* The load in XMPP's words: people on plain TCP in a room for many (XEP-0045), all in one process.
 *
 *     xmpp HOST PORT DOMAIN ROOM
 *
 * `%d` in ROOM, an address such as room%d@conference.localhost, stands for a project. A seat is
 * "PROJECT - CREDENTIALS", the last as SASL PLAIN has them, in base64. The commands stand in run.h.
 *
 * Only who is in a room may speak there, so the posters are the first of the listeners. A post is
 * answered when the poster hears his own message, and only what the server keeps has been heard:
 * a message without the archive's id for it (XEP-0359) counts as lost.
 */
#include "run.h"

static struct {
    const char *domain, *room;
} words;

/* --- Out --- */

static void say_words(Connection *c, const char *format, ...) {
    char text[4096];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (length >= (int)sizeof text) die("a stanza of ours is too long");
    say(c, text, (size_t)length);
}

static void open_stream(Connection *c) {
    say_words(c,
              "<stream:stream to='%s' version='1.0' xmlns='jabber:client' "
              "xmlns:stream='http://etherx.jabber.org/streams'>",
              words.domain);
}

static void greet(Connection *c) {
    c->state = OPENING;
    open_stream(c);
}

static void log_in(Connection *c) {
    say_words(c, "<auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%s</auth>",
              c->seat->cookie);
}

static void bind_resource(Connection *c) {
    c->state = ENTERING;
    say_words(c, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
}

/* Everybody has a name of his own, also beside those of a load that has just left. */
static void enter_room(Connection *c) {
    char room[256];
    snprintf(room, sizeof room, words.room, c->project);
    c->state = JOINING;
    say_words(c, "<presence to='%s/%d-%ld'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
              room, getpid(), (long)(c - listeners));
}

static void post(Connection *c, uint64_t due) {
    char room[256], content[16384];
    snprintf(room, sizeof room, words.room, c->project);
    write_content(content, due);
    posted(c, due);
    say_words(c, "<message to='%s' type='groupchat' id='%ld'><body>%s</body></message>", room,
              c->message, content);
}

/* --- In --- */

static const char *find(const char *text, size_t length, const char *what) {
    return memmem(text, length, what, strlen(what));
}

/* The place of a message in the archive, a time in microseconds, or 0 if it is not there. */
static long number_of(const char *text, size_t length) {
    const char *stamp = find(text, length, "<stanza-id ");
    const char *id = stamp ? find(stamp, length - (size_t)(stamp - text), " id='") : NULL;
    return id ? strtol(id + 5, NULL, 10) : 0;
}

static void hear(Connection *c, const char *text, size_t length) {
    const char *sent = find(text, length, "<body>sent ");
    long number = number_of(text, length);
    if (!sent || !number) {
        run.others++;
        return;
    }
    long message = hear_message(c, sent + strlen("<body>sent "), number);
    if (c->waits && message == c->message) answered(c, true);
}

/* The server says no: to a post, or to who wants to come in. */
static void take_refusal(Connection *c, const char *text, size_t length) {
    fprintf(stderr, "refused: %.*s\n", (int)(length < 500 ? length : 500), text);
    if (c->state != IN) lose(c);
    else if (c->waits) answered(c, false);
}

static void take_stanza(Connection *c, const char *text, size_t length) {
    const char *end = memchr(text, '>', length);
    bool is_error = find(text, (size_t)(end - text), "type='error'");
    if (is_error || !strncmp(text, "<failure", 8) || !strncmp(text, "<stream:error", 13)) {
        take_refusal(c, text, length);
    } else if (!strncmp(text, "<message", 8)) {
        hear(c, text, length);
    } else if (c->state == IN) {
        run.others++;
    } else if (!strncmp(text, "<stream:features", 16)) {
        if (find(text, length, "<mechanism>PLAIN<")) log_in(c);
        else bind_resource(c);
    } else if (!strncmp(text, "<success", 8)) {
        open_stream(c);
    } else if (!strncmp(text, "<iq", 3) && c->state == ENTERING) {
        enter_room(c);
    } else if (!strncmp(text, "<presence", 9) && find(text, length, "<status code='110'/>")) {
        joined(c);
    }
}

/* How long the stanza at the start of these bytes is, or 0 if it has not come whole; the head of a
 * stream, which stays open until the end, is one for itself. */
static size_t stanza_length(const char *bytes, size_t length) {
    char last[64];
    const char *end = memchr(bytes, '>', length);
    if (!end) return 0;
    size_t head = (size_t)(end + 1 - bytes), name = strcspn(bytes + 1, " />");
    bool is_alone = end[-1] == '/' || bytes[1] == '/' || bytes[1] == '?';
    if (is_alone || !strncmp(bytes, "<stream:stream", 14)) return head;
    snprintf(last, sizeof last, "</%.*s>", (int)name, bytes + 1);
    const char *found = find(end, length - (head - 1), last);
    return found ? (size_t)(found - bytes) + strlen(last) : 0;
}

static size_t take(Connection *c, char *bytes, size_t length) {
    size_t done = 0, whole;
    while (c->state != GONE && (whole = stanza_length(bytes + done, length - done))) {
        take_stanza(c, bytes + done, whole);
        done += whole;
    }
    return done;
}

/* --- Connections --- */

static Connection *poster(long place) {
    if (place >= listener_count) die("more posters than listeners");
    return &listeners[place];
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: xmpp HOST PORT DOMAIN ROOM\n");
        return 2;
    }
    words.domain = arguments[3];
    words.room = arguments[4];
    return serve(arguments[1], arguments[2]);
}
