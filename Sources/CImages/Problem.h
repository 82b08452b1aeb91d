#pragma once
#include "CImages.h"
#include <stdio.h>

/* Leaves one line in `problem`. */
static inline int cimages_say(char *problem, int code, const char *text) {
    snprintf(problem, CIMAGES_PROBLEM_LENGTH, "%s", text);
    for (char *c = problem; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) *c = '?';
    return code;
}

/* Whether `pixels` has been made for this image; where there are none, says what to make. */
static inline int cimages_agree(
    cimages_shape *wanted, const cimages_shape *found, const uint8_t *pixels, char *problem) {
    if (!pixels) {
        *wanted = *found;
        return CIMAGES_OK;
    }
    if (wanted->height == found->height && wanted->width == found->width && wanted->channels == found->channels)
        return CIMAGES_OK;
    return cimages_say(problem, CIMAGES_OTHER_SHAPE, "changed while it was read");
}
