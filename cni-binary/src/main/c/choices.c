/* What is fixed on a node. Only a build for tests lets its environment choose: the runtime's must not. */
#include "plugin.h"

#include <errno.h>
#include <stdlib.h>
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

int run_dir_is_ours(void) {
  struct stat st;
  if (lstat(run_dir(), &st) != 0) {
    return errno == ENOENT;
  }
  return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0;
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
