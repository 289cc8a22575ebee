/* A DEL that no daemon took is kept as a file, which the next daemon reads before it listens. The name is made of
 * digests: of container ID and interface, and of stdin (which holds the network's name); the same DEL again replaces it. */
#include "plugin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_LIMIT = 10000 };
static const long long BYTES_LIMIT = 256LL * 1024 * 1024;

static void hex(char *out, const unsigned char *digest, size_t count) {
  for (size_t i = 0; i < count; i++) {
    (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
  }
}

static void spool_name(char name[140], const struct request *r, const struct buffer *input) {
  static unsigned char key[ID_LIMIT + IFNAME_LIMIT + 8];
  unsigned char digest[32];
  size_t id = strlen(r->container_id);
  size_t ifname = strlen(r->ifname);
  put_u32(key, (uint32_t)id);
  memcpy(key + 4, r->container_id, id);
  put_u32(key + 4 + id, (uint32_t)ifname);
  memcpy(key + 8 + id, r->ifname, ifname);
  sha256(key, 8 + id + ifname, digest);
  hex(name, digest, 32);
  name[64] = '-';
  sha256(input->bytes, input->length, digest);
  hex(name + 65, digest, 32);
}

/* Whether the file fits; leftovers of writers that were killed count as well, the file that it replaces does not. */
static int fits(int dir, const char *name, size_t length, const char **why) {
  int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = copy < 0 ? NULL : fdopendir(copy);
  if (entries == NULL) {
    *why = "the spool cannot be read";
    return 0;
  }
  long long files = 0;
  long long bytes = (long long)length;
  for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    struct stat st;
    if (strcmp(entry->d_name, name) != 0 &&
        fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(st.st_mode)) {
      files++;
      bytes += st.st_size;
    }
  }
  (void)closedir(entries);
  if (files >= number("MILLPOND_SPOOL_FILES", FILES_LIMIT) ||
      bytes > number("MILLPOND_SPOOL_BYTES", BYTES_LIMIT)) {
    *why = "the spool is full (10,000 files or 256 MiB): start the daemon";
    return 0;
  }
  return 1;
}

static int write_file(int dir, const char *name, const struct buffer *frame) {
  int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return -1;
  }
  size_t written = 0;
  while (written < frame->length) {
    ssize_t n = write(fd, frame->bytes + written, frame->length - written);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      (void)close(fd);
      return -1;
    }
    written += (size_t)n;
  }
  int synced = fsync(fd);
  return close(fd) == 0 && synced == 0 ? 0 : -1;
}

static int open_spool(const char **why) {
  char path[512];
  (void)snprintf(path, sizeof path, "%s", run_dir());
  if (mkdir(path, 0700) != 0 && errno != EEXIST) {
    if (run_dir_is_ours(why)) {
      *why = "the run directory cannot be made";
    }
    return -1;
  }
  if (!run_dir_is_ours(why)) {
    return -1;
  }
  (void)snprintf(path, sizeof path, "%s/spool", run_dir());
  if (mkdir(path, 0700) != 0 && errno != EEXIST) {
    *why = "the spool directory cannot be made";
    return -1;
  }
  int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  struct stat st;
  if (dir < 0 || fstat(dir, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
    *why = "the spool is not a directory of root alone (mode 0700)";
    if (dir >= 0) {
      (void)close(dir);
    }
    return -1;
  }
  return dir;
}

int spool_del(const struct request *request, const struct buffer *frame,
              const struct buffer *input, const char **why) {
  int dir = open_spool(why);
  if (dir < 0) {
    return -1;
  }
  char name[140];
  char temporary[180];
  spool_name(name, request, input);
  (void)snprintf(temporary, sizeof temporary, ".%ld.%.64s", (long)getpid(), name);
  (void)unlinkat(dir, temporary, 0);
  int kept = fits(dir, name, frame->length, why);
  if (kept && (write_file(dir, temporary, frame) != 0 || renameat(dir, temporary, dir, name) != 0 ||
               fsync(dir) != 0)) {
    *why = strerror(errno);
    (void)unlinkat(dir, temporary, 0);
    kept = 0;
  }
  (void)close(dir);
  return kept ? 0 : -1;
}
