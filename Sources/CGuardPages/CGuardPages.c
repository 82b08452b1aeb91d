#include "CGuardPages.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { page = 4096, most_files = 256 };

/* The files that are mapped so, each by the place of its first byte. 0 is a free entry. */
static struct {
    _Atomic(uintptr_t) start;
    size_t bytes;
} files[most_files];

static size_t whole_pages(size_t bytes) { return (bytes + page - 1) / page * page; }

static void *plain(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
    return (void *)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
}

static int is_read(char *to, size_t bytes, int file) {
    for (size_t done = 0; done < bytes;) {
        ssize_t count = pread(file, to + done, bytes - done, (off_t)done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return 0;
        done += (size_t)count;
    }
    return 1;
}

/* Takes the place of the C library's, as definitions of the program itself do. */
void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
    struct stat status;
    if (address || protection != PROT_READ || flags != MAP_SHARED || offset != 0 || fstat(file, &status) != 0
        || !S_ISREG(status.st_mode) || (size_t)status.st_size != bytes)
        return plain(address, bytes, protection, flags, file, offset);
    size_t room = whole_pages(bytes);
    char *base = plain(0, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return MAP_FAILED;
    char *start = base + room - bytes;
    if (is_read(start, bytes, file) && mprotect(base, room, PROT_READ) == 0
        && mprotect(base + room, page, PROT_NONE) == 0) {
        for (int i = 0; i < most_files; i++) {
            uintptr_t expected = 0;
            if (!atomic_compare_exchange_strong(&files[i].start, &expected, (uintptr_t)start)) continue;
            files[i].bytes = bytes;
            return start;
        }
    }
    syscall(SYS_munmap, base, room + page);
    return plain(address, bytes, protection, flags, file, offset);
}

int munmap(void *address, size_t bytes) {
    for (int i = 0; address && i < most_files; i++) {
        if (atomic_load(&files[i].start) != (uintptr_t)address || files[i].bytes != bytes) continue;
        size_t room = whole_pages(bytes);
        atomic_store(&files[i].start, 0);
        return (int)syscall(SYS_munmap, (char *)address + bytes - room, room + page);
    }
    return (int)syscall(SYS_munmap, address, bytes);
}
