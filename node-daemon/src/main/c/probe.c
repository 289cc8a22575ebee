/* millpond-probe live|ready [SOCKET]: asks the daemon of this container how it is, prints what it says and ends with 0
 * if it is alive, or ready, and with 1 if not. For the kubelet, in an image without a shell; while a daemon is
 * replaced two of them share the node's network, and a port would not tell which one answers. C11, static, no
 * allocation. The daemon writes one line, `STATE` or `STATE: why`, and closes (ProbeServer). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET "/run/millpond-probe/probe.sock"

enum { EXIT_NO = 1, EXIT_USAGE = 64, SECONDS = 4, LONGEST = 1024 };

static int says(const char *answer, const char *state) {
  size_t length = strlen(state);
  return strncmp(answer, state, length) == 0 && strchr(": \n", answer[length]) != NULL;
}

static int no(const char *why) {
  printf("%s: %s\n", why, strerror(errno));
  return EXIT_NO;
}

/* The daemon's line; 0, or -1 and errno. */
static int ask(int fd, const struct sockaddr_un *address, char *answer) {
  struct timeval limit = {.tv_sec = SECONDS};
  if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
      connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
    return -1;
  }
  size_t got = 0;
  while (got < LONGEST) {
    ssize_t n = recv(fd, answer + got, LONGEST - got, 0);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return -1;
    }
    if (n == 0) {
      break;
    }
    got += (size_t)n;
  }
  answer[got] = '\0';
  if (got == 0) {
    errno = ECONNRESET;
    return -1;
  }
  return 0;
}

int main(int argc, char **argv) {
  int live = argc > 1 && strcmp(argv[1], "live") == 0;
  if (argc < 2 || argc > 3 || (!live && strcmp(argv[1], "ready") != 0)) {
    fputs("usage: millpond-probe live|ready [SOCKET]\n", stderr);
    return EXIT_USAGE;
  }
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length =
      snprintf(address.sun_path, sizeof address.sun_path, "%s", argc > 2 ? argv[2] : SOCKET);
  if (length < 0 || (size_t)length >= sizeof address.sun_path) {
    fputs("millpond-probe: a socket's path has at most 107 octets\n", stderr);
    return EXIT_USAGE;
  }
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return no("no socket");
  }
  char answer[LONGEST + 1];
  if (ask(fd, &address, answer) != 0) {
    return no("the daemon does not answer");
  }
  fputs(answer, stdout);
  int good = says(answer, "serving") || says(answer, "standby");
  if (live) {
    good = good || says(answer, "starting") || says(answer, "stopping");
  }
  return good ? 0 : EXIT_NO;
}
