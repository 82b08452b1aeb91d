#pragma once
#include <stddef.h>

/*
 * Catches `signal`: from now on it is only remembered. A second SIGINT ends the process in the usual way, so that
 * an impatient Ctrl-C works. A SIGHUP that is ignored stays so. Returns 0 or errno.
 */
int cplatform_catch(int signal);
/* Whether `signal` has come since it was caught or cleared. */
int cplatform_caught(int signal);
void cplatform_clear(int signal);
/* Gives `signal` its default action back. Returns 0 or errno. */
int cplatform_default(int signal);

/*
 * Lets the kernel kill this process when its parent (mpirun, orted, slurmstepd) dies: ranks would otherwise compute
 * on as orphans. Returns 0, errno, or -1 if the parent died meanwhile.
 */
int cplatform_die_with_parent(void);

/* Lets this thread, and those it starts, sleep to the microsecond where the system can; by default sleeps end up to 50
 * microseconds late. */
void cplatform_sleep_precisely(void);

/*
 * From here on another process takes what this one writes to standard error, and passes it on when this one ends or
 * lets the words go: a library that ends the process by itself cannot be asked to be silent. Words that hold `page` are
 * left out. Returns 0 or errno.
 */
typedef struct {
    int original, reader;
} cplatform_held_words;
int cplatform_hold_words(const char *page, cplatform_held_words *held);
void cplatform_let_words_go(const cplatform_held_words *held);

/* What the program was called with, its name first. */
int cplatform_argument_count(void);
char **cplatform_arguments(void);

/* The logical cores that this process may use, at most `capacity`. Returns their number, 0 if it is not known. */
int cplatform_allowed_cores(int *cores, int capacity);

/*
 * Memory of zeros that other processes of this user and machine can map while `file` is open, and that ends with its
 * last user, however that one ends. It has no name in /dev/shm and does not need its room. Returns 0 or errno.
 */
int cplatform_share(size_t bytes, int *file, void **base);
/* Maps the memory that `process` shares as `file`. Returns 0 or errno. */
int cplatform_map_shared(int process, int file, size_t bytes, void **base);
void cplatform_unmap(void *base, size_t bytes);

/*
 * Says whose the mapped bytes are: a process that reads beyond the end of a file which another one has shortened ends
 * with a line that names the file, and exit code 74. Returns a number to forget it by before the bytes are unmapped,
 * or -1 where too many are known already.
 */
int cplatform_name_mapping(const void *base, size_t bytes, const char *path);
void cplatform_forget_mapping(int number);

/* The vector instructions that this was built for, and those of them that the processor lacks, or NULL. */
const char *cplatform_vector_instructions(void);
const char *cplatform_missing_instructions(void);

/* Of the C library, such as "2.36". */
const char *cplatform_library_version(void);
