/* The rules of a CNI request's environment (specification 1.1.0, "Parameters"; the reference library's skeleton where
 * the text is silent). An earlier variable that is invalid is reported before the list of those that are missing. */
#include "plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

static const char *variable(const char *name, size_t limit) {
  const char *value = getenv(name);
  if (value == NULL || *value == '\0') {
    return NULL; /* empty equals absent */
  }
  if (strnlen(value, limit + 1) > limit) {
    static char message[128];
    (void)snprintf(message, sizeof message, "%s is longer than %zu KiB", name, limit / 1024);
    fail(CODE_ENVIRONMENT, message, NULL);
  }
  return value;
}

static enum verb parse_verb(const char *text) {
  static const char *const names[] = {"ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(text, names[i]) == 0) {
      return (enum verb)i;
    }
  }
  fail(CODE_ENVIRONMENT, "unknown CNI_COMMAND", text);
}

static int is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void check_container_id(const char *id) {
  int valid = is_alphanumeric(id[0]);
  for (const char *c = id; valid && *c != '\0'; c++) {
    valid = is_alphanumeric(*c) || *c == '_' || *c == '.' || *c == '-';
  }
  if (!valid) {
    fail(CODE_ENVIRONMENT,
         "CNI_CONTAINERID must begin with a letter or digit, and hold only letters, digits, '_', "
         "'.' and '-'",
         id);
  }
}

/* The kernel's rules for a name, the skeleton's, and no '%', which the kernel takes for a template. Octets above 0x7f
 * are refused: Unicode has spaces among them, and no runtime uses them. */
static void check_ifname(const char *name) {
  size_t length = strlen(name);
  int valid = length <= IFNAME_LIMIT && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
  for (const char *c = name; valid && *c != '\0'; c++) {
    unsigned char u = (unsigned char)*c;
    valid = u > 0x20 && u < 0x7f && u != '/' && u != ':' && u != '%';
  }
  if (!valid) {
    fail(CODE_ENVIRONMENT,
         "CNI_IFNAME must have 1 to 15 printable characters without '/', ':' and '%'", name);
  }
}

static void check_missing(const struct request *r) {
  int pod = r->verb == VERB_ADD || r->verb == VERB_DEL || r->verb == VERB_CHECK;
  int netns = r->verb == VERB_ADD || r->verb == VERB_CHECK;
  char missing[128] = "";
  if (pod && r->container_id == NULL) {
    (void)strcat(missing, " CNI_CONTAINERID");
  }
  if (netns && r->netns == NULL) {
    (void)strcat(missing, " CNI_NETNS");
  }
  if (pod && r->ifname == NULL) {
    (void)strcat(missing, " CNI_IFNAME");
  }
  if (*missing != '\0') {
    fail(CODE_ENVIRONMENT, "required environment variables are missing", missing + 1);
  }
}

static int overridden(void) {
  const char *value = variable("CNI_NETNS_OVERRIDE", VALUE_LIMIT);
  return value != NULL && (strcmp(value, "1") == 0 || strcasecmp(value, "true") == 0);
}

/* Namespaces of all kinds are files of one file system. */
static int is_netns(int fd) {
  struct statfs fs;
  return fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC &&
         ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

/* Opens the namespace once; what is opened is what is checked and what the daemon gets. DEL lives with one that is gone
 * or is none. */
static int open_netns(const struct request *r) {
  int required = r->verb == VERB_ADD || r->verb == VERB_CHECK;
  int fd = open(r->netns, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    if (required) {
      fail(CODE_NETNS, "cannot open the network namespace in CNI_NETNS", strerror(errno));
    }
    return -1;
  }
  struct stat theirs;
  struct stat own;
  if (!is_netns(fd) || fstat(fd, &theirs) != 0) {
    (void)close(fd);
    if (required) {
      fail(CODE_NETNS, "CNI_NETNS is not a network namespace", r->netns);
    }
    return -1;
  }
  if (r->verb != VERB_CHECK && !overridden() && stat("/proc/self/ns/net", &own) == 0 &&
      own.st_ino == theirs.st_ino && own.st_dev == theirs.st_dev) {
    fail(CODE_NETNS, "CNI_NETNS is the plugin's own network namespace", r->netns);
  }
  return fd;
}

struct request read_environment(void) {
  struct request r = {.netns_fd = -1};
  r.verb = parse_verb(getenv("CNI_COMMAND"));
  if (r.verb == VERB_GC || r.verb == VERB_STATUS || r.verb == VERB_VERSION) {
    return r; /* runtimes send empty or made-up container variables with these */
  }
  r.container_id = variable("CNI_CONTAINERID", ID_LIMIT);
  r.netns = variable("CNI_NETNS", VALUE_LIMIT);
  r.ifname = variable("CNI_IFNAME", VALUE_LIMIT);
  r.args = variable("CNI_ARGS", VALUE_LIMIT);
  if (r.container_id != NULL) {
    check_container_id(r.container_id);
  }
  if (r.ifname != NULL) {
    check_ifname(r.ifname);
  }
  check_missing(&r);
  if (r.netns != NULL) {
    r.netns_fd = open_netns(&r);
  }
  return r;
}
