#include "CPlatform.h"

/* The language's own way reads /proc, which need not be there, and then finds no arguments without saying so. */
static int argument_count;
static char **argument_values;

/* glibc hands main's arguments to what runs before it. */
__attribute__((constructor)) static void keep(int count, char **values) {
    argument_count = count;
    argument_values = values;
}

int cplatform_argument_count(void) { return argument_count; }
char **cplatform_arguments(void) { return argument_values; }
