#ifndef PAG_BFLOAT16_H
#define PAG_BFLOAT16_H

#include <stddef.h>
#include <stdint.h>

/* Whether the processor has a matrix unit for bfloat16 (AMX), and whether the system lets this process use it: the two
   can differ, as the registers are large and have to be asked for. Asks at every call. */
int pag_matrix_unit_exists(void);
int pag_matrix_unit_is_granted(void);

/* Whether the processor multiplies pairs of bfloat16 in vector registers (AVX512_BF16), and this program was compiled for
   registers of that width. */
int pag_pair_products_exist(void);

/* What a thread's eight tile registers hold: 64 bytes in each of the first rows of the registers 0 to 5, and in all 16 rows
   of 6 and 7. */
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} pag_tile_shapes;

#if defined(__x86_64__)

/* Single instructions. They are assembled here whatever the instruction set that the rest is built for, and may be met by
   a processor only where the unit is granted. */
static inline __attribute__((always_inline)) void pag_tiles_begin(const pag_tile_shapes *shapes) {
    __asm__ volatile("ldtilecfg %0" ::"m"(*shapes) : "memory");
}
static inline __attribute__((always_inline)) void pag_tiles_end(void) { __asm__ volatile("tilerelease" ::: "memory"); }

#define PAG_TILE(n)                                                                                                    \
    static inline __attribute__((always_inline)) void pag_tile_zero_##n(void) {                                        \
        __asm__ volatile("tilezero %%tmm" #n ::);                                                                      \
    }                                                                                                                  \
    static inline __attribute__((always_inline)) void pag_tile_load_##n(const void *p, ptrdiff_t stride) {             \
        __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #n ::"r"(p), "r"(stride) : "memory");                            \
    }                                                                                                                  \
    static inline __attribute__((always_inline)) void pag_tile_store_##n(void *p, ptrdiff_t stride) {                  \
        __asm__ volatile("tilestored %%tmm" #n ", (%0,%1,1)" ::"r"(p), "r"(stride) : "memory");                        \
    }
PAG_TILE(0)
PAG_TILE(1)
PAG_TILE(2)
PAG_TILE(3)
PAG_TILE(4)
PAG_TILE(5)
PAG_TILE(6)
PAG_TILE(7)
#undef PAG_TILE

/* Tile `sums` += tile `a` of bfloat16 times tile `b` of pairs of them. */
#define PAG_TILE_PRODUCT(sums, a, b)                                                                                   \
    static inline __attribute__((always_inline)) void pag_tile_add_product_##sums##_##a##_##b(void) {                  \
        __asm__ volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #sums ::);                                        \
    }
PAG_TILE_PRODUCT(0, 4, 6)
PAG_TILE_PRODUCT(1, 4, 7)
PAG_TILE_PRODUCT(2, 5, 6)
PAG_TILE_PRODUCT(3, 5, 7)
#undef PAG_TILE_PRODUCT

#endif

/* Sixteen words, and sixteen sums, as Swift's SIMD16<UInt32> and SIMD16<Float>. */
typedef uint32_t pag_words __attribute__((ext_vector_type(16)));
typedef float pag_sums __attribute__((ext_vector_type(16)));

/* sums + the products of both halves of a's words with those of b's. May be called only where `pag_pair_products_exist`.
   Volatile, as the compiler would else read the factors of many products before the first of them, more than there are
   registers for. */
static inline __attribute__((always_inline)) pag_sums pag_add_pair_products(pag_sums sums, pag_words a, pag_words b) {
#if defined(__AVX512F__)
    __asm__ volatile("vdpbf16ps %2, %1, %0" : "+v"(sums) : "v"(a), "v"(b));
    return sums;
#else
    __builtin_trap();
#endif
}

/* The upper half of each word; Swift calls a function for them. */
typedef uint16_t pag_halves __attribute__((ext_vector_type(16)));
static inline __attribute__((always_inline)) pag_halves pag_upper_halves(pag_words words) {
    return __builtin_convertvector(words >> 16, pag_halves);
}

/* The first, and the last, eight words of a and b in turns. Swift compiles such shuffles one by one. */
static inline __attribute__((always_inline)) pag_words pag_zip_low(pag_words a, pag_words b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
static inline __attribute__((always_inline)) pag_words pag_zip_high(pag_words a, pag_words b) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

#endif
