#include "Problem.h"
#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>

/* Pixels that a byte can stand for: a block of 64 takes at least a bit in one scan. */
enum { LARGEST_EXPANSION = 1024 };
/* Scans of a progressive image; usual ones have about ten, and each costs a pass over all pixels. */
enum { MOST_SCANS = 100 };

typedef struct {
    struct jpeg_error_mgr errors; /* the library hands out its address */
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    jmp_buf failed;
    char *problem;
    int code;
} reader;

static void fail(j_common_ptr jpeg) {
    reader *r = (reader *)jpeg->err;
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    int has_no_memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY;
    r->code = cimages_say(r->problem, has_no_memory ? CIMAGES_NO_MEMORY : CIMAGES_DAMAGED, text);
    longjmp(r->failed, 1);
}

/* The library goes on where data are missing or make no sense, with grey or repeated pixels. */
static void warn(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
        jpeg->err->error_exit(jpeg);
    }
}

static void count_scans(j_common_ptr jpeg) {
    reader *r = (reader *)jpeg->err;
    if (((j_decompress_ptr)jpeg)->input_scan_number <= MOST_SCANS) return;
    r->code = cimages_say(r->problem, CIMAGES_DAMAGED, "more than 100 scans");
    longjmp(r->failed, 1);
}

static int read_header(reader *r, size_t count, cimages_shape *shape) {
    j_decompress_ptr jpeg = &r->jpeg;
    jpeg_read_header(jpeg, TRUE);
    uint64_t pixels = (uint64_t)jpeg->image_width * jpeg->image_height;
    if (pixels > CIMAGES_LARGEST)
        return cimages_say(r->problem, CIMAGES_UNSUPPORTED, "more than 67,108,864 pixels");
    if (pixels > (uint64_t)count * LARGEST_EXPANSION)
        return cimages_say(r->problem, CIMAGES_DAMAGED, "claims more pixels than the file can hold");
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE: jpeg->out_color_space = JCS_GRAYSCALE; break;
    case JCS_YCbCr:
    case JCS_RGB: jpeg->out_color_space = JCS_RGB; break;
    case JCS_CMYK:
    case JCS_YCCK: return cimages_say(r->problem, CIMAGES_UNSUPPORTED, "CMYK colours");
    default: return cimages_say(r->problem, CIMAGES_UNSUPPORTED, "unknown colours");
    }
    shape->height = (int32_t)jpeg->image_height;
    shape->width = (int32_t)jpeg->image_width;
    shape->channels = jpeg->out_color_space == JCS_GRAYSCALE ? 1 : 3;
    shape->bits = 8;
    return CIMAGES_OK;
}

/* The library's defaults, as PyTorch's users have them: accurate transform, smooth upsampling of colours. */
static void read_pixels(reader *r, const cimages_shape *shape, uint8_t *pixels) {
    j_decompress_ptr jpeg = &r->jpeg;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = pixels + (size_t)jpeg->output_scanline * shape->width * shape->channels;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
}

/* In a function of its own, so that no local variable is changed between setjmp and longjmp. */
static void read_image(reader *r, const uint8_t *bytes, size_t count, cimages_shape *shape, uint8_t *pixels) {
    if (setjmp(r->failed)) return;
    jpeg_create_decompress(&r->jpeg);
    r->jpeg.progress = &r->progress;
    jpeg_mem_src(&r->jpeg, bytes, count);
    cimages_shape found;
    r->code = read_header(r, count, &found);
    if (r->code == CIMAGES_OK) r->code = cimages_agree(shape, &found, pixels, r->problem);
    if (r->code == CIMAGES_OK && pixels) read_pixels(r, &found, pixels);
}

int cimages_jpeg(const uint8_t *bytes, size_t count, cimages_shape *shape, uint8_t *pixels, char *problem) {
    reader r = {.problem = problem, .code = CIMAGES_OK};
    r.jpeg.err = jpeg_std_error(&r.errors);
    r.errors.error_exit = fail;
    r.errors.emit_message = warn;
    r.progress.progress_monitor = count_scans;
    read_image(&r, bytes, count, shape, pixels);
    jpeg_destroy_decompress(&r.jpeg);
    return r.code;
}
