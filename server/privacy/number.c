/* Tokens, shapes and sealed numbers: see the header. No rule of a NIK is here: the shape lets the database judge. */
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <server/privacy/keyring.h>
#include <server/privacy/number.h>
#include <server/privacy/seal.h>
#include <stdio.h>
#include <string.h>

_Static_assert(NUMBER_SEALED_BYTES == NUMBER_DIGITS + SEAL_BYTES, "a sealed number");

#define TOKEN_HASH_BYTES ((NUMBER_TOKEN_LENGTH - 1) / 2)

static const char hex[] = "0123456789abcdef";

static void hex_write(const uint8_t *bytes, size_t size, char *text) {
    for (size_t i = 0; i < size; i++) {
        *text++ = hex[bytes[i] >> 4];
        *text++ = hex[bytes[i] & 15];
    }
    *text = '\0';
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_read(const char *text, size_t size, uint8_t *bytes) {
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* The old number of 15 digits: the ninth checks the eight before it (Luhn). */
static bool old_npwp_is_right(const char *digits) {
    int total = 0;
    for (int i = 0; i < 9; i++) {
        int digit = (digits[i] - '0') * (i % 2 ? 2 : 1);
        total += digit > 9 ? digit - 9 : digit;
    }
    return total % 10 == 0;
}

bool number_parse(const char *text, enum number_kind kind, char digits[NUMBER_DIGITS + 1]) {
    size_t count = 0;
    for (; *text; text++) {
        if (strchr(".- ", *text)) continue;
        if (!isdigit((unsigned char)*text) || count == NUMBER_DIGITS) return false;
        digits[count++] = *text;
    }
    digits[count] = '\0';
    return count == NUMBER_DIGITS || (count == NUMBER_DIGITS - 1 && (kind != NUMBER_ANY || old_npwp_is_right(digits)));
}

static bool number_token(const char *digits, char token[NUMBER_TOKEN_LENGTH + 1]) {
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const uint8_t *key = keyring_index();
    if (!key || !HMAC(EVP_sha256(), key, (int)KEY_BYTES, (const uint8_t *)digits, strlen(digits), hash, &size)) return false;
    token[0] = '#';
    hex_write(hash, TOKEN_HASH_BYTES, token + 1);
    return true;
}

/* Two or four digits that are all zero are wrong in a NIK; any others are as right as these. */
static void part_shape(const char *part, size_t size, char *shape) {
    memset(shape, '0', size);
    if (strspn(part, "0") < size) shape[size - 1] = '1';
}

static void old_npwp_shape(const char *digits, char *shape) {
    static const char right[] = "100000009000000", wrong[] = "100000001000000", zeros[] = "000000000000000";
    bool empty = strncmp(digits, zeros, 8) == 0;
    (void)snprintf(shape, NUMBER_DIGITS, "%s", empty ? zeros : old_npwp_is_right(digits) ? right : wrong);
}

static void number_shape(const char *digits, char shape[NUMBER_DIGITS + 1]) {
    if (strlen(digits) < NUMBER_DIGITS) {
        old_npwp_shape(digits, shape);
        return;
    }
    if (digits[0] == '0') {
        shape[0] = '0';
        old_npwp_shape(digits + 1, shape + 1);
        return;
    }
    /* province and day of birth as they are: both are kept beside the number anyway, or told by the region */
    (void)snprintf(shape, NUMBER_DIGITS + 1, "%s", digits);
    part_shape(digits + 2, 2, shape + 2);
    part_shape(digits + 4, 2, shape + 4);
    part_shape(digits + 12, 4, shape + 12);
}

bool number_seal(const char *digits, const char *token, char sealed[NUMBER_SEALED_HEX + 1]) {
    char plain[NUMBER_DIGITS + 1] = "";
    uint8_t bytes[NUMBER_SEALED_BYTES];
    (void)snprintf(plain, sizeof plain, "%s", digits);
    bool good = seal_close((struct bound){token, NUMBER_TOKEN_LENGTH}, plain, NUMBER_DIGITS, bytes);
    explicit_bzero(plain, sizeof plain);
    if (good) hex_write(bytes, sizeof bytes, sealed);
    return good;
}

bool number_forms_make(const char *digits, struct number_forms *forms) {
    number_shape(digits, forms->shape);
    return number_token(digits, forms->token) && number_seal(digits, forms->token, forms->sealed);
}

static enum loket_error refuse(enum seal_outcome outcome, struct error *error) {
    if (outcome == SEAL_OPENED) return LOKET_OK;
    if (outcome == SEAL_BROKEN)
        return error_set(error, LOKET_INTERNAL, NULL, "This number was tampered with, or its key is another", NULL);
    return error_set(error, LOKET_UNAVAILABLE, NULL, "The server does not have the keys of this database: tell the administrator",
                     NULL);
}

enum loket_error number_reseal(const char *token, const uint8_t sealed[NUMBER_SEALED_BYTES], uint8_t fresh[NUMBER_SEALED_BYTES],
                               struct error *error) {
    uint8_t digits[NUMBER_DIGITS];
    const struct bound bound = {token, NUMBER_TOKEN_LENGTH};
    enum loket_error result = refuse(seal_open(bound, sealed, NUMBER_SEALED_BYTES, digits), error);
    if (result == LOKET_OK && !seal_close(bound, digits, sizeof digits, fresh))
        result = error_set(error, LOKET_INTERNAL, NULL, "The number could not be sealed", NULL);
    explicit_bzero(digits, sizeof digits);
    return result;
}

bool number_is_token(const char *text, size_t size) {
    if (size < NUMBER_TOKEN_LENGTH || (text[0] != '#' && text[0] != '*')) return false;
    for (size_t i = 1; i < NUMBER_TOKEN_LENGTH; i++)
        if (hex_digit(text[i]) < 0) return false;
    return size == NUMBER_TOKEN_LENGTH || text[NUMBER_TOKEN_LENGTH] == ':';
}

void number_mask(char digits[NUMBER_DIGITS + 1]) {
    size_t size = strlen(digits);
    if (size > 8) memset(digits + 4, '*', size - 8);
}

enum loket_error number_open(const char *text, size_t size, struct buffer *plain, struct error *error) {
    uint8_t bytes[NUMBER_SEALED_BYTES];
    char token[NUMBER_TOKEN_LENGTH + 1] = "", digits[NUMBER_DIGITS + 1] = "";
    size_t head = NUMBER_TOKEN_LENGTH + 1;
    if (!number_is_token(text, size) || size != head + NUMBER_SEALED_HEX || !hex_read(text + head, sizeof bytes, bytes))
        return LOKET_NOT_FOUND;
    memcpy(token, text, NUMBER_TOKEN_LENGTH);
    token[0] = '#';
    enum loket_error result =
        refuse(seal_open((struct bound){token, NUMBER_TOKEN_LENGTH}, bytes, sizeof bytes, (uint8_t *)digits), error);
    if (result != LOKET_OK) return result;
    if (text[0] == '*') number_mask(digits);
    buffer_text(plain, digits);
    explicit_bzero(digits, sizeof digits);
    return LOKET_OK;
}
