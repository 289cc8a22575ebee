/* What the runtime reads from stdout. */
#include "plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int print_all(const unsigned char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(STDOUT_FILENO, bytes, length);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return -1;
    }
    bytes += written;
    length -= (size_t)written;
  }
  return 0;
}

/* Appends text as the inside of a JSON string. Bytes above 0x7e are shown as '?': the input may not be UTF-8. */
static void append_json(char *out, size_t capacity, const char *text) {
  size_t at = strlen(out);
  for (; *text != '\0' && at + 8 < capacity; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') {
      out[at++] = '\\';
      out[at++] = (char)c;
    } else if (c < 0x20) {
      at += (size_t)snprintf(out + at, capacity - at, "\\u%04x", c);
    } else {
      out[at++] = c > 0x7e ? '?' : (char)c;
    }
  }
  out[at] = '\0';
}

_Noreturn void fail(unsigned code, const char *message, const char *details) {
  static char document[4096];
  (void)snprintf(document, sizeof document, "{\"cniVersion\":\"1.0.0\",\"code\":%u,\"msg\":\"", code);
  append_json(document, 1800, message);
  (void)strcat(document, "\"");
  if (details != NULL) {
    (void)strcat(document, ",\"details\":\"");
    append_json(document, 3800, details);
    (void)strcat(document, "\"");
  }
  (void)strcat(document, "}\n");
  (void)print_all((const unsigned char *)document, strlen(document));
  exit(1);
}
