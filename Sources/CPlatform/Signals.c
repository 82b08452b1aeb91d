#include "CPlatform.h"
#include <errno.h>
#include <signal.h>

/* A signal handler can reach nothing but globals; these flags are the only ones of the program. */
static volatile sig_atomic_t caught[NSIG];

static void remember(int signal) { caught[signal] = 1; }

int cplatform_catch(int signal) {
    struct sigaction action = {0};
    /* Whoever started this program with nohup wants it to outlive the terminal. */
    if (signal == SIGHUP && sigaction(signal, 0, &action) == 0 && action.sa_handler == SIG_IGN) return 0;
    action.sa_handler = remember;
    action.sa_flags = SA_RESTART | (signal == SIGINT ? SA_RESETHAND : 0);
    sigemptyset(&action.sa_mask);
    return sigaction(signal, &action, 0) == 0 ? 0 : errno;
}

int cplatform_caught(int signal) { return signal > 0 && signal < NSIG && caught[signal]; }

void cplatform_clear(int signal) {
    if (signal > 0 && signal < NSIG) caught[signal] = 0;
}

int cplatform_default(int signal) {
    struct sigaction action = {0};
    action.sa_handler = SIG_DFL;
    sigemptyset(&action.sa_mask);
    return sigaction(signal, &action, 0) == 0 ? 0 : errno;
}
