#ifndef FRESHET_COPENSSL_H
#define FRESHET_COPENSSL_H
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Each function here stands for a macro, which Swift does not import when it has parameters or casts.

static inline long freshet_ssl_ctx_set_minimum_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}

static inline long freshet_ssl_ctx_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }

static inline long freshet_ssl_ctx_set_session_cache(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}

static inline long freshet_ssl_set_server_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name);
}

static inline void freshet_bio_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }

static inline void freshet_bio_set_retry_write(BIO *bio) { BIO_set_retry_write(bio); }

static inline void freshet_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

// The macros for these modes are unsigned-long expressions with a U suffix and a cast in some releases.
static const long freshet_ssl_modes =
    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;

#endif
