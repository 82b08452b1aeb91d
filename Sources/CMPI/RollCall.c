#include "World.h"

int cmpi_say_present(cmpi_world *world) {
    /* Whoever it goes to may never read it: the byte must outlive every message. */
    static const char word = 0;
    for (int peer = 0; peer < world->size; peer++) {
        if (peer == world->rank) continue;
        MPI_Request request;
        CMPI_TRY(MPI_Isend(&word, 1, MPI_BYTE, peer, 0, world->roll, &request));
        CMPI_TRY(MPI_Request_free(&request));
    }
    return 0;
}

int cmpi_hear_present(cmpi_world *world, int *from) {
    int found = 0;
    MPI_Status status;
    char word;
    *from = -1;
    CMPI_TRY(MPI_Iprobe(MPI_ANY_SOURCE, 0, world->roll, &found, &status));
    if (!found) return 0;
    CMPI_TRY(MPI_Recv(&word, 1, MPI_BYTE, status.MPI_SOURCE, 0, world->roll, MPI_STATUS_IGNORE));
    *from = status.MPI_SOURCE;
    return 0;
}
