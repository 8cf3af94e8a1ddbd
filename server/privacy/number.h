/* Identity numbers (NIK, NPWP) between a message and the database, which never keeps one:
 *
 *   TOKEN   "#" and 40 hexadecimal digits: HMAC-SHA-256 of the digits with the index key, cut to 160 bits. Equal numbers have equal
 *           tokens, so that the database finds, compares and keeps them unique by it; nothing leads back.
 *   SHAPE   a number that is right or wrong in the same way, without what makes it one person's: for the database's checks. Goes in
 *           beside the token ("TOKEN:SHAPE") and is kept nowhere.
 *   SEALED  the digits under a key of the keyring, bound to the token, in hexadecimal: kept once, in identity.number. Comes out
 * beside the token ("TOKEN:SEALED"; with "*" in the place of "#" only a mask of it is to be shown). */
#ifndef SERVER_PRIVACY_NUMBER_H
#define SERVER_PRIVACY_NUMBER_H

#include <loket/error.h>
#include <server/buffer.h>
#include <stdbool.h>
#include <stddef.h>

#define NUMBER_DIGITS       16u
#define NUMBER_TOKEN_LENGTH 41u
#define NUMBER_SEALED_BYTES 48u /* 16 digits (15 end in a zero byte) and the seal */
#define NUMBER_SEALED_HEX   (2u * NUMBER_SEALED_BYTES)

/* What counts as a number. */
enum number_kind {
    NUMBER_FIELD, /* where one is asked for, also a search */
    NUMBER_ANY    /* a text in which somebody may have put one: 16 digits, or 15 with the check digit of an NPWP */
};

/* The digits of `text` when it is such a number: 15 or 16 of them, maybe parted by points, dashes and blanks. */
bool number_parse(const char *text, enum number_kind kind, char digits[NUMBER_DIGITS + 1]);

struct number_forms {
    char token[NUMBER_TOKEN_LENGTH + 1], shape[NUMBER_DIGITS + 1], sealed[NUMBER_SEALED_HEX + 1];
};

/* False without a keyring. */
bool number_forms_make(const char *digits, struct number_forms *forms);
bool number_seal(const char *digits, const char *token, char sealed[NUMBER_SEALED_HEX + 1]);

/* Does a text begin as a token does ("#..." or "*...")? The length is that of the whole text. */
bool number_is_token(const char *text, size_t size);
/* The sealed form again, under the key of today. As number_open. */
enum loket_error number_reseal(const char *token, const uint8_t sealed[NUMBER_SEALED_BYTES], uint8_t fresh[NUMBER_SEALED_BYTES],
                               struct error *error);
/* The number behind "TOKEN:SEALED", or its mask, appended to `plain`. NOT_FOUND: it is none. UNAVAILABLE: its key is not here.
 * INTERNAL: it was tampered with. */
enum loket_error number_open(const char *text, size_t size, struct buffer *plain, struct error *error);
/* "1871********0001", as the database masks. */
void number_mask(char digits[NUMBER_DIGITS + 1]);

#endif
