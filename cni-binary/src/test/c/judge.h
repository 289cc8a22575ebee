/* What a call of the plugin was given and what it did; and whether it may. */
#ifndef MILLPOND_JUDGE_H
#define MILLPOND_JUDGE_H

#include <stddef.h>
#include <stdint.h>

enum { VARIABLES = 6 };

struct call {
  const char *variables[VARIABLES]; /* NULL when absent */
  const uint8_t *input;
  size_t input_length;
  size_t input_repeat;
  const uint8_t *reply; /* what the daemon would say */
  size_t reply_length;
  int status;
  int connected; /* the daemon was sent something */
  int broken_stdout;
  const uint8_t *out; /* on stdout */
  size_t out_length;
  const uint8_t *sent; /* to the daemon */
  size_t sent_length;
  int kept; /* a file was put into the spool */
  const uint8_t *file;
  size_t file_length;
  char file_name[256];
};

/* The variable as getenv would give it. */
const char *value_of(const struct call *call, const char *name);

/* Aborts, with a reason on stderr, unless the call keeps to the rules. */
void judge(const struct call *call);

#endif
