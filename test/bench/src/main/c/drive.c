/* Runs a program once for each job, as a container runtime runs a CNI plugin, several at once, and times it.
 *
 *   drive CONCURRENCY JOBS STDIN PROGRAM
 *
 * JOBS has a line `VERB CONTAINER NETNS` for each. Prints for each job, in the order in which they ended,
 *   VERB wall-microseconds cpu-microseconds exit-status
 * (CPU: the program's and that of what it waited for), then `total wall-microseconds`. What the programs print goes to
 * stderr. Ends with 1 if any of them failed. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 256
#define OUT 100

struct job {
    pid_t process;
    long long began;
    char verb[8];
};

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static long long now(void) {
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) {
        fail("clock_gettime");
    }
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void set(const char *name, const char *value) {
    if (setenv(name, value, 1) != 0) {
        fail("setenv");
    }
}

static void start(struct job *job, const char *line, const char *input, char *program) {
    char container[128], netns[256], arguments[512];
    if (sscanf(line, "%7s %127s %255s", job->verb, container, netns) != 3) {
        fprintf(stderr, "not a job: %s\n", line);
        exit(2);
    }
    set("CNI_COMMAND", job->verb);
    set("CNI_CONTAINERID", container);
    set("CNI_NETNS", netns);
    set("CNI_IFNAME", "eth0");
    snprintf(arguments, sizeof arguments,
             "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=%s;K8S_POD_INFRA_CONTAINER_ID=%s", container,
             container);
    set("CNI_ARGS", arguments);
    posix_spawn_file_actions_t files;
    char *argv[] = {program, NULL};
    extern char **environ;
    if (posix_spawn_file_actions_init(&files) != 0 ||
        posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2(&files, 2, 1) != 0) {
        fail("posix_spawn_file_actions");
    }
    job->began = now();
    if (posix_spawn(&job->process, program, &files, NULL, argv, environ) != 0) {
        fail("posix_spawn");
    }
    posix_spawn_file_actions_destroy(&files);
}

static int finish(struct job *jobs, int *running) {
    int status;
    struct rusage used;
    pid_t process = wait4(-1, &status, 0, &used);
    long long ended = now();
    if (process < 0) {
        fail("wait4");
    }
    for (int i = 0; i < *running; i++) {
        if (jobs[i].process == process) {
            long long cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec +
                            used.ru_stime.tv_usec;
            int code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
            dprintf(OUT, "%s %lld %lld %d\n", jobs[i].verb, ended - jobs[i].began, cpu, code);
            jobs[i] = jobs[--*running];
            return code != 0;
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    static struct job jobs[MOST];
    int running = 0, failed = 0, most = argc == 5 ? atoi(argv[1]) : 0;
    if (most < 1 || most > MOST) {
        fprintf(stderr, "usage: drive CONCURRENCY JOBS STDIN PROGRAM (at most %d at once)\n", MOST);
        return 2;
    }
    FILE *lines = fopen(argv[2], "re");
    if (lines == NULL) {
        fail(argv[2]);
    }
    /* The figures go to stdout, kept as descriptor OUT; what the programs print goes to stderr. */
    if (dup2(1, OUT) < 0 || dup2(2, 1) < 0 || fcntl(OUT, F_SETFD, FD_CLOEXEC) != 0) {
        fail("dup2");
    }
    char line[512];
    long long began = now();
    while (fgets(line, sizeof line, lines) != NULL) {
        if (running == most) {
            failed |= finish(jobs, &running);
        }
        start(&jobs[running++], line, argv[3], argv[4]);
    }
    while (running > 0) {
        failed |= finish(jobs, &running);
    }
    dprintf(OUT, "total %lld\n", now() - began);
    fclose(lines);
    return failed;
}
