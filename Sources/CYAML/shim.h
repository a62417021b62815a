#ifndef FRESHET_CYAML_H
#define FRESHET_CYAML_H
#include <yaml.h>
#endif
