#include "World.h"
#include <stdlib.h>

cmpi_requests *cmpi_requests_new(cmpi_world *world) {
    cmpi_requests *requests = calloc(1, sizeof *requests);
    if (requests) requests->world = world;
    return requests;
}

void cmpi_requests_free(cmpi_requests *requests) {
    if (!requests) return;
    free(requests->list);
    free(requests->statuses);
    free(requests->expected);
    free(requests->table);
    free(requests);
}

static int make_room(cmpi_requests *requests) {
    if (requests->count < requests->capacity) return 0;
    int capacity = requests->capacity ? 2 * requests->capacity : 16;
    MPI_Request *list = realloc(requests->list, (size_t)capacity * sizeof *list);
    if (list) requests->list = list;
    MPI_Status *statuses = realloc(requests->statuses, (size_t)capacity * sizeof *statuses);
    if (statuses) requests->statuses = statuses;
    int *expected = realloc(requests->expected, (size_t)capacity * sizeof *expected);
    if (expected) requests->expected = expected;
    if (!list || !statuses || !expected) return CMPI_NO_MEMORY;
    requests->capacity = capacity;
    return 0;
}

int cmpi_new_request(cmpi_requests *requests, int expected, MPI_Request **slot) {
    CMPI_TRY(make_room(requests));
    requests->expected[requests->count] = expected;
    *slot = requests->list + requests->count;
    return 0;
}

int cmpi_started(cmpi_requests *requests, int code) {
    if (code == MPI_SUCCESS) requests->count++;
    return code;
}

/* Messages between two ranks under one tag never overtake each other, so the chunks need no numbers. */
static int start(cmpi_requests *requests, char *bytes, int64_t count, int peer, int tag, int receive) {
    cmpi_world *world = requests->world;
    CMPI_ENTER(world);
    for (int64_t done = 0; done < count; done += world->chunk) {
        int part = (int)(count - done < world->chunk ? count - done : world->chunk);
        MPI_Request *slot = NULL;
        CMPI_TRY(cmpi_new_request(requests, receive ? part : -1, &slot));
        int code = receive ? MPI_Irecv(bytes + done, part, MPI_BYTE, peer, tag, world->all, slot)
                           : MPI_Isend(bytes + done, part, MPI_BYTE, peer, tag, world->all, slot);
        CMPI_TRY(cmpi_started(requests, code));
    }
    return 0;
}

int cmpi_start_send(cmpi_requests *requests, const void *bytes, int64_t count, int to, int tag) {
    return start(requests, (char *)bytes, count, to, tag, 0);
}

int cmpi_start_receive(cmpi_requests *requests, void *bytes, int64_t count, int from, int tag) {
    return start(requests, bytes, count, from, tag, 1);
}

static int finished(cmpi_requests *requests, int code) {
    int count = requests->count;
    requests->count = 0;
    if (code == MPI_ERR_IN_STATUS)
        for (int i = 0; i < count; i++) {
            int error = requests->statuses[i].MPI_ERROR;
            if (error != MPI_SUCCESS && error != MPI_ERR_PENDING) return error;
        }
    if (code != MPI_SUCCESS) return code;
    for (int i = 0; i < count; i++) {
        int got = 0;
        if (requests->expected[i] < 0) continue;
        CMPI_TRY(MPI_Get_count(&requests->statuses[i], MPI_BYTE, &got));
        if (got != requests->expected[i]) return CMPI_LENGTH_MISMATCH;
    }
    return 0;
}

int cmpi_requests_test(cmpi_requests *requests, int *done) {
    CMPI_ENTER(requests->world);
    *done = 1;
    if (requests->count == 0) return 0;
    int code = MPI_Testall(requests->count, requests->list, done, requests->statuses);
    return code == MPI_SUCCESS && !*done ? 0 : finished(requests, code);
}

int cmpi_progress(cmpi_world *world) {
    CMPI_ENTER(world);
    /* Open MPI looks at the network in one of eight calls, and tells of what has come in the call after it. */
    for (int call = 0; call < 9; call++) {
        int found = 0;
        /* Nobody sends this tag, so every probe looks at everything. */
        CMPI_TRY(MPI_Iprobe(MPI_ANY_SOURCE, 1, world->roll, &found, MPI_STATUS_IGNORE));
    }
    return 0;
}
