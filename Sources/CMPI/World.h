#pragma once
#include "CMPI.h"
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#include <pthread.h>

struct cmpi_world {
    pthread_mutex_t lock; /* held by the thread that is inside MPI */
    MPI_Comm all, roll;
    int rank, size, largest_tag;
    int64_t chunk;
};

struct cmpi_requests {
    MPI_Request *list;
    MPI_Status *statuses;
    int *expected; /* bytes a receive must bring; -1 for everything else */
    int count, capacity;
    int *table; /* of cmpi_start_gather_bytes */
    cmpi_world *world;
};

#define CMPI_TRY(call)                            \
    do {                                          \
        int cmpi_code = (call);                   \
        if (cmpi_code != MPI_SUCCESS) return cmpi_code; \
    } while (0)

/* Keeps other threads out of MPI until the end of the block. */
#define CMPI_ENTER(world)                                                                     \
    __attribute__((cleanup(cmpi_unlock))) pthread_mutex_t *cmpi_held = &(world)->lock;        \
    pthread_mutex_lock(cmpi_held)
static inline void cmpi_unlock(pthread_mutex_t **lock) { pthread_mutex_unlock(*lock); }

/* The place of one more request, which is not counted before it has started. */
int cmpi_new_request(cmpi_requests *requests, int expected, MPI_Request **slot);
int cmpi_started(cmpi_requests *requests, int code);
