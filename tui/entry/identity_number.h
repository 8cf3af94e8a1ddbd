/* Numbers that people and companies are known by, checked while they are typed. The database checks them again; the rules and
 * the messages are the same (sql/api/00_rule_check.sql). Messages are msgids; NULL means that the number is good. */
#ifndef TUI_ENTRY_IDENTITY_NUMBER_H
#define TUI_ENTRY_IDENTITY_NUMBER_H

#include <stddef.h>

/* What a NIK tells of its holder. */
struct nik_facts {
    char birth_on[11]; /* ISO; the century that makes the holder 17 to 116 years old, else the 2000s */
    char gender;       /* 'm' or 'f' */
};

/* NIK: 2 digits province, 2 regency, 2 district, DDMMYY of birth (a woman's day + 40), 4 serial. Permendagri 19/2010. `this_year`
 * decides the century; `facts` may be NULL. */
const char *nik_check(const char *nik, int this_year, struct nik_facts *facts);

/* NPWP: 15 digits whose 9th checks the first 8 (Luhn), or 16: a NIK, or 0 and the old 15. PMK 112/2022. Dots, dashes and blanks are
 * allowed; `digits` gets them without (17 bytes). */
const char *npwp_check(const char *npwp, char digits[17]);

/* NIB: 13 digits. PP 5/2021. */
const char *nib_check(const char *nib);

const char *phone_check(const char *phone);
const char *email_check(const char *email);

#endif
