#pragma once
#include <stdint.h>

/*
 * A plain C face of the part of MPI that this program uses. mpi.h stays out of this header, because Open MPI's
 * handles are macros that Swift cannot import and because its contents differ between installations.
 *
 * Every function returns 0, one of the negative codes below, or an MPI error code; cmpi_error_text explains all of
 * them. Between cmpi_join and cmpi_leave messages may be started and tested by several threads, each its own: a lock
 * lets one of them into MPI at a time. Counts are 64-bit and are cut into messages of at most `chunk` bytes, because
 * MPI's own counts are int.
 */
enum {
    CMPI_NO_MEMORY = -1,
    CMPI_LENGTH_MISMATCH = -2, /* a message was shorter than its receiver expected */
    CMPI_NO_THREADS = -3,      /* the library does not grant MPI_THREAD_SERIALIZED */
    CMPI_ALREADY_JOINED = -4,  /* MPI was initialised before */
};

typedef struct cmpi_world cmpi_world;       /* all processes of the job */
typedef struct cmpi_requests cmpi_requests; /* messages under way */

/* Initialises MPI (MPI_THREAD_SERIALIZED, MPI_ERRORS_RETURN). Collective, like everything without a peer argument. */
int cmpi_join(int64_t chunk, cmpi_world **world);
/* Ends MPI and frees world; no other thread may be at it. */
int cmpi_leave(cmpi_world *world);
/* Ends all processes of the job; the launcher's exit code becomes `code`. Waits for no other thread: one that is
 * stuck in MPI may be the reason. */
void cmpi_abort(int code);

int cmpi_rank(const cmpi_world *world);
int cmpi_size(const cmpi_world *world);
/* For every rank the first one of its machine. */
int cmpi_neighbours(cmpi_world *world, int *leaders);
/* Tags are 0 ... this. */
int cmpi_largest_tag(const cmpi_world *world);

/* MPI's own sum in place, in an order that MPI chooses: a yardstick for speed. */
int cmpi_sum_float(cmpi_world *world, float *values, int64_t count);
int cmpi_sum_double(cmpi_world *world, double *values, int64_t count);

cmpi_requests *cmpi_requests_new(cmpi_world *world);
int cmpi_start_send(cmpi_requests *requests, const void *bytes, int64_t count, int to, int tag);
int cmpi_start_receive(cmpi_requests *requests, void *bytes, int64_t count, int from, int tag);
/* Collective, like messages in that they only start here; a rank starts them in the order of all others. */
int cmpi_start_barrier(cmpi_requests *requests);
int cmpi_start_broadcast(cmpi_requests *requests, void *bytes, int64_t count, int root);
/* Eight bytes of every rank, in rank order, to every rank. */
int cmpi_start_gather_int64(cmpi_requests *requests, const int64_t *mine, int64_t *all);
/* Any number of bytes of every rank, back to back in rank order; counts as cmpi_start_gather_int64 told them. Of
 * several that are under way at a time each needs a list of its own. */
int cmpi_start_gather_bytes(cmpi_requests *requests, const void *mine, void *all, const int64_t *counts);
/* Not to be replaced by MPI_Waitall: in Open MPI 4.1 that may spin for ever once a message that is too long arrives.
 * Moves all messages of this process on, if the list is not empty. */
int cmpi_requests_test(cmpi_requests *requests, int *done);
/* Moves all messages of this process on, as far as anything has come. */
int cmpi_progress(cmpi_world *world);
/* Frees the list only: what is still under way must be waited for first. */
void cmpi_requests_free(cmpi_requests *requests);

/* Says a word, 0 ... 7, to another rank apart from all other messages; nothing is waited for. */
int cmpi_say(cmpi_world *world, int word, int to);
/* Takes one such word of another rank: `from` is -1 where none has come. */
int cmpi_hear(cmpi_world *world, int *word, int *from);

/* Writes at most `capacity` bytes, always terminated. */
void cmpi_error_text(int code, char *text, int capacity);
void cmpi_library_version(char *text, int capacity);
double cmpi_wall_time(void);
