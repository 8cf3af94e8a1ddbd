/* Sessions, one-time codes, proofs of presence, and the second administrator. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method identity_methods[] = {
    {"auth.unlock", METHOD_READ, AT_AUTH, ROLE_EVERYONE, MESSAGE(auth_prove_request), MESSAGE(empty)},
    {"auth.prove", METHOD_READ, AT_AUTH, ROLE_EVERYONE, MESSAGE(auth_prove_request), MESSAGE(empty)},
    {"auth.code_begin", METHOD_WRITE, AT_AUTH, ROLE_EVERYONE, MESSAGE(auth_code_begin_request), MESSAGE(auth_code_begin_reply)},
    {"auth.code_confirm", METHOD_WRITE, AT_AUTH, ROLE_EVERYONE, MESSAGE(auth_code_confirm_request),
     MESSAGE(auth_code_confirm_reply)},
    {"session.list", METHOD_READ, AT_DATABASE, ROLE_EVERYONE, MESSAGE(empty), MESSAGE(session_list_reply)},
    {"session.end", METHOD_WRITE, AT_DATABASE, ROLE_EVERYONE, MESSAGE(session_end_request), MESSAGE(empty)},
    {"admin.sessions", METHOD_READ, AT_DATABASE, ROLE_ADMIN | ROLE_AUDITOR, MESSAGE(admin_sessions_request),
     MESSAGE(session_list_reply)},
    {"admin.session_end", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(session_end_request), MESSAGE(empty)},
    {"admin.codes_reset", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(codes_reset_request), MESSAGE(empty)},
    {"admin.changes", METHOD_READ, AT_DATABASE, ROLE_ADMIN | ROLE_AUDITOR, MESSAGE(empty), MESSAGE(account_changes_reply)},
    {"admin.change_decide", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(account_change_decide_request), MESSAGE(empty)},
    {.name = NULL},
};
