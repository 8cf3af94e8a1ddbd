/* Logging in and the session: the methods that touch a password go to the auth process. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method auth_methods[] = {
    {"auth.login", METHOD_PUBLIC, AT_AUTH, 0, MESSAGE(auth_login_request), MESSAGE(session_reply)},
    {"auth.login_certificate", METHOD_PUBLIC, AT_AUTH, 0, MESSAGE(auth_login_certificate_request), MESSAGE(session_reply)},
    {"auth.resume", METHOD_PUBLIC, AT_AUTH, 0, MESSAGE(auth_resume_request), MESSAGE(session_reply)},
    {"auth.logout", METHOD_WRITE, AT_DATABASE, ROLE_EVERYONE, MESSAGE(empty), MESSAGE(empty)},
    {"auth.change_password", METHOD_WRITE, AT_AUTH, ROLE_EVERYONE, MESSAGE(auth_change_password_request), MESSAGE(empty)},
    {"auth.reset_password", METHOD_WRITE, AT_AUTH, ROLE_ADMIN, MESSAGE(auth_reset_password_request),
     MESSAGE(auth_reset_password_reply)},
    {"session.language", METHOD_WRITE, AT_DATABASE, ROLE_EVERYONE, MESSAGE(session_language_request), MESSAGE(empty)},
    {"session.refused", METHOD_READ, AT_WORKER, ROLE_EVERYONE, MESSAGE(session_refused_request), MESSAGE(session_refused_reply)},
    {"session.ping", METHOD_READ, AT_DATABASE, ROLE_EVERYONE, MESSAGE(empty), MESSAGE(ping_reply)},
    {.name = NULL},
};
