#define _GNU_SOURCE
#include "CPlatform.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_all(const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        bytes += written;
        count -= (size_t)written;
    }
}

/* Of a process that had threads: nothing may be called here that takes a lock. */
static void keep(int source, const char *page) {
    static char words[1 << 16];
    size_t count = 0;
    while (1) {
        ssize_t got = read(source, words + count, sizeof words - count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        count += (size_t)got;
        if (count == sizeof words) {
            write_all(words, count);
            count = 0;
        }
    }
    if (!memmem(words, count, page, strlen(page))) write_all(words, count);
}

int cplatform_hold_words(const char *page, cplatform_held_words *held) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    held->original = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    held->reader = held->original < 0 ? -1 : fork();
    if (held->reader == 0) {
        /* It ends with what it reads from, after the last word. */
        signal(SIGTERM, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        close(ends[1]);
        keep(ends[0], page);
        _exit(0);
    }
    int code = held->reader < 0 || dup2(ends[1], STDERR_FILENO) < 0 ? errno : 0;
    close(ends[0]);
    close(ends[1]);
    if (held->reader < 0 && held->original >= 0) close(held->original);
    return code;
}

void cplatform_let_words_go(const cplatform_held_words *held) {
    dup2(held->original, STDERR_FILENO);
    close(held->original);
    while (waitpid(held->reader, NULL, 0) < 0 && errno == EINTR) {}
}
