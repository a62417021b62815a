// Linux calls that the Glibc module does not export, or that Swift cannot call (variadics, macros).
#ifndef FRESHET_CLINUX_H
#define FRESHET_CLINUX_H
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif
