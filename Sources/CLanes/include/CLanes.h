#ifndef PAG_LANES_H
#define PAG_LANES_H

#ifdef PAG_DOUBLE
typedef double pag_scalar;
#else
typedef float pag_scalar;
#endif

/* The same types as Swift's SIMD8<Scalar> and SIMD16<Scalar>. */
typedef pag_scalar pag_lanes __attribute__((ext_vector_type(8)));
typedef pag_scalar pag_panel_lanes __attribute__((ext_vector_type(16)));

/* As many numbers as the largest registers of the instruction set hold. Of Double always eight, as it is for tests. */
#if defined(__AVX512F__) && !defined(PAG_DOUBLE)
typedef pag_panel_lanes pag_register_lanes;
#else
typedef pag_lanes pag_register_lanes;
#endif

/* a * b + c of each lane, rounded once, as one instruction on a whole register. Swift's own `addingProduct` is compiled
   lane by lane and put together again only as far as the optimiser sees fit, often in halves of a register. */
static inline __attribute__((always_inline)) pag_lanes pag_multiply_add(pag_lanes a, pag_lanes b, pag_lanes c) {
    return __builtin_elementwise_fma(a, b, c);
}
static inline __attribute__((always_inline)) pag_panel_lanes pag_multiply_add_panel(
    pag_panel_lanes a, pag_panel_lanes b, pag_panel_lanes c) {
    return __builtin_elementwise_fma(a, b, c);
}

/* The lanes where `gate` is positive, and zeros; and the greater of each two lanes. Swift's own, of sixteen lanes, are
   compiled one by one. */
static inline __attribute__((always_inline)) pag_panel_lanes pag_open_panel(pag_panel_lanes a, pag_panel_lanes gate) {
    return gate > (pag_panel_lanes)0 ? a : (pag_panel_lanes)0;
}
static inline __attribute__((always_inline)) pag_panel_lanes pag_maximum_panel(pag_panel_lanes a, pag_panel_lanes b) {
    return a < b ? b : a;
}

/* yes where a < b, else no: a choice between whole registers. */
static inline __attribute__((always_inline)) pag_register_lanes pag_choose_less(
    pag_register_lanes a, pag_register_lanes b, pag_register_lanes yes, pag_register_lanes no) {
    return a < b ? yes : no;
}

/* The sums of neighbouring lanes, those of `a` before those of `b`. */
static inline __attribute__((always_inline)) pag_register_lanes pag_sum_pairs(
    pag_register_lanes a, pag_register_lanes b) {
#if defined(__AVX512F__) && !defined(PAG_DOUBLE)
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
        + __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#else
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
        + __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
#endif
}

/* Asks for the cache line of an address, which need not exist, to be read or to be written soon. */
static inline __attribute__((always_inline)) void pag_prefetch_to_read(const void *p) { __builtin_prefetch(p, 0, 2); }
static inline __attribute__((always_inline)) void pag_prefetch_to_write(const void *p) { __builtin_prefetch(p, 1, 2); }
/* The same into the nearest cache, for an address that is written next but one. */
static inline __attribute__((always_inline)) void pag_prefetch_near(const void *p) { __builtin_prefetch(p, 1, 3); }

/* Writes to an aligned address without reading its cache line first, and without keeping it. */
static inline __attribute__((always_inline)) void pag_store_around_cache(pag_register_lanes v, pag_scalar *p) {
    __builtin_nontemporal_store(v, (pag_register_lanes *)p);
}

#endif
