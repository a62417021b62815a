#ifndef FRESHET_CSQLITE_H
#define FRESHET_CSQLITE_H
#include <sqlite3.h>
#endif
