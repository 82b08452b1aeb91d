#include "CPlatform.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { most_files = 256, longest_path = 512, is_free = 0, is_taken = 1, is_named = 2 };

/* A signal handler can reach nothing but globals: the files that it may have to name. */
static struct {
    atomic_int state;
    uintptr_t start, end;
    char path[longest_path];
} files[most_files];

/* The system answers a read behind the end that a file has by now with this signal. */
static void file_was_shortened(int signal, siginfo_t *info, void *context) {
    (void)context;
    uintptr_t address = (uintptr_t)info->si_addr;
    for (int i = 0; i < most_files; i++) {
        if (atomic_load(&files[i].state) != is_named || address < files[i].start || address >= files[i].end) continue;
        static const char before[] = "pag: ", after[] = ": was shortened while it was being read\n";
        char line[sizeof before + longest_path + sizeof after];
        size_t length = sizeof before - 1, path = strlen(files[i].path);
        memcpy(line, before, length);
        memcpy(line + length, files[i].path, path);
        memcpy(line + length + path, after, sizeof after - 1);
        ssize_t written = write(STDERR_FILENO, line, length + path + sizeof after - 1);
        (void)written;
        _exit(74);
    }
    /* No file's: the default action, as soon as the instruction runs again. */
    cplatform_default(signal);
}

int cplatform_name_mapping(const void *base, size_t bytes, const char *path) {
    struct sigaction action = {0};
    action.sa_sigaction = file_was_shortened;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < most_files; i++) {
        int expected = is_free;
        if (!atomic_compare_exchange_strong(&files[i].state, &expected, is_taken)) continue;
        files[i].start = (uintptr_t)base;
        files[i].end = files[i].start + bytes;
        strncpy(files[i].path, path, longest_path - 1);
        atomic_store(&files[i].state, is_named);
        sigaction(SIGBUS, &action, 0);
        return i;
    }
    return -1;
}

void cplatform_forget_mapping(int number) {
    if (number >= 0) atomic_store(&files[number].state, is_free);
}
