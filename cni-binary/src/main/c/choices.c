/* What is fixed on a node. Only a build for tests lets its environment choose: the runtime's must not. */
#include "plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *run_dir(void) {
#ifdef MILLPOND_TEST
  const char *chosen = getenv("MILLPOND_RUN_DIR");
  if (chosen != NULL && *chosen != '\0') {
    return chosen;
  }
#endif
  return MILLPOND_RUN_DIR;
}

int run_dir_is_ours(const char **why) {
  struct stat st;
  if (lstat(run_dir(), &st) != 0) {
    if (errno == ENOENT) {
      return 1;
    }
    static char text[160];
    (void)snprintf(text, sizeof text, "the daemon's run directory cannot be looked at: %s", strerror(errno));
    *why = text;
    return 0;
  }
  if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
    *why = "the daemon's run directory is not a directory that root alone may change: somebody replaced it";
    return 0;
  }
  return 1;
}

long long number(const char *variable, long long otherwise) {
#ifdef MILLPOND_TEST
  const char *chosen = getenv(variable);
  if (chosen != NULL && *chosen != '\0') {
    return strtoll(chosen, NULL, 10);
  }
#endif
  (void)variable;
  return otherwise;
}
