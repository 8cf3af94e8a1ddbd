/* Users and roles, and what happened. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method admin_methods[] = {
    {"admin.users", METHOD_READ, AT_DATABASE, ROLE_ADMIN | ROLE_AUDITOR, MESSAGE(admin_users_request), MESSAGE(admin_users_reply)},
    {"admin.user_save", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(admin_user_save_request), MESSAGE(admin_user_save_reply)},
    {"audit.list", METHOD_READ, AT_DATABASE, ROLE_ADMIN | ROLE_AUDITOR, MESSAGE(audit_list_request), MESSAGE(audit_list_reply)},
    {.name = NULL},
};
