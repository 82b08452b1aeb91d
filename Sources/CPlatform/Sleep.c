#include "CPlatform.h"
#include <sys/prctl.h>

void cplatform_sleep_precisely(void) { prctl(PR_SET_TIMERSLACK, 1000UL); }
