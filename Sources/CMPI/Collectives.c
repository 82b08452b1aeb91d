#include "World.h"
#include <stdlib.h>
#include <string.h>

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

int cmpi_start_barrier(cmpi_requests *requests) {
    CMPI_ENTER(requests->world);
    MPI_Request *slot = NULL;
    CMPI_TRY(cmpi_new_request(requests, -1, &slot));
    return cmpi_started(requests, MPI_Ibarrier(requests->world->all, slot));
}

static int broadcast(cmpi_requests *requests, void *bytes, int64_t count, int root) {
    cmpi_world *world = requests->world;
    for (int64_t done = 0; done < count; done += world->chunk) {
        int part = (int)smaller(count - done, world->chunk);
        MPI_Request *slot = NULL;
        CMPI_TRY(cmpi_new_request(requests, -1, &slot));
        CMPI_TRY(cmpi_started(requests, MPI_Ibcast((char *)bytes + done, part, MPI_BYTE, root, world->all, slot)));
    }
    return 0;
}

int cmpi_start_broadcast(cmpi_requests *requests, void *bytes, int64_t count, int root) {
    CMPI_ENTER(requests->world);
    return broadcast(requests, bytes, count, root);
}

int cmpi_start_gather_int64(cmpi_requests *requests, const int64_t *mine, int64_t *all) {
    CMPI_ENTER(requests->world);
    MPI_Request *slot = NULL;
    CMPI_TRY(cmpi_new_request(requests, -1, &slot));
    return cmpi_started(
        requests, MPI_Iallgather(mine, 1, MPI_INT64_T, all, 1, MPI_INT64_T, requests->world->all, slot));
}

int cmpi_start_gather_bytes(cmpi_requests *requests, const void *mine, void *all, const int64_t *counts) {
    cmpi_world *world = requests->world;
    CMPI_ENTER(world);
    int64_t total = 0;
    for (int r = 0; r < world->size; r++) total += counts[r];
    if (total <= world->chunk) {
        /* MPI reads the table until the end. */
        int *table = requests->table = realloc(requests->table, 2 * (size_t)world->size * sizeof *table);
        if (!table) return CMPI_NO_MEMORY;
        int *places = table + world->size, place = 0;
        for (int r = 0; r < world->size; r++) {
            table[r] = (int)counts[r];
            places[r] = place;
            place += table[r];
        }
        MPI_Request *slot = NULL;
        CMPI_TRY(cmpi_new_request(requests, -1, &slot));
        return cmpi_started(requests, MPI_Iallgatherv(mine, table[world->rank], MPI_BYTE, all, table, places, MPI_BYTE,
                                                      world->all, slot));
    }
    /* Too much for MPI's int displacements: every rank tells its part. */
    char *place = all;
    for (int r = 0; r < world->size; place += counts[r], r++) {
        if (r == world->rank) memcpy(place, mine, (size_t)counts[r]);
        CMPI_TRY(broadcast(requests, place, counts[r], r));
    }
    return 0;
}

static int sum(cmpi_world *world, char *values, int64_t count, int64_t size, MPI_Datatype type) {
    CMPI_ENTER(world);
    int64_t step = smaller(world->chunk, 1 << 30) / size;
    if (step < 1) step = 1;
    for (int64_t done = 0; done < count; done += step)
        CMPI_TRY(MPI_Allreduce(MPI_IN_PLACE, values + done * size, (int)smaller(count - done, step), type, MPI_SUM,
                               world->all));
    return 0;
}

int cmpi_sum_float(cmpi_world *world, float *values, int64_t count) {
    return sum(world, (char *)values, count, sizeof *values, MPI_FLOAT);
}

int cmpi_sum_double(cmpi_world *world, double *values, int64_t count) {
    return sum(world, (char *)values, count, sizeof *values, MPI_DOUBLE);
}
