#include "CBFloat16.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

int pag_matrix_unit_exists(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    const unsigned tiles = 1u << 24, bfloat16 = 1u << 22;
    return (d & tiles) && (d & bfloat16);
}

int pag_matrix_unit_is_granted(void) {
    /* From asm/prctl.h, which older systems' headers lack; 18 is the state component of tile data. */
    const int request_permission = 0x1023, tile_data = 18;
    return pag_matrix_unit_exists() && syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

int pag_pair_products_exist(void) {
#if defined(__AVX512F__)
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 5);
#else
    return 0;
#endif
}
#else
int pag_pair_products_exist(void) { return 0; }
int pag_matrix_unit_exists(void) { return 0; }
int pag_matrix_unit_is_granted(void) { return 0; }
#endif
