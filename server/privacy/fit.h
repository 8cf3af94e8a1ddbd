/* Do the keys that are here belong to the database that is there? Told apart by what the database noted of them (keyring_check). */
#ifndef SERVER_PRIVACY_FIT_H
#define SERVER_PRIVACY_FIT_H

#include <libpq-fe.h>
#include <server/privacy/keyring.h>
#include <stdbool.h>

#define FIT_PROBLEM_BYTES 120u

/* One key, noted where it is new. `id` may be KEYRING_INDEX_ID. */
bool key_fits(PGconn *db, uint32_t id);
/* All of them, or none where nothing is sealed; `problem` says what is wrong. As the job process. */
bool keys_fit(PGconn *db, char problem[FIT_PROBLEM_BYTES]);

#endif
