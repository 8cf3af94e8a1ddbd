/* The folder of keys: see the header. Seals nothing itself. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <server/privacy/keyring.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY_LARGEST 9999u

struct key {
    uint32_t id;
    enum key_state state;
    uint8_t bytes[KEY_BYTES];
};

/* In memory of libsodium's: locked against swapping where the system allows it, wiped when freed. */
struct keyring {
    struct key keys[KEYRING_KEYS]; /* by number */
    size_t count;
    uint8_t index[KEY_BYTES];
    bool sealed;
};

static struct keyring *ring;
static char place[KEYRING_PATH_MOST];
static struct timespec changed_at, looked_at;

static enum loket_error refuse(struct error *error, const char *message, const char *path) {
    return error_set(error, LOKET_INVALID, "privacy.keys", message, path);
}

static bool path_make(char path[KEYRING_PATH_MOST], const char *folder, const char *name) {
    int length = snprintf(path, KEYRING_PATH_MOST, "%s/%s", folder, name);
    return length > 0 && (size_t)length < KEYRING_PATH_MOST;
}

/* ------------------------------------------------------------------------------------------------- reading */

static enum loket_error file_read(const char *folder, const char *name, uint8_t key[KEY_BYTES], struct error *error) {
    char path[KEYRING_PATH_MOST];
    struct stat about;
    int file = path_make(path, folder, name) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (file < 0 || fstat(file, &about) != 0) {
        if (file >= 0) close(file);
        return refuse(error, "This key file can't be read: %s", name);
    }
    bool good = about.st_size == KEY_BYTES && read(file, key, KEY_BYTES) == (ssize_t)KEY_BYTES;
    close(file);
    if ((about.st_mode & 077) != 0) return refuse(error, "Others may read this key file (chmod 600): %s", path);
    return good ? LOKET_OK : refuse(error, "This is not a key file: %s", path);
}

/* "0001.key" or "0001.retired"; KEY_NONE for any other name. */
static enum key_state name_read(const char *name, uint32_t *id) {
    for (int i = 0; i < 4; i++)
        if (!isdigit((unsigned char)name[i])) return KEY_NONE;
    *id = (uint32_t)strtoul(name, NULL, 10);
    if (*id == 0) return KEY_NONE;
    if (strcmp(name + 4, ".key") == 0) return KEY_OLD;
    return strcmp(name + 4, ".retired") == 0 ? KEY_RETIRED : KEY_NONE;
}

static int by_number(const void *a, const void *b) {
    const struct key *one = a, *other = b;
    return (one->id > other->id) - (one->id < other->id);
}

static enum loket_error keys_read(struct keyring *fresh, const char *folder, DIR *entries, struct error *error) {
    enum loket_error result = LOKET_OK;
    for (struct dirent *entry; result == LOKET_OK && (entry = readdir(entries)) != NULL;) {
        uint32_t id;
        enum key_state state = name_read(entry->d_name, &id);
        if (state == KEY_NONE) continue;
        if (fresh->count == KEYRING_KEYS) return refuse(error, "There are too many keys in this folder: %s", folder);
        struct key *key = &fresh->keys[fresh->count++];
        key->id = id;
        key->state = state;
        result = file_read(folder, entry->d_name, key->bytes, error);
    }
    qsort(fresh->keys, fresh->count, sizeof fresh->keys[0], by_number);
    for (size_t i = fresh->count; i > 0; i--)
        if (fresh->keys[i - 1].state == KEY_OLD) {
            fresh->keys[i - 1].state = KEY_CURRENT;
            return result;
        }
    return result == LOKET_OK ? refuse(error, "There is no key in this folder (loketd keys init): %s", folder) : result;
}

