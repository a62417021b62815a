#ifndef FRESHET_CZLIB_H
#define FRESHET_CZLIB_H
#include <zlib.h>

// `inflateInit2` is a macro that passes the header's version along.
static inline int freshet_inflate_start(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }

#endif
