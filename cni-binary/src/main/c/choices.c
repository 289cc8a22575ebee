/* What is fixed on a node. Only a build for tests lets its environment choose: the runtime's must not. */
#include "plugin.h"

#include <stdlib.h>

const char *run_dir(void) {
#ifdef MILLPOND_TEST
  const char *chosen = getenv("MILLPOND_RUN_DIR");
  if (chosen != NULL && *chosen != '\0') {
    return chosen;
  }
#endif
  return MILLPOND_RUN_DIR;
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
