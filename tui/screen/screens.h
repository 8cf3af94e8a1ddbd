/* The screens and how they are opened. A stage's screen is one row of the table in table.c. */
#ifndef TUI_SCREEN_SCREENS_H
#define TUI_SCREEN_SCREENS_H

#include <tui/app.h>

void login_open(struct app *app);
/* Logs in by a certificate of this host, where loket was called so: --ssh. Called when there is a line. */
void login_by_certificate(struct app *app);
/* Ends the session; back to the login. */
void logout_open(struct app *app);
void queue_open(struct app *app);
void palette_open(struct app *app);
void password_open(struct app *app);
void search_open(struct app *app);
void intake_open(struct app *app);
void users_open(struct app *app);
void audit_open(struct app *app);
/* Who left the order of work, and patterns; the numbers that these go by. */
void fairness_open(struct app *app);
void thresholds_open(struct app *app);
/* Who is away, and who stands for them. */
void absences_open(struct app *app);
/* Files whose retention is over, and their disposal; notices that did not go out. */
void disposals_open(struct app *app);
/* Whose personal data no law keeps any more, and its erasure; a proposal of one, from another screen, on the ground `request` or
 * `retention`. */
void erasures_open(struct app *app);
void erasure_propose(struct screen *screen, int64_t application_id, const char *ground, const char *reason, app_reply *done);
void notices_open(struct app *app);
/* The data of an application's applicant, to be corrected; records that may be one applicant. */
void applicant_open(struct app *app, int64_t application_id);
void duplicates_open(struct app *app);
/* The office's workflows and permit types, to be read and changed. */
void rules_open(struct app *app);
void track_open(struct app *app);
void calendar_open(struct app *app);
void warnings_open(struct app *app);
void permits_open(struct app *app);
/* Intake of a renewal, filled in from the permit of that number. */
void renewal_open(struct app *app, const char *permit_number);
/* Intake of a further permit in the visit of that application, which has this PIN. */
void beside_open(struct app *app, int64_t application_id, const char *pin);
/* A revocation of that permit begins. */
void revoke_open(struct app *app, const Loket__PermitRow *permit);
/* One-time codes: set up, or set up again. */
void codes_open(struct app *app);
/* The open sessions: one's own, or (for an administrator) another user's. */
void sessions_open(struct app *app);
void sessions_of_open(struct app *app, int64_t user_id, const char *name);
/* What one administrator asked for and another decides. */
void accounts_open(struct app *app);
/* Hides everything until the password was given again. */
void lock_screen(struct app *app);
/* Indonesian or English: the other one, kept in the user's profile. */
void language_switch(struct app *app);
/* Uses "id" or "en" from now on. */
void language_use(const char *language);
/* Everything about one application, to read. */
void application_open(struct app *app, int64_t application_id);

/* The documents of one application: files in, what the office wrote, copies. */
void documents_open(struct app *app, int64_t application_id);
/* A document as it would be now: of a kind that is chosen, or of `kind` at once. */
void preview_open(struct app *app, int64_t application_id);
void preview_ask(struct screen *screen, int64_t application_id, const char *kind);
/* A file of that application moved on: drawn again where it is shown. */
void documents_changed(struct app *app, int64_t application_id);
/* A change of its permit, to be proposed; and the changes that wait for the head. */
void proposal_open(struct app *app, int64_t application_id);
void changes_open(struct app *app);

/* Money: the bills that are open; one bill; refunds and waivers that wait; the bank's file. */
void payments_open(struct app *app);
void bill_open(struct app *app, int64_t application_id);
void money_proposals_open(struct app *app);
void bank_import_open(struct app *app);
/* A waiver of an application's levy, or a refund of one of the bill's payments (`bill` is copied), to be proposed. */
void waiver_open(struct app *app, int64_t application_id);
void refund_open(struct app *app, const Loket__BillOpenReply *bill);

/* A section head gives work of that role to somebody. */
void assign_open(struct app *app, int64_t task_id, const char *role);

/* The stages' screens. */
void verify_open(struct app *app, int64_t application_id, int64_t task_id);
void correction_open(struct app *app, int64_t application_id, int64_t task_id);
void assignment_open(struct app *app, int64_t application_id, int64_t task_id);
void report_open(struct app *app, int64_t application_id, int64_t task_id);
void draft_open(struct app *app, int64_t application_id, int64_t task_id);
void payment_open(struct app *app, int64_t application_id, int64_t task_id);
void review_open(struct app *app, int64_t application_id, int64_t task_id);
void approval_open(struct app *app, int64_t application_id, int64_t task_id);
void signing_stage_open(struct app *app, int64_t application_id, int64_t task_id);
void handover_open(struct app *app, int64_t application_id, int64_t task_id);
void archive_open(struct app *app, int64_t application_id, int64_t task_id);
void added_stage_open(struct app *app, int64_t application_id, int64_t task_id);

/* The screen of a stage, for a row of the queue. */
struct stage_screen {
    const char *stage, *role; /* NULL: any */
    void (*open)(struct app *app, int64_t application_id, int64_t task_id);
    const char *method, *action; /* what F10 does to all marked rows at once, by StepRequest; NULL: nothing */
    const char *question;        /* asked before, a msgid with the number of rows */
};
/* NULL: the stage has no screen for this user; the application is read instead. */
const struct stage_screen *stage_screen_find(const struct app *app, const char *stage);

/* A screen that can be gone to: by the palette, and by g and a letter in lists. */
struct place {
    char letter;
    const char *name; /* a msgid */
    const char *role; /* NULL: everybody */
    void (*open)(struct app *app);
};
extern const struct place places[]; /* ended by a row without name */

/* May whoever is logged in go there? */
bool place_offered(const struct app *app, const struct place *place);
/* All that are offered, each with its letter, in as many columns as they need. */
void places_draw(const struct app *app, int row, int rows);

#endif
