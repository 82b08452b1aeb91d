#define _GNU_SOURCE
#include "CPlatform.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int map(int file, size_t bytes, int flags, void **base) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | flags, file, 0);
    if (memory == MAP_FAILED) return errno;
    *base = memory;
    return 0;
}

static int fill(int file, size_t bytes, void **base) {
    /* All pages now: memory that is missing is an error here and would be a SIGBUS at the first touch. */
    int code = posix_fallocate(file, 0, (off_t)bytes);
    return code ? code : map(file, bytes, MAP_POPULATE, base);
}

int cplatform_share(size_t bytes, int *file, void **base) {
    /* The limit on the length of files holds here, too, and going beyond it is answered with a signal. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < bytes) return EFBIG;
    *file = memfd_create("pag", MFD_CLOEXEC);
    if (*file < 0) return errno;
    int code = fill(*file, bytes, base);
    if (code) close(*file);
    return code;
}

int cplatform_map_shared(int process, int file, size_t bytes, void **base) {
    char path[64];
    struct stat found;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", process, file);
    /* A process of that number in another namespace may hold anything under that number; a pipe must not block. */
    int mine = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (mine < 0) return errno;
    int code = fstat(mine, &found) != 0                                     ? errno
               : S_ISREG(found.st_mode) && (size_t)found.st_size == bytes ? map(mine, bytes, 0, base)
                                                                           : ESTALE;
    close(mine);
    return code;
}

void cplatform_unmap(void *base, size_t bytes) { munmap(base, bytes); }
