/* The world of one fuzzed call of the plugin. The input: ten octets of weather, then parts, each a tag, a 16-bit
 * big-endian length and that many octets (the last may be cut): the runtime's environment and stdin, the daemon's
 * answer. The same text is in README.md beside the corpus. */
#define MILLPOND_WORLD_ITSELF
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>

#include "judge.h"

enum { WEATHER = 10, STEPS_LIMIT = 2000000, OPEN_LIMIT = 16, STDIN_REPEAT = 1024 };
enum { FD_NONE, FD_NETNS, FD_SOCKET, FD_SPOOL, FD_LISTING, FD_FILE };
enum { FIRST_FD = 100 };

/* What the octets of weather decide. */
enum { W_SOCKET, W_NETNS, W_PART, W_SEED, W_SPOOL, W_REPEAT, W_STDIN, W_PEER, W_FILES, W_FLAGS };

static struct {
  uint8_t weather[WEATHER];
  struct call call;
  char values[VARIABLES][66000];
  uint8_t kinds[OPEN_LIMIT];
  size_t stdin_at;
  size_t reply_at;
  size_t listed;
  int open_listing;
  uint32_t random;
  long long clock_ms;
  long steps;
  int status;
  jmp_buf end;
} world;

static uint8_t stdin_bytes[64 * 1024];
static uint8_t reply_bytes[64 * 1024];
static uint8_t out_bytes[16 * 1024 * 1024];
static uint8_t sent_bytes[8 * 1024 * 1024];
static uint8_t file_bytes[8 * 1024 * 1024];

static void step(void) {
  if (++world.steps > STEPS_LIMIT) {
    (void)fprintf(stderr, "the plugin does not end\n");
    abort();
  }
}

static uint32_t chance(uint32_t of) {
  world.random ^= world.random << 13;
  world.random ^= world.random >> 17;
  world.random ^= world.random << 5;
  return world.random % of;
}

/* Some part of what was asked for: what a system call may do at any time. */
static size_t some(size_t count) {
  size_t part = world.weather[W_PART];
  return part == 0 || part >= count ? count : part;
}

static int interrupted(void) {
  step();
  if ((world.weather[W_FLAGS] & 1) != 0 && chance(4) == 0) {
    errno = EINTR;
    return 1;
  }
  return 0;
}

static int refuse(int with) {
  errno = with;
  return -1;
}

static int new_fd(uint8_t kind) {
  for (int i = 0; i < OPEN_LIMIT; i++) {
    if (world.kinds[i] == FD_NONE) {
      world.kinds[i] = kind;
      return FIRST_FD + i;
    }
  }
  (void)fprintf(stderr, "the plugin leaks descriptors\n");
  abort();
}

static uint8_t kind_of(int fd) {
  if (fd < FIRST_FD || fd >= FIRST_FD + OPEN_LIMIT || world.kinds[fd - FIRST_FD] == FD_NONE) {
    (void)fprintf(stderr, "the plugin uses descriptor %d, which is not open\n", fd);
    abort();
  }
  return world.kinds[fd - FIRST_FD];
}

const char *world_getenv(const char *name) { return value_of(&world.call, name); }

_Noreturn void world_exit(int status) {
  world.status = status;
  longjmp(world.end, 1);
}

ssize_t world_read(int fd, void *bytes, size_t count) {
  if (fd != STDIN_FILENO) {
    (void)fprintf(stderr, "the plugin reads descriptor %d\n", fd);
    abort();
  }
  if (interrupted()) {
    return -1;
  }
  if (world.weather[W_STDIN] == 1) {
    return refuse(EIO);
  }
  size_t total = world.call.input_length * world.call.input_repeat;
  size_t left = total - world.stdin_at;
  size_t n = some(count < left ? count : left);
  for (size_t i = 0; i < n; i++) {
    ((uint8_t *)bytes)[i] = stdin_bytes[(world.stdin_at + i) % world.call.input_length];
  }
  world.stdin_at += n;
  return (ssize_t)n;
}

static ssize_t append(uint8_t *to, size_t capacity, size_t *length, const void *bytes, size_t count) {
  size_t n = some(count);
  if (n > capacity - *length) {
    (void)fprintf(stderr, "the plugin writes more than anybody asked for\n");
    abort();
  }
  memcpy(to + *length, bytes, n);
  *length += n;
  return (ssize_t)n;
}

