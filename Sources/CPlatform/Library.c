#include "CPlatform.h"
#include <gnu/libc-version.h>

const char *cplatform_library_version(void) { return gnu_get_libc_version(); }
