/* The rules of every call: it ends with 0 or 1; stdout has one document, the daemon's as it came or an error of the
 * plugin's own with a known code, or nothing; what the daemon and the spool get is the whole request and nothing else. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[VARIABLES] = {"CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS",
                                             "CNI_IFNAME",  "CNI_ARGS",        "CNI_NETNS_OVERRIDE"};
enum { COMMAND, CONTAINERID, NETNS, IFNAME, ARGS, OVERRIDE };

static _Noreturn void wrong(const char *what) {
  (void)fprintf(stderr, "a rule is broken: %s\n", what);
  abort();
}

const char *value_of(const struct call *call, const char *name) {
  for (size_t i = 0; i < VARIABLES; i++) {
    if (strcmp(name, NAMES[i]) == 0) {
      return call->variables[i];
    }
  }
  wrong("it asks for a variable that is none of CNI's");
}

static int is(const struct call *call, size_t variable, const char *value) {
  return call->variables[variable] != NULL && strcmp(call->variables[variable], value) == 0;
}

/* The end of a JSON string whose inside begins here; only printable ASCII may stand there. */
static const uint8_t *past_string(const uint8_t *at, const uint8_t *end) {
  while (at < end && *at != '"') {
    if (*at < 0x20 || *at > 0x7e) {
      wrong("an octet in the error document that is no printable ASCII");
    }
    if (*at == '\\') {
      at++;
      if (at < end && *at == 'u') {
        for (int i = 0; i < 4; i++) {
          at++;
          if (at >= end || strchr("0123456789abcdef", *at) == NULL) {
            wrong("an escape in the error document that is none");
          }
        }
      } else if (at >= end || (*at != '"' && *at != '\\')) {
        wrong("an escape in the error document that is none");
      }
    }
    at++;
  }
  if (at >= end) {
    wrong("a string in the error document without an end");
  }
  return at + 1;
}

static const uint8_t *past(const uint8_t *at, const uint8_t *end, const char *text) {
  size_t length = strlen(text);
  if ((size_t)(end - at) < length || memcmp(at, text, length) != 0) {
    wrong("stdout is not one error document");
  }
  return at + length;
}

static void judge_error(const struct call *call) {
  const uint8_t *end = call->out + call->out_length;
  const uint8_t *at = past(call->out, end, "{\"cniVersion\":\"1.0.0\",\"code\":");
  unsigned code = 0;
  while (at < end && *at >= '0' && *at <= '9') {
    code = code * 10 + (unsigned)(*at++ - '0');
  }
  if (code != 4 && code != 5 && code != 8 && code != 11 && code != 50) {
    wrong("an error with a code that the plugin does not have");
  }
  if (code == 50 && !is(call, COMMAND, "STATUS")) {
    wrong("code 50 for another verb than STATUS");
  }
  at = past_string(past(at, end, ",\"msg\":\""), end);
  if (at < end && *at == ',') {
    at = past_string(past(at, end, ",\"details\":\""), end);
  }
  if (past(at, end, "}\n") != end) {
    wrong("something behind the error document");
  }
  if (call->status != 1) {
    wrong("an error document with another exit status than 1");
  }
}

static size_t u32(const uint8_t *at) {
  return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

/* Whether this is the daemon's whole answer. */
static int answered(const struct call *call) {
  if (!call->connected || call->reply_length < 12 || memcmp(call->reply, "MPC1", 4) != 0) {
    return 0;
  }
  size_t length = u32(call->reply + 4);
  return length >= 4 && length <= call->reply_length - 8;
}

static size_t input_size(const struct call *call) {
  return call->input_length * call->input_repeat;
}

/* A frame that must hold the request, decoded without the plugin's code. */
static void judge_frame(const struct call *call, const uint8_t *frame, size_t length) {
  if (length < 8 || memcmp(frame, "MPC1", 4) != 0 || u32(frame + 4) != length - 8) {
    wrong("a frame whose header does not fit");
  }
  int seen_stdin = 0;
  unsigned seen = 0;
  for (size_t at = 8; at < length;) {
    if (length - at < 5 || u32(frame + at + 1) > length - at - 5) {
      wrong("a field beyond the frame");
    }
    const uint8_t *value = frame + at + 5;
    size_t size = u32(frame + at + 1);
    if (frame[at] == 1) {
      size_t v = 0;
      while (v < ARGS + 1 && (size <= strlen(NAMES[v]) || value[strlen(NAMES[v])] != '=' ||
                              memcmp(value, NAMES[v], strlen(NAMES[v])) != 0)) {
        v++;
      }
      if (v > ARGS || call->variables[v] == NULL || (seen & 1U << v) != 0) {
        wrong("a variable that is none of the request's");
      }
      seen |= 1U << v;
      size_t name = strlen(NAMES[v]) + 1;
      if (size - name != strlen(call->variables[v]) ||
          memcmp(value + name, call->variables[v], size - name) != 0) {
        wrong("a variable with another value");
      }
    } else if (frame[at] == 2) {
      if (size != input_size(call)) {
        wrong("another stdin");
      }
      for (size_t i = 0; i < size; i++) {
        if (value[i] != call->input[i % call->input_length]) {
          wrong("another stdin");
        }
      }
      seen_stdin = 1;
    } else if (frame[at] != 3) {
      wrong("a field that nobody knows");
    }
    at += 5 + size;
  }
  if (!seen_stdin || (seen & 1U << COMMAND) == 0) {
    wrong("a frame without verb or stdin");
  }
}

static void judge_spool(const struct call *call) {
  if (!is(call, COMMAND, "DEL")) {
    wrong("another verb than DEL in the spool");
  }
  judge_frame(call, call->file, call->file_length);
  if (strspn(call->file_name, "0123456789abcdef-") != 129 || strlen(call->file_name) != 129) {
    wrong("a name in the spool that is not two digests");
  }
}

void judge(const struct call *call) {
  if (call->status != 0 && call->status != 1) {
    wrong("an exit status that is neither 0 nor 1");
  }
  if (call->sent_length >= 8 && call->sent_length == 8 + u32(call->sent + 4)) {
    judge_frame(call, call->sent, call->sent_length);
  }
  if (call->broken_stdout) {
    return; /* nobody reads; it has ended, and that is all */
  }
  static const char versions[] = "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[";
  if (answered(call) && call->out_length == u32(call->reply + 4) - 4 &&
      memcmp(call->out, call->reply + 12, call->out_length) == 0) {
    if (call->status != (u32(call->reply + 8) == 0 ? 0 : 1)) {
      wrong("the daemon's answer with another exit status");
    }
  } else if (is(call, COMMAND, "VERSION")) {
    if (call->status != 0 || call->out_length < sizeof versions ||
        memcmp(call->out, versions, sizeof versions - 1) != 0) {
      wrong("VERSION is not answered");
    }
  } else if (call->out_length > 0) {
    judge_error(call);
  } else if (call->status != 0) {
    wrong("a failure without a document");
  } else if (call->kept) {
    judge_spool(call);
  } else if (call->variables[COMMAND] != NULL && *call->variables[COMMAND] != '\0') {
    wrong("a success that nobody gave");
  }
}