ssize_t world_write(int fd, const void *bytes, size_t count) {
  if (interrupted()) {
    return -1;
  }
  if (fd == STDOUT_FILENO) {
    if ((world.weather[W_FLAGS] & 2) != 0) {
      world.call.broken_stdout = 1;
      return refuse(EPIPE);
    }
    return append(out_bytes, sizeof out_bytes, &world.call.out_length, bytes, count);
  }
  if (kind_of(fd) != FD_FILE) {
    abort();
  }
  if (world.weather[W_SPOOL] == 6) {
    return chance(3) == 0 ? refuse(ENOSPC)
                          : append(file_bytes, sizeof file_bytes, &world.call.file_length, bytes,
                                   count);
  }
  return append(file_bytes, sizeof file_bytes, &world.call.file_length, bytes, count);
}

int world_open(const char *path, int flags, ...) {
  step();
  if ((flags & O_CLOEXEC) == 0) {
    abort();
  }
  if ((flags & O_DIRECTORY) != 0) {
    if (strcmp(path, "/run/millpond/spool") != 0 || (flags & O_NOFOLLOW) == 0) {
      abort();
    }
    return world.weather[W_SPOOL] == 3 ? refuse(ENOTDIR) : new_fd(FD_SPOOL);
  }
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0) {
    (void)fprintf(stderr, "the plugin would write to %s\n", path);
    abort();
  }
  return world.weather[W_NETNS] == 1 ? refuse(ENOENT) : new_fd(FD_NETNS);
}

int world_openat(int dir, const char *path, int flags, ...) {
  step();
  if (kind_of(dir) != FD_SPOOL || strchr(path, '/') != NULL || strcmp(path, "..") == 0) {
    (void)fprintf(stderr, "the plugin opens %s\n", path);
    abort();
  }
  if (strcmp(path, ".") == 0) {
    return world.weather[W_SPOOL] == 7 ? refuse(EMFILE) : new_fd(FD_LISTING);
  }
  if ((flags & (O_CREAT | O_EXCL | O_NOFOLLOW)) != (O_CREAT | O_EXCL | O_NOFOLLOW)) {
    abort();
  }
  world.call.file_length = 0;
  return world.weather[W_SPOOL] == 4 ? refuse(ENOSPC) : new_fd(FD_FILE);
}

int world_close(int fd) {
  step();
  (void)kind_of(fd);
  world.kinds[fd - FIRST_FD] = FD_NONE;
  return 0;
}

int world_fstatfs(int fd, struct statfs *out) {
  step();
  (void)kind_of(fd);
  memset(out, 0, sizeof *out);
  out->f_type = world.weather[W_NETNS] == 2 ? 0xef53 : 0x6e736673;
  return world.weather[W_NETNS] == 3 ? refuse(EIO) : 0;
}

int world_ioctl(int fd, unsigned long request, ...) {
  step();
  (void)kind_of(fd);
  if (request != NS_GET_NSTYPE) {
    abort();
  }
  return world.weather[W_NETNS] == 4 ? CLONE_NEWNS : CLONE_NEWNET;
}

static void fill(struct stat *out, mode_t mode, uid_t owner) {
  memset(out, 0, sizeof *out);
  out->st_mode = mode;
  out->st_uid = owner;
}

int world_stat(const char *path, struct stat *out) {
  step();
  (void)path;
  fill(out, S_IFREG | 0444, 0);
  out->st_ino = world.weather[W_NETNS] == 5 ? 1 : 2;
  return world.weather[W_NETNS] == 6 ? refuse(ENOENT) : 0;
}

int world_lstat(const char *path, struct stat *out) {
  step();
  int directory = strcmp(path, "/run/millpond") == 0;
  fill(out, directory ? S_IFDIR | 0700 : S_IFSOCK | 0600, 0);
  switch (world.weather[W_SOCKET]) {
    case 1: return refuse(ENOENT);
    case 2: out->st_mode = S_IFLNK | 0777; break;
    case 3: out->st_uid = 1000; break;
    case 4: out->st_mode |= 0022; break;
    default: break;
  }
  return 0;
}

int world_fstat(int fd, struct stat *out) {
  step();
  if (kind_of(fd) == FD_SPOOL) {
    fill(out, S_IFDIR | (world.weather[W_SPOOL] == 1 ? 0755 : 0700),
         world.weather[W_SPOOL] == 2 ? 1000 : 0);
    return 0;
  }
  fill(out, S_IFREG | 0444, 0);
  out->st_ino = 1;
  return world.weather[W_NETNS] == 7 ? refuse(EIO) : 0;
}

