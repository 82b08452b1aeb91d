#define _GNU_SOURCE
#include "CPlatform.h"
#include <sched.h>

/* Room for 8192 cores: the kernel refuses a set that is smaller than its own. */
typedef struct {
    cpu_set_t parts[8192 / CPU_SETSIZE];
} core_set;

int cplatform_allowed_cores(int *cores, int capacity) {
    core_set set = {0};
    if (sched_getaffinity(0, sizeof set, set.parts) != 0) return 0;
    int count = 0;
    for (int core = 0; core < 8192 && count < capacity; core++)
        if (CPU_ISSET_S((size_t)core, sizeof set, set.parts)) cores[count++] = core;
    return count;
}
