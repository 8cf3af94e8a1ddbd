/* One question, one answer on standard output: what a bank's script or a policeman asks. */
#include <event2/event.h>
#include <proto/client.h>
#include <proto/loket.pb-c.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <tui/ui/text.h>
#include <tui/verify_code.h>

#define PATIENCE_SECONDS 15

struct question {
    struct event_base *base;
    int code;
};

static void print_pair(const char *label, const char *value) {
    char plain[400];
    if (!value[0]) return;
    text_plain(value, plain, sizeof plain);
    printf("  %s: %s\n", label, plain);
}

static void on_verified(struct client *client, const ProtobufCMessage *message, const struct error *error, void *data) {
    (void)client;
    struct question *question = data;
    char text[400], date[40];
    event_base_loopexit(question->base, NULL);
    if (error) {
        char plain[400];
        text_message(error->message, error->argument, text, sizeof text);
        text_plain(text, plain, sizeof plain);
        (void)fprintf(stderr, "loket: %s\n", plain);
        return;
    }
    const Loket__PublicVerifyReply *r = (const Loket__PublicVerifyReply *)message;
    question->code = strcmp(r->status, "current") == 0 ? EX_OK : 1;
    if (!r->code[0]) {
        printf("%s\n", _("No permit has this code: it is not genuine."));
        return;
    }
    text_message(N_("Genuine. Status: %s"),
                 text_word(strcmp(r->status, "refusal") == 0 ? "letter of refusal, no permit" : r->status), text, sizeof text);
    char plain[400];
    text_plain(text, plain, sizeof plain);
    printf("%s\n", plain);
    print_pair(_("Office"), r->office_name);
    print_pair(_("Number"), r->number);
    print_pair(_("Permit"), r->permit_name);
    print_pair(_("Holder"), r->holder);
    text_date(r->issued_on, date, sizeof date);
    print_pair(_("Issued on"), date);
    text_date(r->valid_until_on, date, sizeof date);
    if (r->valid_until_on[0]) print_pair(_("Valid until"), date);
    text_date(r->erased_on, date, sizeof date);
    if (r->erased_on[0]) print_pair(_("Personal data erased on"), date);
    print_pair(_("Reason"), r->reason);
    print_pair(_("Signed by"), r->signer);
    print_pair("SHA-256", r->sha256);
}

static void on_line(struct client *client, enum client_line line, const char *why, void *data) {
    (void)client;
    (void)line;
    (void)data;
    if (why) (void)fprintf(stderr, "loket: %s\n", _(why));
}

int verify_code(const struct options *options) {
    struct question question = {event_base_new(), EX_UNAVAILABLE};
    (void)signal(SIGPIPE, SIG_IGN);
    const struct client_options line = {options->server, options->ca, options->server_name, options->certificate,
                                        options->certificate_key};
    const struct client_hooks hooks = {.line = on_line};
    struct timeval patience = {PATIENCE_SECONDS, 0};
    struct error error = {.code = LOKET_OK};
    Loket__PublicVerifyRequest request = LOKET__PUBLIC_VERIFY_REQUEST__INIT;
    struct client *client = question.base ? client_new(question.base, &line, &hooks, &error) : NULL;
    request.office = (char *)(options->office ? options->office : "");
    request.code = (char *)options->verify;
    if (client && client_call(client, "public.verify", &request.base, NULL, &loket__public_verify_reply__descriptor, on_verified,
                              &question, &error)) {
        client_start(client);
        (void)event_base_loopexit(question.base, &patience);
        (void)event_base_dispatch(question.base);
    } else {
        char text[400];
        text_message(error.message, error.argument, text, sizeof text);
        (void)fprintf(stderr, "loket: %s\n", text);
        question.code = EX_CONFIG;
    }
    client_free(client);
    if (question.base) event_base_free(question.base);
    return question.code;
}
