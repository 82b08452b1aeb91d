#ifndef PAG_LANES_H
#define PAG_LANES_H

/* The same types as Swift's SIMD8<Float> and SIMD8<Double>. */
typedef float pag_float8 __attribute__((ext_vector_type(8)));
typedef double pag_double8 __attribute__((ext_vector_type(8)));

/* a * b + c of each lane, rounded once, as one instruction on a whole register. Swift's own `addingProduct` is compiled
   lane by lane and put together again only as far as the optimiser sees fit, often in halves of a register. */
static inline __attribute__((always_inline)) pag_float8 pag_multiply_add_f8(pag_float8 a, pag_float8 b, pag_float8 c) {
    return __builtin_elementwise_fma(a, b, c);
}
static inline __attribute__((always_inline)) pag_double8 pag_multiply_add_d8(
    pag_double8 a, pag_double8 b, pag_double8 c) {
    return __builtin_elementwise_fma(a, b, c);
}

/* Asks for the cache line of an address, which need not exist, to be read or to be written soon. */
static inline __attribute__((always_inline)) void pag_prefetch_to_read(const void *p) { __builtin_prefetch(p, 0, 2); }
static inline __attribute__((always_inline)) void pag_prefetch_to_write(const void *p) { __builtin_prefetch(p, 1, 2); }
/* The same into the nearest cache, for an address that is written next but one. */
static inline __attribute__((always_inline)) void pag_prefetch_near(const void *p) { __builtin_prefetch(p, 1, 3); }

/* Writes to an aligned address without reading its cache line first, and without keeping it. */
static inline __attribute__((always_inline)) void pag_store_around_cache_f8(pag_float8 v, float *p) {
    __builtin_nontemporal_store(v, (pag_float8 *)p);
}
static inline __attribute__((always_inline)) void pag_store_around_cache_d8(pag_double8 v, double *p) {
    __builtin_nontemporal_store(v, (pag_double8 *)p);
}

#endif
