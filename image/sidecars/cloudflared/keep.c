/* Keeps a container running while its program ends and is started again: `keep PROGRAM ARGUMENT...`.
 *
 * cloudflared ends within a second when names can't be resolved as it starts, or when its token is none. A container of a
 * pod that has ended is not ready, a pod is as ready as the least of its containers, and one that has not run yet starts
 * no container after it. So an outage would take a model from everybody who comes by other ways. With KEEP_RUNNING=true
 * the program is started again in here, after 1 s, 2 s, 4 s ... 60 s, with a line on stderr each time, and the container
 * runs on.
 *
 * Without that variable it becomes the program: where Docker restarts a container, one that fails should be seen to.
 *
 * A program that can't be started at all ends it, too (127). SIGTERM and SIGINT are passed on; then what the program ends
 * with is what this ends with. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_S = 1, LONGEST_S = 60, WRONG_USE = 2, NOT_STARTED = 127, BY_SIGNAL = 128 };

static sigset_t ends, awaited, before;

static time_t now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static int become(char **program) {
    execvp(program[0], program);
    fprintf(stderr, "keep: %s: %s\n", program[0], strerror(errno));
    return NOT_STARTED;
}

/* Until it has ended; its status. Signals that end this are passed on to it. */
static int await(pid_t child, bool *is_ending) {
    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended == child)
            return status;
        if (ended > 0)
            continue; /* somebody's orphan: this is the container's first process */
        int signal = sigwaitinfo(&awaited, NULL);
        if (signal > 0 && signal != SIGCHLD) {
            *is_ending = true;
            kill(child, signal);
        }
    }
}

/* Whether it was told to end meanwhile. */
static bool is_ended_within(long pause_s) {
    const time_t until = now_s() + pause_s;
    for (time_t left; (left = until - now_s()) > 0;) {
        const struct timespec pause = {.tv_sec = left};
        if (sigtimedwait(&ends, NULL, &pause) > 0)
            return true;
    }
    return false;
}

static int code_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : BY_SIGNAL + WTERMSIG(status);
}

static int keep(char **program) {
    bool is_ending = false;
    for (long pause_s = FIRST_S;; pause_s = 2 * pause_s < LONGEST_S ? 2 * pause_s : LONGEST_S) {
        const time_t began = now_s();
        const pid_t child = fork();
        if (child == 0) {
            /* Whoever started this may have ignored them, as shells do in the background: that is inherited. */
            signal(SIGTERM, SIG_DFL);
            signal(SIGINT, SIG_DFL);
            sigprocmask(SIG_SETMASK, &before, NULL);
            _exit(become(program));
        }
        if (child < 0) {
            fprintf(stderr, "keep: %s\n", strerror(errno));
            return EXIT_FAILURE;
        }
        const int code = code_of(await(child, &is_ending));
        if (is_ending || code == NOT_STARTED)
            return code;
        const time_t ran_s = now_s() - began;
        if (ran_s >= LONGEST_S)
            pause_s = FIRST_S;
        fprintf(stderr, "keep: %s ended with %d after %ld s; it starts again in %ld s\n", program[0], code, (long)ran_s,
                pause_s);
        if (is_ended_within(pause_s))
            return EXIT_SUCCESS;
    }
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fputs("keep: no program; allowed: keep PROGRAM ARGUMENT...\n", stderr);
        return WRONG_USE;
    }
    const char *wish = getenv("KEEP_RUNNING");
    if (wish == NULL || strcmp(wish, "true") != 0)
        return become(argv + 1);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    awaited = ends;
    sigaddset(&awaited, SIGCHLD);
    sigprocmask(SIG_BLOCK, &awaited, &before);
    return keep(argv + 1);
}
