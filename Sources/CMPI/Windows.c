#include "World.h"
#include <stdlib.h>
#include <string.h>

struct cmpi_counter {
    MPI_Win window;
};

struct cmpi_shared {
    MPI_Win window;
};

static int open_counter(cmpi_world *world, cmpi_counter *counter) {
    int64_t *value = NULL;
    MPI_Aint bytes = world->rank == 0 ? (MPI_Aint)sizeof *value : 0;
    CMPI_TRY(MPI_Win_allocate(bytes, sizeof *value, MPI_INFO_NULL, world->all, &value, &counter->window));
    CMPI_TRY(MPI_Win_set_errhandler(counter->window, MPI_ERRORS_RETURN));
    if (world->rank == 0) {
        CMPI_TRY(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, counter->window));
        *value = 0;
        CMPI_TRY(MPI_Win_unlock(0, counter->window));
    }
    CMPI_TRY(MPI_Barrier(world->all));
    return MPI_Win_lock_all(MPI_MODE_NOCHECK, counter->window);
}

int cmpi_counter_new(cmpi_world *world, cmpi_counter **out) {
    cmpi_counter *counter = calloc(1, sizeof *counter);
    if (!counter) return CMPI_NO_MEMORY;
    int code = open_counter(world, counter);
    if (code == MPI_SUCCESS)
        *out = counter;
    else
        free(counter);
    return code;
}

int cmpi_counter_next(cmpi_counter *counter, int64_t *ticket) {
    const int64_t one = 1;
    CMPI_TRY(MPI_Fetch_and_op(&one, ticket, MPI_INT64_T, 0, 0, MPI_SUM, counter->window));
    return MPI_Win_flush(0, counter->window);
}

int cmpi_counter_free(cmpi_counter *counter) {
    CMPI_TRY(MPI_Win_unlock_all(counter->window));
    CMPI_TRY(MPI_Win_free(&counter->window));
    free(counter);
    return 0;
}

static int open_shared(cmpi_world *world, int64_t bytes, cmpi_shared *shared, void **base) {
    void *mine = NULL;
    MPI_Aint size = 0;
    int unit = 0;
    CMPI_TRY(MPI_Win_allocate_shared((MPI_Aint)bytes, 1, MPI_INFO_NULL, world->node, &mine, &shared->window));
    CMPI_TRY(MPI_Win_set_errhandler(shared->window, MPI_ERRORS_RETURN));
    CMPI_TRY(MPI_Win_shared_query(shared->window, 0, &size, &unit, base));
    memset(mine, 0, (size_t)bytes);
    return MPI_Barrier(world->node);
}

int cmpi_shared_new(cmpi_world *world, int64_t bytes, cmpi_shared **out, void **base) {
    cmpi_shared *shared = calloc(1, sizeof *shared);
    if (!shared) return CMPI_NO_MEMORY;
    int code = open_shared(world, bytes, shared, base);
    if (code == MPI_SUCCESS)
        *out = shared;
    else
        free(shared);
    return code;
}

int cmpi_shared_free(cmpi_shared *shared) {
    CMPI_TRY(MPI_Win_free(&shared->window));
    free(shared);
    return 0;
}
