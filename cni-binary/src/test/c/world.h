/* Included before each of the plugin's sources when they are built for fuzzing: every system call that they make goes to
 * world.c, a kernel, a runtime and a daemon that do what the input says. */
#ifndef MILLPOND_WORLD_H
#define MILLPOND_WORLD_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

const char *world_getenv(const char *name);
_Noreturn void world_exit(int status);
ssize_t world_read(int fd, void *bytes, size_t count);
ssize_t world_write(int fd, const void *bytes, size_t count);
int world_open(const char *path, int flags, ...);
int world_openat(int dir, const char *path, int flags, ...);
int world_close(int fd);
int world_fstatfs(int fd, struct statfs *out);
int world_ioctl(int fd, unsigned long request, ...);
int world_stat(const char *path, struct stat *out);
int world_lstat(const char *path, struct stat *out);
int world_fstat(int fd, struct stat *out);
int world_fstatat(int dir, const char *path, struct stat *out, int flags);
int world_mkdir(const char *path, mode_t mode);
int world_unlinkat(int dir, const char *path, int flags);
int world_renameat(int from, const char *old, int to, const char *new);
int world_fsync(int fd);
DIR *world_fdopendir(int fd);
struct dirent *world_readdir(DIR *dir);
int world_closedir(DIR *dir);
int world_socket(int domain, int type, int protocol);
int world_connect(int fd, const struct sockaddr *address, socklen_t length);
int world_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int world_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
ssize_t world_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t world_recv(int fd, void *bytes, size_t count, int flags);
int world_poll(struct pollfd *fds, nfds_t count, int timeout);
int world_clock_gettime(clockid_t clock, struct timespec *now);
int world_ignore(FILE *stream, const char *format, ...);

int plugin_main(void);

/* Runs the plugin in the world that the input describes, and aborts if it does what it must not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef MILLPOND_WORLD_ITSELF
#define main(arguments) plugin_main(arguments)
#define getenv(name) ((char *)(uintptr_t)world_getenv(name))
#define exit(status) world_exit(status)
#define read(...) world_read(__VA_ARGS__)
#define write(...) world_write(__VA_ARGS__)
#define open(...) world_open(__VA_ARGS__)
#define openat(...) world_openat(__VA_ARGS__)
#define close(fd) world_close(fd)
#define fstatfs(...) world_fstatfs(__VA_ARGS__)
#define ioctl(...) world_ioctl(__VA_ARGS__)
#define stat(path, out) world_stat(path, out)
#define lstat(...) world_lstat(__VA_ARGS__)
#define fstat(...) world_fstat(__VA_ARGS__)
#define fstatat(...) world_fstatat(__VA_ARGS__)
#define mkdir(...) world_mkdir(__VA_ARGS__)
#define unlinkat(...) world_unlinkat(__VA_ARGS__)
#define renameat(...) world_renameat(__VA_ARGS__)
#define fsync(fd) world_fsync(fd)
#define fdopendir(fd) world_fdopendir(fd)
#define readdir(dir) world_readdir(dir)
#define closedir(dir) world_closedir(dir)
#define socket(...) world_socket(__VA_ARGS__)
#define connect(...) world_connect(__VA_ARGS__)
#define setsockopt(...) world_setsockopt(__VA_ARGS__)
#define getsockopt(...) world_getsockopt(__VA_ARGS__)
#define sendmsg(...) world_sendmsg(__VA_ARGS__)
#define recv(...) world_recv(__VA_ARGS__)
#define poll(...) world_poll(__VA_ARGS__)
#define clock_gettime(...) world_clock_gettime(__VA_ARGS__)
#define getpid() 4711
#define geteuid() 0
#define fprintf(...) world_ignore(__VA_ARGS__)
#endif

#endif
