#pragma once
#include "CMPI.h"
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

struct cmpi_world {
    MPI_Comm all, node;
    int rank, size, node_rank, node_size, largest_tag;
    int64_t chunk;
};

#define CMPI_TRY(call)                            \
    do {                                          \
        int cmpi_code = (call);                   \
        if (cmpi_code != MPI_SUCCESS) return cmpi_code; \
    } while (0)
