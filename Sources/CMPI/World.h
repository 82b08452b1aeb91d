#pragma once
#include "CMPI.h"
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

struct cmpi_world {
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

/* The place of one more request, which is not counted before it has started. */
int cmpi_new_request(cmpi_requests *requests, int expected, MPI_Request **slot);
int cmpi_started(cmpi_requests *requests, int code);
