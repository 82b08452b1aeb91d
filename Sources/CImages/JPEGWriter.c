#include "Problem.h"
#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>

typedef struct {
    struct jpeg_error_mgr errors; /* the library hands out its address */
    struct jpeg_compress_struct jpeg;
    jmp_buf failed;
    char *problem;
    int code;
    unsigned long length;
} writer;

static void fail(j_common_ptr jpeg) {
    writer *w = (writer *)jpeg->err;
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    int has_no_memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY;
    w->code = cimages_say(w->problem, has_no_memory ? CIMAGES_NO_MEMORY : CIMAGES_UNSUPPORTED, text);
    longjmp(w->failed, 1);
}

/* In a function of its own, so that no local variable is changed between setjmp and longjmp. */
static void write_image(
    writer *w, const uint8_t *pixels, const cimages_shape *shape, int quality, uint8_t **bytes) {
    if (setjmp(w->failed)) return;
    j_compress_ptr jpeg = &w->jpeg;
    jpeg_create_compress(jpeg);
    jpeg_mem_dest(jpeg, bytes, &w->length);
    jpeg->image_height = (JDIMENSION)shape->height;
    jpeg->image_width = (JDIMENSION)shape->width;
    jpeg->input_components = shape->channels;
    jpeg->in_color_space = shape->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    /* These have colours at half the resolution. */
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    jpeg_start_compress(jpeg, TRUE);
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = (JSAMPROW)pixels + (size_t)jpeg->next_scanline * shape->width * shape->channels;
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
}

int cimages_write_jpeg(
    const uint8_t *pixels, const cimages_shape *shape, int quality, uint8_t **bytes, size_t *count, char *problem) {
    writer w = {.problem = problem, .code = CIMAGES_OK};
    w.jpeg.err = jpeg_std_error(&w.errors);
    w.errors.error_exit = fail;
    write_image(&w, pixels, shape, quality, bytes);
    jpeg_destroy_compress(&w.jpeg);
    *count = w.length;
    return w.code;
}
