/* Money: bills, payments, refunds and waivers (one proposes, another decides), and the bank's files. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

#define PROPOSALS (ROLE_TREASURER | ROLE_ANALYST | ROLE_SECTION_HEAD | ROLE_HEAD | ROLE_AUDITOR | ROLE_MANAGER)

const struct method money_methods[] = {
    {"payment.confirm", METHOD_WRITE, AT_DATABASE, ROLE_TREASURER, MESSAGE(payment_confirm_request), MESSAGE(step_reply)},
    {"bill.open", METHOD_READ, AT_DATABASE, PROPOSALS, MESSAGE(bill_open_request), MESSAGE(bill_open_reply)},
    {"bill.list", METHOD_READ, AT_DATABASE, ROLE_TREASURER | ROLE_AUDITOR | ROLE_MANAGER, MESSAGE(bill_list_request),
     MESSAGE(bill_list_reply)},
    {"refund.propose", METHOD_WRITE, AT_DATABASE, ROLE_TREASURER, MESSAGE(refund_propose_request), MESSAGE(empty)},
    {"waiver.propose", METHOD_WRITE, AT_DATABASE, ROLE_TREASURER | ROLE_ANALYST, MESSAGE(waiver_propose_request), MESSAGE(empty)},
    {"money.proposals", METHOD_READ, AT_DATABASE, PROPOSALS, MESSAGE(empty), MESSAGE(money_proposals_reply)},
    {"money.decide", METHOD_WRITE, AT_DATABASE, ROLE_SECTION_HEAD | ROLE_HEAD, MESSAGE(money_decide_request), MESSAGE(empty)},
    {"payments.import", METHOD_WRITE, AT_DATABASE, ROLE_TREASURER, MESSAGE(payments_import_request),
     MESSAGE(payments_import_reply)},
    {"payments.preview", METHOD_READ, AT_DATABASE, ROLE_TREASURER, MESSAGE(payments_preview_request),
     MESSAGE(payments_preview_reply)},
    {"payments.apply", METHOD_WRITE, AT_DATABASE, ROLE_TREASURER, MESSAGE(payments_apply_request), MESSAGE(payments_apply_reply)},
    {.name = NULL},
};
