/* The request frame: "MPC1", u32 length of the rest, then fields, each u8 tag, u32 length, octets. Numbers are
 * big-endian. Tag 1: an environment variable, NAME=value. Tag 2: stdin. Tag 3: the request's name for logs. A reader
 * skips tags that it does not know. The same text, normative, is in CniFrame.java. */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TAG_VARIABLE = 1, TAG_STDIN = 2, TAG_REQUEST = 3 };

void put_u32(unsigned char *at, uint32_t value) {
  at[0] = (unsigned char)(value >> 24);
  at[1] = (unsigned char)(value >> 16);
  at[2] = (unsigned char)(value >> 8);
  at[3] = (unsigned char)value;
}

uint32_t get_u32(const unsigned char *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put(struct buffer *frame, const void *bytes, size_t length) {
  if (length > frame->capacity - frame->length) {
    fail(CODE_ENVIRONMENT, "the request does not fit into a frame", NULL);
  }
  memcpy(frame->bytes + frame->length, bytes, length);
  frame->length += length;
}

static void put_header(struct buffer *frame, unsigned char tag, size_t length) {
  unsigned char header[5] = {tag};
  put_u32(header + 1, (uint32_t)length);
  put(frame, header, sizeof header);
}

static void put_variable(struct buffer *frame, const char *name, const char *value) {
  if (value == NULL) {
    return;
  }
  put_header(frame, TAG_VARIABLE, strlen(name) + 1 + strlen(value));
  put(frame, name, strlen(name));
  put(frame, "=", 1);
  put(frame, value, strlen(value));
}

void write_frame(struct buffer *frame, const struct request *request, const struct buffer *input) {
  /* The checked values together with the largest stdin fit; nothing else of the environment is for the daemon. */
  _Static_assert(STDIN_LIMIT + ID_LIMIT + 2 * VALUE_LIMIT + 1024 <= FRAME_LIMIT, "a DEL must fit");
  put(frame, "MPC1\0\0\0\0", 8);
  put_variable(frame, "CNI_COMMAND", getenv("CNI_COMMAND"));
  put_variable(frame, "CNI_CONTAINERID", request->container_id);
  put_variable(frame, "CNI_NETNS", request->netns);
  put_variable(frame, "CNI_IFNAME", request->ifname);
  put_variable(frame, "CNI_ARGS", request->args);
  struct timespec now;
  char name[64];
  (void)clock_gettime(CLOCK_REALTIME, &now);
  (void)snprintf(name, sizeof name, "%llx-%lx", (unsigned long long)now.tv_sec * 1000000 +
                 (unsigned long long)now.tv_nsec / 1000, (unsigned long)getpid());
  put_header(frame, TAG_REQUEST, strlen(name));
  put(frame, name, strlen(name));
  put_header(frame, TAG_STDIN, input->length);
  put(frame, input->bytes, input->length);
  put_u32(frame->bytes + 4, (uint32_t)(frame->length - 8));
}