static enum loket_error folder_read(struct keyring *fresh, const char *folder, struct stat *about, struct error *error) {
    char path[KEYRING_PATH_MOST];
    DIR *entries = opendir(folder);
    if (!entries || stat(folder, about) != 0) {
        if (entries) closedir(entries);
        return refuse(error, "This folder of keys can't be read (loketd keys init makes one): %s", folder);
    }
    enum loket_error result = keys_read(fresh, folder, entries, error);
    closedir(entries);
    if ((about->st_mode & 077) != 0) return refuse(error, "Others may look into this folder of keys (chmod 700): %s", folder);
    if (result == LOKET_OK) result = file_read(folder, "index.key", fresh->index, error);
    fresh->sealed = path_make(path, folder, "sealed") && access(path, F_OK) == 0;
    return result;
}

/* Takes the folder as it is now; what is known stays when it can't be read. */
static enum loket_error reload(struct error *error) {
    struct stat about;
    struct keyring *fresh = sodium_malloc(sizeof *fresh);
    if (!fresh) return error_set(error, LOKET_INTERNAL, NULL, "Out of memory", NULL);
    memset(fresh, 0, sizeof *fresh);
    enum loket_error result = folder_read(fresh, place, &about, error);
    if (result != LOKET_OK) {
        sodium_free(fresh);
        return result;
    }
    sodium_free(ring);
    ring = fresh;
    changed_at = about.st_mtim;
    return LOKET_OK;
}

enum loket_error keyring_open(const char *folder, struct error *error) {
    keyring_close();
    if (!*folder) return LOKET_OK;
    if (sodium_init() < 0) return error_set(error, LOKET_INTERNAL, NULL, "libsodium can't start", NULL);
    if ((size_t)snprintf(place, sizeof place, "%s", folder) >= sizeof place)
        return refuse(error, "This path is too long: %s", folder);
    clock_gettime(CLOCK_MONOTONIC, &looked_at);
    return reload(error);
}

void keyring_close(void) {
    sodium_free(ring);
    ring = NULL;
    place[0] = '\0';
}

/* Another process may have made a key meanwhile, or retired one. */
static void look_again(bool now) {
    struct timespec at;
    struct stat about;
    if (!ring) return;
    clock_gettime(CLOCK_MONOTONIC, &at);
    if (!now && at.tv_sec == looked_at.tv_sec) return;
    looked_at = at;
    if (stat(place, &about) != 0) return;
    if (about.st_mtim.tv_sec == changed_at.tv_sec && about.st_mtim.tv_nsec == changed_at.tv_nsec) return;
    (void)reload(NULL); /* half written: looked at again next time, the keys of before still open */
}

/* ------------------------------------------------------------------------------------------------- asking */

static const struct key *find(uint32_t id) {
    for (size_t i = 0; ring && i < ring->count; i++)
        if (ring->keys[i].id == id) return &ring->keys[i];
    return NULL;
}

bool keyring_present(void) {
    return ring != NULL;
}

bool keyring_all_sealed(void) {
    look_again(false);
    return ring && ring->sealed;
}

uint32_t keyring_current(void) {
    look_again(false);
    for (size_t i = ring ? ring->count : 0; i > 0; i--)
        if (ring->keys[i - 1].state == KEY_CURRENT) return ring->keys[i - 1].id;
    return 0;
}

const uint8_t *keyring_key(uint32_t id) {
    const struct key *key = find(id);
    if (!key) look_again(true);
    if (!key) key = find(id);
    return key ? key->bytes : NULL;
}

const uint8_t *keyring_index(void) {
    return ring ? ring->index : NULL;
}

void keyring_each(void (*each)(uint32_t id, enum key_state state, void *data), void *data) {
    look_again(true);
    for (size_t i = 0; ring && i < ring->count; i++) each(ring->keys[i].id, ring->keys[i].state, data);
}

