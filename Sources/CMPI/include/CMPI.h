#pragma once
#include <stdint.h>

/*
 * A plain C face of the part of MPI that this program uses. mpi.h stays out of this header, because Open MPI's
 * handles are macros that Swift cannot import and because its contents differ between installations.
 *
 * Every function returns 0, one of the negative codes below, or an MPI error code; cmpi_error_text explains all of
 * them. Everything must be called on the thread that called cmpi_join. Counts are 64-bit and are cut into messages
 * of at most `chunk` bytes, because MPI's own counts are int.
 */
enum {
    CMPI_NO_MEMORY = -1,
    CMPI_LENGTH_MISMATCH = -2, /* a message was shorter than its receiver expected */
    CMPI_NO_THREADS = -3,      /* the library does not grant MPI_THREAD_FUNNELED */
    CMPI_ALREADY_JOINED = -4,  /* MPI was initialised before */
};

typedef struct cmpi_world cmpi_world;       /* all processes of the job */
typedef struct cmpi_requests cmpi_requests; /* messages under way */
typedef struct cmpi_counter cmpi_counter;   /* one number, incremented by all ranks */
typedef struct cmpi_shared cmpi_shared;     /* memory shared by the ranks of one node */

/* Initialises MPI (MPI_THREAD_FUNNELED, MPI_ERRORS_RETURN). Collective, like everything without a peer argument. */
int cmpi_join(int64_t chunk, cmpi_world **world);
/* Ends MPI and frees world. */
int cmpi_leave(cmpi_world *world);
/* Ends all processes of the job; the launcher's exit code becomes `code`. */
void cmpi_abort(int code);

int cmpi_rank(const cmpi_world *world);
int cmpi_size(const cmpi_world *world);
int cmpi_node_rank(const cmpi_world *world);
int cmpi_node_size(const cmpi_world *world);
/* Tags are 0 ... this. */
int cmpi_largest_tag(const cmpi_world *world);

int cmpi_barrier(cmpi_world *world);
int cmpi_broadcast(cmpi_world *world, void *bytes, int64_t count, int root);
/* Eight bytes of every rank, in rank order, to every rank. */
int cmpi_gather_int64(cmpi_world *world, int64_t mine, int64_t *all);
/* Any number of bytes of every rank, back to back in rank order; counts as cmpi_gather_int64 told them. */
int cmpi_gather_bytes(cmpi_world *world, const void *mine, void *all, const int64_t *counts);
/* MPI's own sum in place, in an order that MPI chooses: a yardstick for speed. */
int cmpi_sum_float(cmpi_world *world, float *values, int64_t count);
int cmpi_sum_double(cmpi_world *world, double *values, int64_t count);

cmpi_requests *cmpi_requests_new(cmpi_world *world);
int cmpi_start_send(cmpi_requests *requests, const void *bytes, int64_t count, int to, int tag);
int cmpi_start_receive(cmpi_requests *requests, void *bytes, int64_t count, int from, int tag);
int cmpi_requests_wait(cmpi_requests *requests);
/* Moves all messages of this process on, even if the list is empty. */
int cmpi_requests_test(cmpi_requests *requests, int *done);
/* Frees the list only: what is still under way must be waited for first. */
void cmpi_requests_free(cmpi_requests *requests);

/* The counter lives on rank 0 and starts at 0. Creation and release are collective, next is not. */
int cmpi_counter_new(cmpi_world *world, cmpi_counter **counter);
int cmpi_counter_next(cmpi_counter *counter, int64_t *ticket);
int cmpi_counter_free(cmpi_counter *counter);

/* `bytes` (a multiple of 64) of zeros for each rank of the node, back to back in the order of node ranks. */
int cmpi_shared_new(cmpi_world *world, int64_t bytes, cmpi_shared **shared, void **base);
int cmpi_shared_free(cmpi_shared *shared);

/* Writes at most `capacity` bytes, always terminated. */
void cmpi_error_text(int code, char *text, int capacity);
void cmpi_library_version(char *text, int capacity);
double cmpi_wall_time(void);
