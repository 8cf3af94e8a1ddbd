/* A key on a token (smart card, USB token, HSM) by PKCS#11, through OpenSSL's engine "pkcs11". The key stays on the token. */
#include <dlfcn.h>
#include <loket/error.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL 3.0 deprecates engines; the provider that replaces this one is not in the distributions that we support. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ui.h>
#include <tui/entry/signer_key.h>
#include <tui/ui/text.h>

#define URI_BYTES 512
/* Return values of PKCS#11 (section 3.6), which the engine hands on as reasons. */
#define PIN_INCORRECT 0xa0
#define PIN_INVALID   0xa1
#define PIN_LENGTH    0xa2
#define PIN_LOCKED    0xa4

/* A URI taken apart: the module, and the URI without it (the engine does not know that attribute). */
struct place {
    char uri[URI_BYTES], module[URI_BYTES];
};

static enum loket_error refuse(struct error *error, const char *field, const char *message, const char *argument) {
    return error_set(error, LOKET_INVALID, field, message, argument);
}

static int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* "%2F" to "/", in place; false when a % is not followed by two digits, or the byte is none of a path. */
static bool unescape(char *text) {
    char *out = text;
    for (; *text; text++) {
        if (*text != '%') {
            *out++ = *text;
            continue;
        }
        int high = digit_value(text[1]), low = high < 0 ? -1 : digit_value(text[2]);
        if (low < 0 || high * 16 + low == 0) return false;
        *out++ = (char)(high * 16 + low);
        text += 2;
    }
    *out = '\0';
    return true;
}

static bool place_read(const char *uri, struct place *place) {
    static const char name[] = "module-path=";
    const char *environment = getenv("LOKET_PKCS11_MODULE");
    *place = (struct place){0};
    if (strlen(uri) >= URI_BYTES || (environment && strlen(environment) >= URI_BYTES)) return false;
    if (environment) memcpy(place->module, environment, strlen(environment));
    size_t path = strcspn(uri, "?");
    memcpy(place->uri, uri, path);
    for (const char *at = uri + path; *at;) {
        const char *attribute = at + 1; /* at is at '?' or '&' */
        size_t size = strcspn(attribute, "&");
        if (strncmp(attribute, name, sizeof name - 1) == 0 && size >= sizeof name - 1) {
            memset(place->module, 0, sizeof place->module);
            memcpy(place->module, attribute + sizeof name - 1, size - (sizeof name - 1));
            if (!unescape(place->module)) return false;
        } else if (size > 0) {
            size_t used = strlen(place->uri);
            place->uri[used] = used == path ? '?' : '&';
            memcpy(place->uri + used + 1, attribute, size);
        }
        at = attribute + size;
    }
    return true;
}

/* An engine of our own, not in OpenSSL's list, from where it could be taken for other keys too. Loaded once and kept: what it
 * registers with OpenSSL is not meant to come and go. */
static ENGINE *engine_load(void) {
    static ENGINE *kept;
    if (kept) return kept;
    const char *folder = getenv("OPENSSL_ENGINES");
    if (!folder) folder = OPENSSL_info(OPENSSL_INFO_ENGINES_DIR);
    ENGINE_load_dynamic();
    ENGINE *engine = ENGINE_by_id("dynamic");
    if (engine && folder && ENGINE_ctrl_cmd_string(engine, "ID", "pkcs11", 0) == 1 &&
        ENGINE_ctrl_cmd_string(engine, "LIST_ADD", "0", 0) == 1 && ENGINE_ctrl_cmd_string(engine, "DIR_LOAD", "2", 0) == 1 &&
        ENGINE_ctrl_cmd_string(engine, "DIR_ADD", folder, 0) == 1 && ENGINE_ctrl_cmd_string(engine, "LOAD", NULL, 0) == 1)
        return kept = engine;
    ENGINE_free(engine);
    return NULL;
}

/* Can the module be loaded? The engine would say that it can't on standard error, over the screen. */
static bool module_good(const char *path) {
    void *module = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    bool good = module && dlsym(module, "C_GetFunctionList");
    if (module) dlclose(module);
    return good;
}