int world_fstatat(int dir, const char *path, struct stat *out, int flags) {
  step();
  (void)path;
  (void)flags;
  (void)kind_of(dir);
  fill(out, chance(8) == 0 ? S_IFDIR | 0700 : S_IFREG | 0600, 0);
  out->st_size = (world.weather[W_FLAGS] & 4) != 0 ? 64LL * 1024 * 1024 : 512;
  return 0;
}

int world_mkdir(const char *path, mode_t mode) {
  step();
  if (strncmp(path, "/run/millpond", 13) != 0 || mode != 0700) {
    abort();
  }
  return world.weather[W_SPOOL] == 5 ? refuse(EROFS) : refuse(EEXIST);
}

int world_unlinkat(int dir, const char *path, int flags) {
  step();
  if (kind_of(dir) != FD_SPOOL || *path != '.' || strchr(path, '/') != NULL || flags != 0) {
    abort();
  }
  return 0;
}

int world_renameat(int from, const char *old, int to, const char *new) {
  step();
  if (kind_of(from) != FD_SPOOL || kind_of(to) != FD_SPOOL || *old != '.') {
    abort();
  }
  if (world.weather[W_SPOOL] == 8) {
    return refuse(ENOSPC);
  }
  (void)snprintf(world.call.file_name, sizeof world.call.file_name, "%s", new);
  world.call.kept = 1;
  return 0;
}

int world_fsync(int fd) {
  step();
  (void)kind_of(fd);
  return world.weather[W_SPOOL] == 9 ? refuse(EIO) : 0;
}

DIR *world_fdopendir(int fd) {
  step();
  world.open_listing = fd;
  world.listed = 0;
  return (DIR *)(void *)&world;
}

struct dirent *world_readdir(DIR *dir) {
  static struct dirent entry;
  step();
  (void)dir;
  size_t files = (world.weather[W_FLAGS] & 8) != 0 ? 10100 : world.weather[W_FILES];
  if (world.listed == files) {
    return NULL;
  }
  (void)snprintf(entry.d_name, sizeof entry.d_name, "%064zx", world.listed++);
  return &entry;
}

int world_closedir(DIR *dir) {
  (void)dir;
  return world_close(world.open_listing);
}

int world_socket(int domain, int type, int protocol) {
  step();
  if (domain != AF_UNIX || (type & SOCK_CLOEXEC) == 0 || protocol != 0) {
    abort();
  }
  return world.weather[W_SOCKET] == 5 ? refuse(EMFILE) : new_fd(FD_SOCKET);
}

int world_connect(int fd, const struct sockaddr *address, socklen_t length) {
  step();
  if (kind_of(fd) != FD_SOCKET || length != sizeof(struct sockaddr_un) ||
      strcmp(((const struct sockaddr_un *)(const void *)address)->sun_path,
             "/run/millpond/cni.sock") != 0) {
    abort();
  }
  return world.weather[W_SOCKET] == 6   ? refuse(EAGAIN)
         : world.weather[W_SOCKET] == 7 ? refuse(ECONNREFUSED)
                                        : 0;
}

int world_setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  step();
  (void)kind_of(fd);
  (void)level;
  (void)name;
  (void)value;
  (void)length;
  return world.weather[W_SOCKET] == 8 ? refuse(EINVAL) : 0;
}

int world_getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
  step();
  (void)kind_of(fd);
  if (level != SOL_SOCKET || name != SO_PEERCRED || *length != sizeof(struct ucred)) {
    abort();
  }
  struct ucred peer = {1, world.weather[W_SOCKET] == 9 ? 1000 : 0, 0};
  memcpy(value, &peer, sizeof peer);
  return world.weather[W_SOCKET] == 10 ? refuse(EINVAL) : 0;
}

