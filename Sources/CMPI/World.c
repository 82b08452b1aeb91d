#include "World.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fill_in(cmpi_world *world) {
    CMPI_TRY(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    CMPI_TRY(MPI_Comm_dup(MPI_COMM_WORLD, &world->all));
    CMPI_TRY(MPI_Comm_set_errhandler(world->all, MPI_ERRORS_RETURN));
    CMPI_TRY(MPI_Comm_rank(world->all, &world->rank));
    CMPI_TRY(MPI_Comm_size(world->all, &world->size));
    CMPI_TRY(MPI_Comm_dup(MPI_COMM_WORLD, &world->roll));
    CMPI_TRY(MPI_Comm_set_errhandler(world->roll, MPI_ERRORS_RETURN));
    int *largest = NULL, found = 0;
    CMPI_TRY(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &largest, &found));
    world->largest_tag = found ? *largest : 32767; /* the least that the standard allows */
    return 0;
}

int cmpi_join(int64_t chunk, cmpi_world **out) {
    int already = 0, granted = 0;
    CMPI_TRY(MPI_Initialized(&already));
    if (already) return CMPI_ALREADY_JOINED;
    /* Open MPI would yield the core at each look that finds nothing, also while this rank has work to do. Whoever waits
     * here leaves its core to others by itself. */
    setenv("OMPI_MCA_mpi_yield_when_idle", "0", 1);
    CMPI_TRY(MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &granted));
    if (granted < MPI_THREAD_SERIALIZED) return CMPI_NO_THREADS;
    cmpi_world *world = calloc(1, sizeof *world);
    if (!world) return CMPI_NO_MEMORY;
    world->chunk = chunk;
    pthread_mutex_init(&world->lock, NULL);
    int code = fill_in(world);
    if (code != MPI_SUCCESS) {
        free(world);
        return code;
    }
    *out = world;
    return 0;
}

int cmpi_leave(cmpi_world *world) {
    CMPI_TRY(MPI_Comm_free(&world->roll));
    CMPI_TRY(MPI_Comm_free(&world->all));
    free(world);
    return MPI_Finalize();
}

int cmpi_neighbours(cmpi_world *world, int *leaders) {
    MPI_Comm node;
    CMPI_TRY(MPI_Comm_split_type(world->all, MPI_COMM_TYPE_SHARED, world->rank, MPI_INFO_NULL, &node));
    int leader = world->rank;
    CMPI_TRY(MPI_Bcast(&leader, 1, MPI_INT, 0, node));
    CMPI_TRY(MPI_Comm_free(&node));
    return MPI_Allgather(&leader, 1, MPI_INT, leaders, 1, MPI_INT, world->all);
}

void cmpi_abort(int code) { MPI_Abort(MPI_COMM_WORLD, code); }

int cmpi_rank(const cmpi_world *world) { return world->rank; }
int cmpi_size(const cmpi_world *world) { return world->size; }
int cmpi_largest_tag(const cmpi_world *world) { return world->largest_tag; }

void cmpi_error_text(int code, char *text, int capacity) {
    const char *own = code == CMPI_NO_MEMORY         ? "out of memory"
                      : code == CMPI_LENGTH_MISMATCH ? "a message was shorter than its receiver expected"
                      : code == CMPI_NO_THREADS      ? "the MPI library does not support MPI_THREAD_SERIALIZED"
                      : code == CMPI_ALREADY_JOINED  ? "MPI was initialised twice"
                                                     : NULL;
    char mpi[MPI_MAX_ERROR_STRING + 1] = "";
    int length = 0;
    if (!own && MPI_Error_string(code, mpi, &length) == MPI_SUCCESS) own = mpi;
    snprintf(text, (size_t)capacity, "%s", own ? own : "unknown MPI error");
}

void cmpi_library_version(char *text, int capacity) {
    char version[MPI_MAX_LIBRARY_VERSION_STRING + 1] = "";
    int length = 0;
    MPI_Get_library_version(version, &length);
    snprintf(text, (size_t)capacity, "%s", version);
}

double cmpi_wall_time(void) { return MPI_Wtime(); }