/* The engine wipes its copy of the PIN when it gets another. */
static void pin_forget(ENGINE *engine) {
    (void)ENGINE_ctrl_cmd_string(engine, "PIN", "", 0);
}

static ENGINE *engine_open(const struct place *place, const char *pin, struct error *error) {
    ENGINE *engine = engine_load();
    if (!engine) {
        (void)refuse(error, "key", N_("This machine can't use tokens: OpenSSL's engine pkcs11 is missing"), NULL);
        return NULL;
    }
    /* the screen is ours: the engine may not write on it */
    bool good = (!*place->module || module_good(place->module)) && ENGINE_ctrl_cmd_string(engine, "QUIET", NULL, 0) == 1 &&
                (!*place->module || ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", place->module, 0) == 1) &&
                ENGINE_ctrl_cmd_string(engine, "PIN", pin, 0) == 1 && ENGINE_ctrl_cmd_string(engine, "FORCE_LOGIN", NULL, 0) == 1 &&
                ENGINE_init(engine) == 1;
    if (good) return engine;
    pin_forget(engine);
    (void)refuse(error, "key", N_("The token's module can't be used: %s"), *place->module ? place->module : "p11-kit");
    return NULL;
}

void signer_token_close(struct signer_key *key) {
    /* the engine keeps keys that keep the engine: unless that ring is cut, it never logs out, and takes any PIN from then on */
    if (key->key) (void)EVP_PKEY_set1_engine(key->key, NULL);
    EVP_PKEY_free(key->key);
    key->key = NULL;
    pin_forget(key->token);
    ENGINE_finish(key->token);
    key->token = NULL;
}

/* The engine asks on the terminal when it wants a PIN again. It gets none. */
static int no_answer(UI *ui, UI_STRING *string) {
    (void)ui;
    (void)string;
    return 0;
}

/* What is behind a key that can't be had. */
static enum loket_error refusal(struct error *error) {
    for (unsigned long code; (code = ERR_get_error()) != 0;) {
        int reason = ERR_GET_REASON(code);
        if (ERR_SYSTEM_ERROR(code) || ERR_GET_LIB(code) < ERR_LIB_USER) continue;
        if (reason == PIN_LOCKED) return refuse(error, "passphrase", N_("The token is locked: too many wrong PINs"), NULL);
        if (reason == PIN_INCORRECT || reason == PIN_INVALID || reason == PIN_LENGTH)
            return refuse(error, "passphrase", N_("The PIN is wrong"), NULL);
    }
    return refuse(error, "key", N_("There is no such key on the token"), NULL);
}

static enum loket_error objects_load(ENGINE *engine, const char *uri, struct signer_key *key, struct error *error) {
    struct {
        const char *name;
        X509 *certificate;
    } wanted = {uri, NULL}; /* as the engine defines it */
    UI_METHOD *mute = UI_create_method("loket");
    if (!mute) return error_set(error, LOKET_INTERNAL, "key", N_("Out of memory"), NULL);
    (void)UI_method_set_reader(mute, no_answer);
    ERR_clear_error();
    key->key = ENGINE_load_private_key(engine, uri, mute, NULL);
    UI_destroy_method(mute);
    if (!key->key) return refusal(error);
    if (ENGINE_ctrl_cmd(engine, "LOAD_CERT_CTRL", 0, &wanted, NULL, 0) != 1 || !wanted.certificate)
        return refuse(error, "key", N_("There is no certificate for this key on the token"), NULL);
    key->certificate = wanted.certificate;
    return LOKET_OK;
}

enum loket_error signer_token_open(const char *uri, const char *pin, struct signer_key *key, struct error *error) {
    struct place place;
    if (!place_read(uri, &place)) return refuse(error, "key", N_("This address of a token can't be understood"), NULL);
    ENGINE *engine = engine_open(&place, pin, error);
    if (!engine) return LOKET_INVALID;
    key->token = engine;
    return objects_load(engine, place.uri, key, error);
}