bool keyring_check(uint32_t id, uint8_t check[KEY_CHECK_BYTES]) {
    static const char text[] = "loket key check";
    uint8_t whole[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const uint8_t *key = id == KEYRING_INDEX_ID ? keyring_index() : keyring_key(id);
    if (!key || !HMAC(EVP_sha256(), key, (int)KEY_BYTES, (const uint8_t *)text, sizeof text - 1, whole, &size)) return false;
    memcpy(check, whole, KEY_CHECK_BYTES);
    return true;
}

/* ------------------------------------------------------------------------------------------------- making */

static bool folder_sync(const char *folder) {
    int entry = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = entry >= 0 && fsync(entry) == 0;
    if (entry >= 0) close(entry);
    return good;
}

/* Written beside its place and moved there: nobody sees half a key. An existing file is never replaced. */
static enum loket_error file_make(const char *folder, const char *name, const void *bytes, size_t size, struct error *error) {
    char path[KEYRING_PATH_MOST], beside[KEYRING_PATH_MOST];
    if (!path_make(path, folder, name) || !path_make(beside, folder, ".new"))
        return refuse(error, "This path is too long: %s", name);
    (void)unlink(beside); /* of a run that was cut short */
    int file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = file >= 0 && write(file, bytes, size) == (ssize_t)size && fsync(file) == 0;
    if (file >= 0) good = close(file) == 0 && good;
    good = good && link(beside, path) == 0 && folder_sync(folder);
    bool there = !good && errno == EEXIST;
    (void)unlink(beside);
    if (there) return error_set(error, LOKET_DUPLICATE, "privacy.keys", "There is a key already: %s", path);
    return good ? LOKET_OK : refuse(error, "This key file can't be written: %s", path);
}

static enum loket_error key_make(const char *folder, const char *name, struct error *error) {
    uint8_t key[KEY_BYTES];
    if (sodium_init() < 0) return error_set(error, LOKET_INTERNAL, NULL, "libsodium can't start", NULL);
    randombytes_buf(key, sizeof key);
    enum loket_error result = file_make(folder, name, key, sizeof key, error);
    explicit_bzero(key, sizeof key);
    return result;
}

enum loket_error keyring_init(const char *folder, struct error *error) {
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return refuse(error, "This folder can't be made: %s", folder);
    enum loket_error index = key_make(folder, "index.key", error);
    if (index != LOKET_OK && index != LOKET_DUPLICATE) return index;
    /* an index without a first key is a run that was cut short */
    enum loket_error first = keyring_open(folder, error) == LOKET_OK ? LOKET_DUPLICATE : key_make(folder, "0001.key", error);
    return first;
}

enum loket_error keyring_add(const char *folder, uint32_t *id, struct error *error) {
    char name[16];
    look_again(true);
    uint32_t highest = ring && ring->count ? ring->keys[ring->count - 1].id : 0;
    if (highest >= KEY_LARGEST) return refuse(error, "There are too many keys in this folder: %s", folder);
    (void)snprintf(name, sizeof name, "%04u.key", (unsigned)(highest + 1) % 10000u);
    enum loket_error result = key_make(folder, name, error);
    *id = highest + 1;
    return result == LOKET_OK ? keyring_open(folder, error) : result;
}

enum loket_error keyring_retire(const char *folder, uint32_t id, struct error *error) {
    char name[16], from[KEYRING_PATH_MOST], to[KEYRING_PATH_MOST];
    (void)snprintf(name, sizeof name, "%04u.key", (unsigned)id % 10000u);
    bool good = path_make(from, folder, name);
    (void)snprintf(name, sizeof name, "%04u.retired", (unsigned)id % 10000u);
    good = good && path_make(to, folder, name) && rename(from, to) == 0 && folder_sync(folder);
    return good ? keyring_open(folder, error) : refuse(error, "This key can't be retired: %s", name);
}

enum loket_error keyring_mark_sealed(const char *folder, struct error *error) {
    enum loket_error result = file_make(folder, "sealed", "", 0, error);
    return result == LOKET_DUPLICATE ? LOKET_OK : result;
}
