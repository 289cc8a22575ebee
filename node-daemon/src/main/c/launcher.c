/* millpondd and millpond-ctl of the container image, which has no shell: by the name that it is called it becomes the
 * JVM with the program's class, the flags of bin/jvm-flags and the class path of lib/class-path. C11, static, no
 * allocation. The scripts of the same names do this elsewhere. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef MILLPOND_HOME
#define MILLPOND_HOME "/opt/millpond"
#endif

enum {
  ARGUMENTS = 64, /* a person types fewer */
  OWN = 12,
  EXIT_USAGE = 64,
  EXIT_NO_JVM = 71,
  TEXT = 4096
};

struct program {
  const char *name;
  const char *class;
};

static const struct program programs[] = {
    {"millpondd", "io.millpond.node.Millpondd"},
    {"millpond-ctl", "io.millpond.node.MillpondCtl"},
};

static const struct program *find(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    if (strcmp(programs[i].name, name) == 0) {
      return &programs[i];
    }
  }
  return NULL;
}

/* The variable's value, or NULL if there is none. */
static const char *given(const char *variable) {
  const char *value = getenv(variable);
  return value == NULL || *value == '\0' ? NULL : value;
}

/* The flag, in a buffer of TEXT octets; NULL if it does not fit. */
static char *flag(char *text, const char *name, const char *value) {
  int length = snprintf(text, TEXT, "%s%s", name, value);
  return length > 0 && length < TEXT ? text : NULL;
}

int main(int argc, char **argv) {
  const struct program *program = argc > 0 ? find(argv[0]) : NULL;
  if (program == NULL) {
    fputs("millpond: this program is called millpondd or millpond-ctl\n", stderr);
    return EXIT_USAGE;
  }
  if (argc > ARGUMENTS) {
    fprintf(stderr, "%s: more than %d arguments\n", program->name, ARGUMENTS);
    return EXIT_USAGE;
  }

  static char heap_text[TEXT], cache_text[TEXT];
  const char *heap = given("MILLPOND_HEAP");
  const char *training = given("MILLPOND_AOT_OUTPUT");
  char *heap_flag = flag(heap_text, "-Xmx", heap == NULL ? "" : heap);
  char *cache_flag = training == NULL
                         ? flag(cache_text, "-XX:AOTCache=", MILLPOND_HOME "/lib/millpond.aot")
                         : flag(cache_text, "-XX:AOTCacheOutput=", training);
  if (heap_flag == NULL || cache_flag == NULL) {
    fprintf(stderr, "%s: MILLPOND_HEAP or MILLPOND_AOT_OUTPUT is too long\n", program->name);
    return EXIT_USAGE;
  }

  static char *arguments[OWN + ARGUMENTS];
  int n = 0;
  arguments[n++] = MILLPOND_HOME "/jre/bin/java";
  arguments[n++] = "@" MILLPOND_HOME "/bin/jvm-flags";
  if (heap != NULL) {
    arguments[n++] = heap_flag;
  }
  arguments[n++] = cache_flag;
  if (training != NULL) { /* classes that the cache cannot hold are no news */
    arguments[n++] = "-Xlog:aot*=error:stderr";
    arguments[n++] = "-Xlog:cds*=error:stderr";
  }
  arguments[n++] = "-Dmillpond.home=" MILLPOND_HOME;
  /* The stub lies there, because nothing can be unpacked: the root is read-only. */
  arguments[n++] = "-Djffi.boot.library.path=" MILLPOND_HOME "/lib";
  arguments[n++] = "@" MILLPOND_HOME "/lib/class-path";
  arguments[n++] = (char *)program->class;
  for (int i = 1; i < argc; i++) {
    arguments[n++] = argv[i];
  }
  arguments[n] = NULL;

  /* Fixed, or they grow with what was freed once, and it stays. */
  int set = setenv("MALLOC_ARENA_MAX", "1", 1) | setenv("MALLOC_MMAP_THRESHOLD_", "131072", 1) |
            setenv("MALLOC_TRIM_THRESHOLD_", "131072", 1);
  /* Another program's options must not change a daemon that runs as root. */
  set |= unsetenv("JAVA_TOOL_OPTIONS") | unsetenv("JDK_JAVA_OPTIONS") | unsetenv("_JAVA_OPTIONS");
  /* No program that the JVM could start gets more than it has. */
  if (set != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    fprintf(stderr, "%s: %s\n", program->name, strerror(errno));
    return EXIT_NO_JVM;
  }
  execv(arguments[0], arguments);
  fprintf(stderr, "%s: cannot start %s: %s\n", program->name, arguments[0], strerror(errno));
  return EXIT_NO_JVM;
}