ssize_t world_sendmsg(int fd, const struct msghdr *message, int flags) {
  if (kind_of(fd) != FD_SOCKET || (flags & (MSG_NOSIGNAL | MSG_DONTWAIT)) == 0) {
    abort();
  }
  world.call.connected = 1;
  if (interrupted()) {
    return -1;
  }
  if ((world.weather[W_FLAGS] & 16) != 0 && chance(3) == 0) {
    return refuse(EAGAIN);
  }
  if (world.weather[W_PEER] == 1 && world.call.sent_length >= 64) {
    return refuse(EPIPE);
  }
  if (message->msg_control != NULL) {
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int passed;
    memcpy(&passed, CMSG_DATA(header), sizeof passed);
    if (world.call.sent_length != 0 || kind_of(passed) != FD_NETNS) {
      abort();
    }
  }
  return append(sent_bytes, sizeof sent_bytes, &world.call.sent_length,
                message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
}

ssize_t world_recv(int fd, void *bytes, size_t count, int flags) {
  if (kind_of(fd) != FD_SOCKET || flags != MSG_DONTWAIT) {
    abort();
  }
  if (interrupted()) {
    return -1;
  }
  if ((world.weather[W_FLAGS] & 32) != 0 && chance(3) == 0) {
    return refuse(EAGAIN);
  }
  size_t left = world.call.reply_length - world.reply_at;
  if (left == 0) {
    switch (world.weather[W_PEER]) {
      case 2: return refuse(EAGAIN); /* for ever */
      case 3: return refuse(ECONNRESET);
      default: return 0;
    }
  }
  size_t n = some(count < left ? count : left);
  memcpy(bytes, reply_bytes + world.reply_at, n);
  world.reply_at += n;
  return (ssize_t)n;
}

int world_poll(struct pollfd *fds, nfds_t count, int timeout) {
  if (count != 1 || timeout <= 0) {
    abort();
  }
  (void)kind_of(fds->fd);
  if (interrupted()) {
    world.clock_ms++;
    return -1;
  }
  int silent = world.weather[W_PEER] == 2 && world.reply_at == world.call.reply_length;
  world.clock_ms += silent ? timeout : 1;
  return silent ? 0 : 1;
}

int world_clock_gettime(clockid_t clock, struct timespec *now) {
  step();
  (void)clock;
  now->tv_sec = world.clock_ms / 1000;
  now->tv_nsec = world.clock_ms % 1000 * 1000000;
  return 0;
}

int world_ignore(FILE *stream, const char *format, ...) {
  (void)stream;
  (void)format;
  return 0;
}

/* A part of the input takes its place in the world. */
static void place(uint8_t tag, const uint8_t *bytes, size_t length) {
  if (tag < VARIABLES) {
    memcpy(world.values[tag], bytes, length);
    world.values[tag][length] = '\0'; /* what follows a zero octet is not there, as in an environment */
    world.call.variables[tag] = world.values[tag];
  } else if (tag == VARIABLES && length > 0) {
    memcpy(stdin_bytes, bytes, length);
    world.call.input_length = length;
  } else if (tag == VARIABLES + 1) {
    memcpy(reply_bytes, bytes, length);
    world.call.reply_length = length;
  }
}

static void read_world(const uint8_t *data, size_t size) {
  memset(&world.call, 0, sizeof world.call);
  memset(world.kinds, 0, sizeof world.kinds);
  world.stdin_at = world.reply_at = world.listed = 0;
  world.clock_ms = 1000;
  world.steps = 0;
  world.call.input = stdin_bytes;
  world.call.reply = reply_bytes;
  world.call.out = out_bytes;
  world.call.sent = sent_bytes;
  world.call.file = file_bytes;
  size_t at = size < WEATHER ? size : WEATHER;
  memset(world.weather, 0, WEATHER);
  memcpy(world.weather, data, at);
  world.random = 0x9e3779b9U + world.weather[W_SEED];
  while (size - at >= 3) {
    uint8_t tag = data[at];
    size_t length = (size_t)data[at + 1] << 8 | data[at + 2];
    at += 3;
    if (length > size - at) {
      length = size - at;
    }
    place(tag, data + at, length);
    at += length;
  }
  /* A large stdin is a small one, repeated; then in large parts, or a run takes too long. */
  world.call.input_repeat = 1;
  if (world.weather[W_REPEAT] == 1 && world.call.input_length > 0) {
    world.call.input_repeat = 1 + 4 * 1024 * STDIN_REPEAT / world.call.input_length;
    world.weather[W_PART] = 0;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_world(data, size);
  if (setjmp(world.end) == 0) {
    world.status = plugin_main();
  }
  world.call.status = world.status;
  for (int i = 0; i < OPEN_LIMIT; i++) {
    if (world.kinds[i] != FD_NONE && world.kinds[i] != FD_NETNS) {
      (void)fprintf(stderr, "a descriptor of kind %d is open at the end\n", world.kinds[i]);
      abort();
    }
  }
  judge(&world.call);
  return 0;
}
