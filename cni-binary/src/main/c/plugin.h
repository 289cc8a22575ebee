/* millpond, the CNI plugin: what its parts share. C11, static, no allocation. */
#ifndef MILLPOND_PLUGIN_H
#define MILLPOND_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/* Everything below this directory belongs to the daemon. The runtime's environment must not redirect it, so only a
 * build for tests reads it from there. */
#ifndef MILLPOND_RUN_DIR
#define MILLPOND_RUN_DIR "/run/millpond"
#endif

enum {
  STDIN_LIMIT = 4 * 1024 * 1024,  /* pod annotations and GC lists are far smaller */
  FRAME_LIMIT = STDIN_LIMIT + 256 * 1024,
  REPLY_LIMIT = 8 * 1024 * 1024,
  ID_LIMIT = 8 * 1024,     /* of CNI_CONTAINERID; the daemon's limit too */
  VALUE_LIMIT = 64 * 1024, /* of any other environment variable */
  IFNAME_LIMIT = 15        /* IFNAMSIZ - 1 */
};

/* CNI error codes (specification 1.1.0, "Error"). */
enum {
  CODE_ENVIRONMENT = 4,
  CODE_IO = 5,
  CODE_NETNS = 8,
  CODE_TRY_LATER = 11,
  CODE_NOT_AVAILABLE = 50,
  CODE_DATAPATH = 100
};

enum verb { VERB_ADD, VERB_DEL, VERB_CHECK, VERB_GC, VERB_STATUS, VERB_VERSION };

struct request {
  enum verb verb;
  const char *container_id; /* NULL when absent, empty, or of no meaning for the verb */
  const char *netns;
  const char *ifname;
  const char *args;
  int netns_fd; /* -1 when there is none */
};

/* A buffer of fixed size that is filled from the front. */
struct buffer {
  unsigned char *bytes;
  size_t capacity;
  size_t length;
};

/* choices.c: the daemon's directory. */
const char *run_dir(void);

/* choices.c: whether that directory is one of root's, in which nobody else can put anything; one that is missing is.
 * If not, why. */
int run_dir_is_ours(const char **why);

/* choices.c: the number, or in a build for tests what that environment variable says. */
long long number(const char *variable, long long otherwise);

/* answer.c: writes all of it to stdout; 0, or -1. */
int print_all(const unsigned char *bytes, size_t length);

/* answer.c: prints one CNI error document and ends with status 1. */
_Noreturn void fail(unsigned code, const char *message, const char *details);

/* environment.c: the rules of the environment; ends with fail() where one is broken. */
struct request read_environment(void);

/* frame.c: the request as the daemon and the spool get it. */
void write_frame(struct buffer *frame, const struct request *request, const struct buffer *input);
void put_u32(unsigned char *at, uint32_t value);
uint32_t get_u32(const unsigned char *at);

/* daemon.c: 0 and the reply, or -1 and why there is none. */
int ask_daemon(const struct request *request, const struct buffer *frame, struct buffer *reply,
               const char **why);

/* spool.c: keeps a DEL for the daemon; 0, or -1 and why it could not. */
int spool_del(const struct request *request, const struct buffer *frame,
              const struct buffer *input, const char **why);

/* sha256.c */
void sha256(const unsigned char *data, size_t length, unsigned char digest[32]);

#endif
