/* Tells every caller which address it saw, and asks that of others.
 *   exchange serve PORT           answers over TCP and UDP until it is killed; prints "ready" when it listens
 *   exchange tcp|udp ADDRESS PORT prints what the server says it saw; status 1 and the reason on stderr otherwise
 *   exchange echo PORT            sends back what comes over TCP, on many connections at a time, until it is killed
 *   exchange talk ADDRESS PORT    keeps one connection to that: each line of its input goes there and comes back */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SECONDS = 5, TRIES = 2 };

static _Noreturn void fail(const char *what) {
  (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static struct sockaddr_in address(const char *host, const char *port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
    errno = EINVAL;
    fail(host);
  }
  return a;
}

static int open_socket(int type, const struct sockaddr_in *bound) {
  int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  int on = 1;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
    fail("socket");
  }
  if (bound != NULL && bind(fd, (const struct sockaddr *)bound, sizeof *bound) != 0) {
    fail("bind");
  }
  return fd;
}

/* Answers from the address that was asked: a socket for all addresses would let the routes choose another. */
static void answer_datagram(int udp) {
  struct sockaddr_in peer;
  char datagram[64];
  union {
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct cmsghdr align;
  } control;
  struct iovec part = {datagram, sizeof datagram};
  struct msghdr message = {.msg_name = &peer,
                           .msg_namelen = sizeof peer,
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  if (recvmsg(udp, &message, 0) < 0) {
    return;
  }
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_type == IP_PKTINFO) {
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(header), sizeof info);
    info.ipi_ifindex = 0;
    info.ipi_spec_dst = info.ipi_addr;
    memcpy(CMSG_DATA(header), &info, sizeof info);
  }
  char text[INET_ADDRSTRLEN];
  (void)inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
  part = (struct iovec){text, strlen(text)};
  (void)sendmsg(udp, &message, 0);
}

static void serve(const char *port) {
  struct sockaddr_in any = address("0.0.0.0", port);
  int tcp = open_socket(SOCK_STREAM, &any);
  int udp = open_socket(SOCK_DGRAM, &any);
  int on = 1;
  if (setsockopt(udp, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0) {
    fail("IP_PKTINFO");
  }
  if (listen(tcp, 64) != 0) {
    fail("listen");
  }
  (void)puts("ready");
  (void)fflush(stdout);
  for (;;) {
    struct pollfd ready[] = {{.fd = tcp, .events = POLLIN}, {.fd = udp, .events = POLLIN}};
    if (poll(ready, 2, -1) < 0) {
      continue;
    }
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    char text[INET_ADDRSTRLEN];
    if (ready[0].revents != 0) {
      int fd = accept(tcp, (struct sockaddr *)&peer, &size);
      if (fd >= 0) {
        (void)inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
        (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
        (void)close(fd);
      }
    } else {
      answer_datagram(udp);
    }
  }
}

static void echo(const char *port) {
  struct sockaddr_in any = address("0.0.0.0", port);
  int tcp = open_socket(SOCK_STREAM, &any);
  if (listen(tcp, 64) != 0 || signal(SIGCHLD, SIG_IGN) == SIG_ERR) {
    fail("listen");
  }
  (void)puts("ready");
  (void)fflush(stdout);
  for (;;) {
    int fd = accept(tcp, NULL, NULL);
    if (fd >= 0 && fork() == 0) {
      char octets[64];
      ssize_t got;
      (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
      while ((got = recv(fd, octets, sizeof octets, 0)) > 0 && send(fd, octets, (size_t)got, MSG_NOSIGNAL) == got) {
      }
      _exit(0);
    }
    (void)close(fd);
  }
}

static int talk(const char *host, const char *port) {
  struct sockaddr_in to = address(host, port);
  int fd = open_socket(SOCK_STREAM, NULL);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
    fail("connect");
  }
  (void)puts("ready");
  (void)fflush(stdout);
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    size_t length = strlen(line);
    if (send(fd, line, length, MSG_NOSIGNAL) != (ssize_t)length || recv(fd, line, length, MSG_WAITALL) != (ssize_t)length) {
      fail("talk");
    }
    (void)fputs(line, stdout);
    (void)fflush(stdout);
  }
  return 0;
}

static int ask(int type, const char *host, const char *port) {
  struct sockaddr_in to = address(host, port);
  struct timeval limit = {.tv_sec = SECONDS};
  for (int i = 0; i < TRIES; i++) {
    int fd = open_socket(type, NULL);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
      fail("timeout");
    }
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
      fail("connect");
    }
    char reply[64];
    if (type == SOCK_DGRAM && send(fd, "?", 1, 0) != 1) {
      fail("send");
    }
    ssize_t got = recv(fd, reply, sizeof reply, 0);
    if (got > 0) {
      (void)printf("%.*s\n", (int)got, reply);
      return 0;
    }
    (void)close(fd);
    if (type == SOCK_STREAM || (got < 0 && errno != EAGAIN)) {
      break; /* only a datagram may get lost */
    }
  }
  fail("receive");
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "serve") == 0) {
    serve(words[2]);
  } else if (count == 3 && strcmp(words[1], "echo") == 0) {
    echo(words[2]);
  } else if (count == 4 && strcmp(words[1], "talk") == 0) {
    return talk(words[2], words[3]);
  } else if (count == 4) {
    return ask(strcmp(words[1], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM, words[2], words[3]);
  }
  (void)fputs("usage: exchange serve|echo PORT | exchange tcp|udp|talk ADDRESS PORT\n", stderr);
  return 2;
}
