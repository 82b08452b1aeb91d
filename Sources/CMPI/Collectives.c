#include "World.h"
#include <stdlib.h>
#include <string.h>

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

int cmpi_barrier(cmpi_world *world) { return MPI_Barrier(world->all); }

int cmpi_broadcast(cmpi_world *world, void *bytes, int64_t count, int root) {
    for (int64_t done = 0; done < count; done += world->chunk)
        CMPI_TRY(MPI_Bcast((char *)bytes + done, (int)smaller(count - done, world->chunk), MPI_BYTE, root, world->all));
    return 0;
}

int cmpi_gather_int64(cmpi_world *world, int64_t mine, int64_t *all) {
    return MPI_Allgather(&mine, 1, MPI_INT64_T, all, 1, MPI_INT64_T, world->all);
}

int cmpi_gather_bytes(cmpi_world *world, const void *mine, void *all, const int64_t *counts) {
    int64_t total = 0;
    for (int r = 0; r < world->size; r++) total += counts[r];
    if (total <= world->chunk) {
        int *table = malloc(2 * (size_t)world->size * sizeof *table);
        if (!table) return CMPI_NO_MEMORY;
        int *places = table + world->size, place = 0;
        for (int r = 0; r < world->size; r++) {
            table[r] = (int)counts[r];
            places[r] = place;
            place += table[r];
        }
        int code = MPI_Allgatherv(mine, table[world->rank], MPI_BYTE, all, table, places, MPI_BYTE, world->all);
        free(table);
        return code;
    }
    /* Too much for MPI's int displacements: every rank tells its part in turn. */
    char *place = all;
    for (int r = 0; r < world->size; place += counts[r], r++) {
        if (r == world->rank) memcpy(place, mine, (size_t)counts[r]);
        CMPI_TRY(cmpi_broadcast(world, place, counts[r], r));
    }
    return 0;
}

static int sum(cmpi_world *world, char *values, int64_t count, int64_t size, MPI_Datatype type) {
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
