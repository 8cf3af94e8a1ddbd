/* The keys that personal data are sealed with. They lie in a folder of their own ([privacy] keys), never in the database:
 *
 *   NNNN.key      32 random bytes; the highest number seals, all of them open
 *   NNNN.retired  one that seals nothing any more (loketd keys rotate); it still opens, for backups of before
 *   index.key     32 random bytes: the blind index, by which an equal number is found again
 *   sealed        an empty file: nothing plain is left in the database (loketd keys seal)
 *
 * One keyring for each process, as its log: opened once, in memory that is locked and wiped. The folder is looked at again at
 * most once a second, and whenever a key is asked for that is not known: a new key needs no restart. */
#ifndef SERVER_PRIVACY_KEYRING_H
#define SERVER_PRIVACY_KEYRING_H

#include <loket/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYRING_KEYS      64u /* in the folder at most */
#define KEY_BYTES         32u
#define KEYRING_INDEX_ID  0u /* asks keyring_check for the index key */
#define KEY_CHECK_BYTES   16u
#define KEYRING_PATH_MOST 4096u

enum key_state { KEY_NONE, KEY_CURRENT, KEY_OLD, KEY_RETIRED };

/* Reads the folder; "" means that this office seals nothing. INVALID names the folder or file: missing, of a wrong size, or
 * readable by others than its owner. */
enum loket_error keyring_open(const char *folder, struct error *error);
void keyring_close(void);

bool keyring_present(void);
/* Is nothing plain left in the database? */
bool keyring_all_sealed(void);
/* The number of the key that seals now; 0 when there is none. */
uint32_t keyring_current(void);
/* The key, borrowed until the next call of this module; NULL when there is none of that number. */
const uint8_t *keyring_key(uint32_t id);
const uint8_t *keyring_index(void);
/* Calls `each` for every key, lowest number first. */
void keyring_each(void (*each)(uint32_t id, enum key_state state, void *data), void *data);

/* What the database may know of a key: equal for equal keys, of no use without it. False when there is none. */
bool keyring_check(uint32_t id, uint8_t check[KEY_CHECK_BYTES]);

/* Makes the folder where it is not, with an index key and a first key. DUPLICATE when it has keys already. */
enum loket_error keyring_init(const char *folder, struct error *error);
/* Makes the next key, which seals from now on; its number in *id. */
enum loket_error keyring_add(const char *folder, uint32_t *id, struct error *error);
enum loket_error keyring_retire(const char *folder, uint32_t id, struct error *error);
/* Writes down that nothing plain is left. */
enum loket_error keyring_mark_sealed(const char *folder, struct error *error);

#endif
