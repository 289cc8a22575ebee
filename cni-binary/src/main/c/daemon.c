/* The conversation with the daemon: one connection, one frame there with the namespace's descriptor, one frame back. */
#include "plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the socket is ready or the deadline has passed. */
static int wait_for(int fd, short events, long long deadline) {
  for (;;) {
    long long left = deadline - now_ms();
    if (left <= 0) {
      errno = ETIMEDOUT;
      return -1;
    }
    struct pollfd ready = {.fd = fd, .events = events};
    int n = poll(&ready, 1, left > 60000 ? 60000 : (int)left);
    if (n > 0) {
      return 0;
    }
    if (n < 0 && errno != EINTR) {
      return -1;
    }
  }
}

/* How long the daemon may take. Runtimes kill a DEL after a minute: it must have been kept by then. The kubelet asks
 * for STATUS every 5 s. */
static long long patience_ms(enum verb verb) {
  long long seconds = verb == VERB_DEL ? 20 : verb == VERB_STATUS ? 5 : 60;
  return seconds * number("MILLPOND_SECOND_MS", 1000);
}

/* While the daemon's backlog is full, which it is for moments, the kernel waits as long as a send may last. */
static int connect_daemon(long long deadline, const char **why) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/cni.sock", run_dir());
  if (length < 0 || (size_t)length >= sizeof address.sun_path) {
    *why = "the path of the daemon's socket is too long";
    return -1;
  }
  if (!run_dir_is_ours(why)) {
    return -1;
  }
  struct stat st;
  if (lstat(address.sun_path, &st) != 0) {
    *why = "there is no socket: the daemon has not started yet";
    return -1;
  }
  if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid()) {
    *why = "the daemon's socket is not a socket of root: somebody replaced it";
    return -1;
  }
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    *why = strerror(errno);
    return -1;
  }
  long long left = deadline - now_ms();
  struct timeval limit = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 + 1};
  if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
    *why = strerror(errno);
    (void)close(fd);
    return -1;
  }
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    *why = errno == EAGAIN ? "the daemon did not accept the connection in time"
                           : "nobody listens on the daemon's socket";
    (void)close(fd);
    return -1;
  }
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid()) {
    *why = "whoever listens on the daemon's socket is not root";
    (void)close(fd);
    return -1;
  }
  return fd;
}

static int send_frame(int fd, int netns_fd, const struct buffer *frame, long long deadline) {
  size_t sent = 0;
  while (sent < frame->length) {
    struct iovec part = {frame->bytes + sent, frame->length - sent};
    union {
      char bytes[CMSG_SPACE(sizeof(int))];
      struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (sent == 0 && netns_fd >= 0) {
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof control.bytes;
      struct cmsghdr *header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int));
      memcpy(CMSG_DATA(header), &netns_fd, sizeof(int));
    }
    ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      sent += (size_t)n;
    } else if (n < 0 && errno == EAGAIN) {
      if (wait_for(fd, POLLOUT, deadline) != 0) {
        return -1;
      }
    } else if (n < 0 && errno != EINTR) {
      return -1;
    }
  }
  return 0;
}

static int receive_exactly(int fd, unsigned char *bytes, size_t length, long long deadline) {
  size_t got = 0;
  while (got < length) {
    ssize_t n = recv(fd, bytes + got, length - got, MSG_DONTWAIT);
    if (n > 0) {
      got += (size_t)n;
    } else if (n == 0) {
      errno = ECONNRESET;
      return -1;
    } else if (errno == EAGAIN) {
      if (wait_for(fd, POLLIN, deadline) != 0) {
        return -1;
      }
    } else if (errno != EINTR) {
      return -1;
    }
  }
  return 0;
}

int ask_daemon(const struct request *request, const struct buffer *frame, struct buffer *reply,
               const char **why) {
  long long deadline = now_ms() + patience_ms(request->verb);
  int fd = connect_daemon(deadline, why);
  if (fd < 0) {
    return -1;
  }
  /* A daemon that refuses may close before it has read all; its answer is there nevertheless. */
  unsigned char header[8];
  int sent = send_frame(fd, request->netns_fd, frame, deadline) == 0 || errno == EPIPE ||
             errno == ECONNRESET;
  int failed = !sent || receive_exactly(fd, header, sizeof header, deadline) != 0;
  if (failed) {
    *why = errno == ETIMEDOUT ? "the daemon did not answer in time"
                              : "the daemon closed the connection without an answer";
  } else {
    size_t length = get_u32(header + 4);
    failed = memcmp(header, "MPC1", 4) != 0 || length < 4 || length > reply->capacity ||
             receive_exactly(fd, reply->bytes, length, deadline) != 0;
    if (failed) {
      *why = "the daemon's answer was cut off or is not one";
    }
    reply->length = length;
  }
  (void)close(fd);
  return failed ? -1 : 0;
}
