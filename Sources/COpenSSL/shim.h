#ifndef FRESHET_COPENSSL_H
#define FRESHET_COPENSSL_H
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#endif
