/* A server that does next to nothing: it shows how much the load generator itself can take.
 *
 * It parses nothing that it can guess, keeps nothing, and sends what came in together to each
 * listener in one write, where most of the time goes otherwise. Whatever rate is measured with
 * it, the load could take.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define MOST 20000

static int poll_fd, members[MOST], member_count;
static char kind[MOST];  /* 'h' for HTTP, 'w' once it is a WebSocket, 'r' once it is in the room */
static char frames[1 << 20];
static size_t frames_length;

static void say(int fd, const char *bytes, size_t length) {
    if (send(fd, bytes, length, MSG_NOSIGNAL) < 0) kind[fd] = 0;
}

static void say_text(int fd, const char *text) {
    char frame[160] = {(char)0x81, (char)strlen(text)};
    memcpy(frame + 2, text, strlen(text));
    say(fd, frame, strlen(text) + 2);
}

static void welcome(int door) {
    int yes = 1, fd = accept(door, NULL, NULL);
    if (fd < 0 || fd >= MOST) exit(1);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
    kind[fd] = 'h';
}

static void upgrade(int fd) {
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    kind[fd] = 'w';
    say(fd, answer, sizeof answer - 1);
    say_text(fd, "0{}");
}

static void post(int fd, const char *request) {
    static const char answer[] = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
    static long count;
    char *frame = frames + frames_length, *text = frame + 4;
    const char *sent = strstr(request, "\"sent ");
    if (!sent) exit(1);
    int length = snprintf(text, 512, "42[\"new-message\",{\"id\":%ld,\"content\":%.*s\"}]",
                          ++count, (int)strcspn(sent + 1, "\"") + 1, sent);
    frame[0] = (char)0x81;
    frame[1] = 126;
    frame[2] = (char)(length >> 8);
    frame[3] = (char)length;
    frames_length += (size_t)length + 4;
    say(fd, answer, sizeof answer - 1);
}

static void flush(void) {
    for (int i = 0; i < member_count && frames_length; i++) say(members[i], frames, frames_length);
    frames_length = 0;
}

/* The load's own frames are short and masked with zero, so their text can be read as it is. */
static void hear(int fd, const char *bytes, ssize_t length) {
    if (length > 8 && !memcmp(bytes + 6, "420", 3)) {
        kind[fd] = 'r';
        members[member_count++] = fd;
        say_text(fd, "430[{\"ok\":true}]");
    } else if (length > 7 && !memcmp(bytes + 6, "40", 2)) {
        say_text(fd, "40{}");
    }
}

static void take(int fd) {
    char bytes[32768];
    ssize_t length = recv(fd, bytes, sizeof bytes - 1, 0);
    if (length <= 0) {
        for (int i = 0; i < member_count; i++)
            if (members[i] == fd) members[i--] = members[--member_count];
        kind[fd] = 0;
        close(fd);
        return;
    }
    bytes[length] = 0;
    if (kind[fd] != 'h') hear(fd, bytes, length);
    else if (strstr(bytes, "Upgrade: websocket")) upgrade(fd);
    else if (!strncmp(bytes, "POST", 4)) post(fd, bytes);
}

int main(void) {
    struct epoll_event events[512], event = {.events = EPOLLIN};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT")))};
    struct rlimit files;
    int yes = 1, door = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(door, (void *)&address, sizeof address) || listen(door, 4096)) return 1;
    poll_fd = epoll_create1(0);
    event.data.fd = door;
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, door, &event);
    for (;;) {
        int count = epoll_wait(poll_fd, events, 512, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == door) welcome(door);
            else take(events[i].data.fd);
        }
        flush();
    }
}
