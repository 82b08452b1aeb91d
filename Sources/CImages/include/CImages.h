#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * PNG and JPEG files in memory to grey or RGB bytes. Both libraries report errors by longjmp, which must not cross
 * Swift's frames, and their structures differ between versions: all of that stays in this target's sources.
 *
 * Nothing is allocated in proportion to a size that a file claims and could not hold.
 */
enum {
    CIMAGES_OK = 0,
    CIMAGES_DAMAGED = 1,
    CIMAGES_UNSUPPORTED = 2, /* a sound file of a kind that is not read */
    CIMAGES_NO_MEMORY = 3,
    CIMAGES_OTHER_SHAPE = 4, /* not the shape that the caller has made room for */
};
enum { CIMAGES_PROBLEM_LENGTH = 200 };

/* Pixels of the largest image that is read. */
enum { CIMAGES_LARGEST = 1 << 26 };

typedef struct {
    int32_t height, width;
    int32_t channels; /* 1: grey, 3: red, green, blue */
    int32_t bits;     /* of a channel in the file; the upper 8 are what is read */
} cimages_shape;

/*
 * With `pixels` NULL, `shape` becomes that of the image, by the header alone. Otherwise `shape` says what `pixels` has
 * room for, height * width * channels bytes, channels last, and the image must be of that shape. For everything but
 * CIMAGES_OK, `problem` becomes a text of at most CIMAGES_PROBLEM_LENGTH bytes.
 */
int cimages_png(const uint8_t *bytes, size_t count, cimages_shape *shape, uint8_t *pixels, char *problem);
int cimages_jpeg(const uint8_t *bytes, size_t count, cimages_shape *shape, uint8_t *pixels, char *problem);

/*
 * Writes grey or RGB `pixels` as a JPEG file of a quality from 1 to 100, colours at half the resolution, into memory that
 * becomes the caller's to free; `bytes` is NULL at first. `shape` is that of `pixels`.
 */
int cimages_write_jpeg(
    const uint8_t *pixels, const cimages_shape *shape, int quality, uint8_t **bytes, size_t *count, char *problem);
