/* millpond: started by the container runtime for every CNI verb. It sends the request to the daemon and prints the
 * answer; it knows no policy and reads no JSON. Without the daemon it answers what can be answered, and keeps a DEL. */
#include "plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned char input_bytes[STDIN_LIMIT + 1];
static unsigned char frame_bytes[FRAME_LIMIT];
static unsigned char reply_bytes[REPLY_LIMIT];

static void read_input(struct buffer *input) {
  while (input->length < input->capacity) {
    ssize_t got =
        read(STDIN_FILENO, input->bytes + input->length, input->capacity - input->length);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      fail(CODE_IO, "cannot read the network configuration from stdin", strerror(errno));
    }
    if (got == 0) {
      return;
    }
    input->length += (size_t)got;
  }
  fail(CODE_IO, "the network configuration on stdin is larger than 4 MiB",
       "shorten it: no runtime sends so much");
}

/* The verb's answer when no daemon answers. */
static _Noreturn void answer_alone(const struct request *request, const struct buffer *frame,
                                   const struct buffer *input, const char *why) {
  const char *unspooled = NULL;
  switch (request->verb) {
    case VERB_STATUS:
      fail(CODE_NOT_AVAILABLE, "the millpond daemon does not serve on this node", why);
    case VERB_DEL:
      if (spool_del(request, frame, input, &unspooled) == 0) {
        (void)fprintf(stderr, "millpond: this DEL is kept until the daemon serves: %s\n", why);
        exit(0);
      }
      fail(CODE_TRY_LATER, "the millpond daemon does not serve, and this DEL could not be kept",
           unspooled);
    case VERB_ADD:
    case VERB_CHECK:
    case VERB_GC:
    case VERB_VERSION:
      break;
  }
  fail(CODE_TRY_LATER, "the millpond daemon does not serve on this node; retry", why);
}

int main(void) {
  const char *verb = getenv("CNI_COMMAND");
  if (verb == NULL || *verb == '\0') {
    (void)fprintf(stderr,
                  "millpond: a CNI plugin; versions 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, "
                  "1.1.0. Container runtimes start it with CNI_COMMAND set.\n");
    return 0;
  }
  struct request request = read_environment();
  if (request.verb == VERB_VERSION) {
    static const char versions[] =
        "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.1.0\",\"0.2.0\",\"0.3.0\","
        "\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n";
    return print_all((const unsigned char *)versions, sizeof versions - 1) == 0 ? 0 : 1;
  }
  struct buffer input = {input_bytes, sizeof input_bytes, 0};
  read_input(&input);
  struct buffer frame = {frame_bytes, sizeof frame_bytes, 0};
  write_frame(&frame, &request, &input);
  struct buffer reply = {reply_bytes, sizeof reply_bytes, 0};
  const char *why = NULL;
  if (ask_daemon(&request, &frame, &reply, &why) != 0) {
    answer_alone(&request, &frame, &input, why);
  }
  /* The reply: u32 exit status, then what to print. */
  if (print_all(reply.bytes + 4, reply.length - 4) != 0) {
    return 1;
  }
  return get_u32(reply.bytes) == 0 ? 0 : 1;
}
