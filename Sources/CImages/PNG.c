#include "Problem.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

/* Deflate expands at most 1032 times. */
enum { LARGEST_EXPANSION = 1100 };

typedef struct {
    const uint8_t *bytes;
    size_t count, position;
    char *problem;
    png_structp png;
    png_infop info;
    uint8_t *rows;
} reader;

static void fail(png_structp png, png_const_charp text) {
    reader *r = png_get_error_ptr(png);
    cimages_say(r->problem, CIMAGES_DAMAGED, text);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void take(png_structp png, png_bytep out, size_t count) {
    reader *r = png_get_io_ptr(png);
    if (count > r->count - r->position) png_error(png, "file truncated");
    memcpy(out, r->bytes + r->position, count);
    r->position += count;
}

/* The header, and what is to be made of the pixels: 8 bits, no palette, transparency as a channel. Pixels stay as
 * they are stored: no gamma, no colour profile. Of 16 bits the upper 8 remain. */
static int read_header(reader *r, cimages_shape *shape) {
    png_structp png = r->png;
    png_infop info = r->info;
    png_read_info(png, info);
    png_uint_32 width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    int type = png_get_color_type(png, info);
    shape->bits = png_get_bit_depth(png, info);
    if ((uint64_t)width * height > CIMAGES_LARGEST)
        return cimages_say(r->problem, CIMAGES_UNSUPPORTED, "more than 67,108,864 pixels");
    if ((uint64_t)png_get_rowbytes(png, info) * height > (uint64_t)r->count * LARGEST_EXPANSION + 4096)
        return cimages_say(r->problem, CIMAGES_DAMAGED, "claims more pixels than the file can hold");
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
    if (png_get_valid(png, info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
    png_set_strip_16(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    shape->height = (int32_t)height;
    shape->width = (int32_t)width;
    shape->channels = type & PNG_COLOR_MASK_COLOR ? 3 : 1;
    return CIMAGES_OK;
}

/* Copies a row without its last, transparency's channel; false where a pixel is not opaque. */
static int copy_opaque(const uint8_t *row, int32_t width, int channels, uint8_t *out) {
    for (int32_t x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) *out++ = *row++;
        if (*row++ != 255) return 0;
    }
    return 1;
}

static int read_pixels(reader *r, const cimages_shape *shape, uint8_t *pixels) {
    png_structp png = r->png;
    size_t stored = png_get_rowbytes(png, r->info), wanted = (size_t)shape->width * shape->channels;
    int has_alpha = png_get_channels(png, r->info) == shape->channels + 1;
    if (png_get_bit_depth(png, r->info) != 8 || stored != wanted + (has_alpha ? (size_t)shape->width : 0))
        png_error(png, "pixels of an unknown form");
    int passes = png_get_interlace_type(png, r->info) == PNG_INTERLACE_NONE ? 1 : PNG_INTERLACE_ADAM7_PASSES;
    /* Several passes fill the same rows. */
    size_t kept = has_alpha ? (passes == 1 ? 1 : (size_t)shape->height) : 0;
    if (kept && !(r->rows = malloc(kept * stored)))
        return cimages_say(r->problem, CIMAGES_NO_MEMORY, "out of memory");
    for (int pass = 0; pass < passes; pass++) {
        for (int32_t y = 0; y < shape->height; y++) {
            uint8_t *out = pixels + (size_t)y * wanted;
            if (!has_alpha) {
                png_read_row(png, out, NULL);
                continue;
            }
            uint8_t *row = r->rows + (passes == 1 ? 0 : (size_t)y * stored);
            png_read_row(png, row, NULL);
            if (pass == passes - 1 && !copy_opaque(row, shape->width, shape->channels, out))
                return cimages_say(r->problem, CIMAGES_UNSUPPORTED, "transparent pixels");
        }
    }
    png_read_end(png, NULL);
    return CIMAGES_OK;
}

/* In a function of its own, so that no local variable is changed between setjmp and longjmp. */
static int read_image(reader *r, cimages_shape *shape, uint8_t *pixels) {
    static const png_byte ignored[] = "iCCP\0iTXt\0tEXt\0zTXt\0sPLT\0eXIf\0hIST\0pCAL\0sCAL";
    if (setjmp(png_jmpbuf(r->png))) return CIMAGES_DAMAGED;
    png_set_read_fn(r->png, r, take);
    png_set_user_limits(r->png, 1 << 20, 1 << 20);
    /* Texts and profiles have no part in the pixels, and may be compressed themselves. */
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, ignored, (int)(sizeof ignored / 5));
    cimages_shape found;
    int code = read_header(r, &found);
    if (code == CIMAGES_OK) code = cimages_agree(shape, &found, pixels, r->problem);
    return code == CIMAGES_OK && pixels ? read_pixels(r, &found, pixels) : code;
}

int cimages_png(const uint8_t *bytes, size_t count, cimages_shape *shape, uint8_t *pixels, char *problem) {
    reader r = {.bytes = bytes, .count = count, .problem = problem};
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, fail, ignore);
    if (!r.png) return cimages_say(problem, CIMAGES_NO_MEMORY, "libpng cannot start");
    r.info = png_create_info_struct(r.png);
    int code = r.info ? read_image(&r, shape, pixels) : cimages_say(problem, CIMAGES_NO_MEMORY, "out of memory");
    png_destroy_read_struct(&r.png, &r.info, NULL);
    free(r.rows);
    return code;
}
