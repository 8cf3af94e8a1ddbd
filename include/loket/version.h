#ifndef LOKET_VERSION_H
#define LOKET_VERSION_H

#define LOKET_VERSION "0.1.0"

#endif
