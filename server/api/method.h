/* The method table: everything a client can ask for, who may ask, and how it is answered.
 *
 * Each stage is one file in server/api that ends in one table of these rows; reading the tables is reading
 * the server. The handler of a row is the binder (server/db/bind.h): the row's messages say what is sent
 * to the database and what comes back. Permission is checked here and again inside the api function, by
 * identity.method_role, which `loketd migrate` fills from these same rows. */
#ifndef SERVER_API_METHOD_H
#define SERVER_API_METHOD_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/* Roles as bits; the names are those of DOMAIN: see role_names in method.c. */
enum role {
    ROLE_FRONT_OFFICE = 1 << 0,
    ROLE_ANALYST = 1 << 1,
    ROLE_SECTION_HEAD = 1 << 2,
    ROLE_HEAD = 1 << 3,
    ROLE_TECHNICAL_COORDINATOR = 1 << 4,
    ROLE_SURVEYOR = 1 << 5,
    ROLE_TREASURER = 1 << 6,
    ROLE_ARCHIVIST = 1 << 7,
    ROLE_COMPLAINTS_OFFICER = 1 << 8,
    ROLE_AUDITOR = 1 << 9,
    ROLE_MANAGER = 1 << 10,
    ROLE_ADMIN = 1 << 11
};
#define ROLE_COUNT    12
#define ROLE_EVERYONE ((1u << ROLE_COUNT) - 1) /* any login */
#define ROLE_OFFICERS                                                                                                              \
    (ROLE_FRONT_OFFICE | ROLE_ANALYST | ROLE_SECTION_HEAD | ROLE_HEAD | ROLE_TECHNICAL_COORDINATOR | ROLE_SURVEYOR |               \
     ROLE_TREASURER | ROLE_ARCHIVIST)
#define ROLE_READERS (ROLE_EVERYONE & ~(unsigned)ROLE_ADMIN) /* who may read an application */

enum method_kind {
    METHOD_PUBLIC, /* nobody: no session; the function gets the client's address */
    METHOD_READ,   /* changes nothing; may be asked again at will */
    METHOD_WRITE   /* needs an idempotency key; its reply type ends in `announce text[]` */
};

enum method_place {
    AT_DATABASE, /* one function call on the worker's pool */
    AT_STANDBY,  /* the same, on a standby where one is near enough: for what may be some seconds old. Whatever a standby refuses,
                  * because it would have to write or does not know it yet, is asked again of the primary. What a reader's visit
                  * writes is written first, on the primary, by the method NAME_viewed (AT_WORKER) */
    AT_WORKER,   /* the same, but only the worker itself asks; to a client there is no such method */
    AT_AUTH      /* passed to the auth process, which alone may see a password hash */
};

struct method {
    const char *name; /* "intake.submit" */
    enum method_kind kind;
    enum method_place place;
    uint32_t roles; /* enum role bits; 0 for METHOD_PUBLIC */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *reply;
};

/* A stage's table, ended by a row whose name is NULL. */
extern const struct method auth_methods[], work_methods[], intake_methods[], verify_methods[], inspect_methods[], decide_methods[],
    archive_methods[], document_methods[], permit_methods[], revoke_methods[], visit_methods[], money_methods[], admin_methods[],
    public_methods[], time_methods[], fairness_methods[], rules_methods[], audit_methods[], identity_methods[], privacy_methods[],
    node_methods[], disposal_methods[], erasure_methods[];

/* The row of `name`, or NULL. O(log n). */
const struct method *method_find(const char *name);

/* All rows, sorted by name; *count is set. The array is static. */
const struct method *const *method_all(size_t *count);

/* The name of one role bit ("front_office"), NULL when it is none. */
const char *role_name(uint32_t role);
/* The bit of a role's name, 0 when it is none. */
uint32_t role_bit(const char *name);

#endif
