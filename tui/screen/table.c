/* Which screen a stage has, and which screens can be gone to. A new stage is a row here and a file beside it. */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <tui/lock.h>
#include <tui/screen/screens.h>
#include <tui/screen/signing.h>
#include <tui/ui/text.h>

static const struct stage_screen stages[] = {
    {"verification", "analyst", verify_open, NULL, NULL, NULL},
    {"correction", "front_office", correction_open, NULL, NULL, NULL},
    {"inspection", "technical_coordinator", assignment_open, NULL, NULL, NULL},
    {"inspection", "surveyor", report_open, NULL, NULL, NULL},
    {"drafting", "analyst", draft_open, NULL, NULL, NULL},
    {"payment", "treasurer", payment_open, NULL, NULL, NULL},
    {"review", "section_head", review_open, "review.decide", "initial", N_("Initial %s applications?")},
    {"approval", "head", approval_open, "approval.decide", "approve", N_("Approve %s applications?")},
    {"signing", "head", signing_stage_open, NULL, NULL, NULL},
    {"handover", "front_office", handover_open, NULL, NULL, NULL},
    {"archive", "archivist", archive_open, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

/* Any other stage that people work in is one that the office added. */
static const struct stage_screen added = {NULL, NULL, added_stage_open, NULL, NULL, NULL};

static void queue_show(struct app *app) {
    while (app->top && app->top->below) app_pop(app);
}

void lock_screen(struct app *app) {
    lock_close(app->lock);
}

const struct place places[] = {
    {'q', N_("My queue"), NULL, queue_show},
    {'f', N_("Find an application"), NULL, search_open},
    {'n', N_("New application"), "front_office", intake_open},
    {'u', N_("Users"), "admin", users_open},
    {'u', N_("Users"), "auditor", users_open},
    {'r', N_("Rules"), "admin", rules_open},
    {'r', N_("Rules"), "auditor", rules_open},
    {'a', N_("Audit log"), "admin", audit_open},
    {'a', N_("Audit log"), "auditor", audit_open},
    {'k', N_("To sign"), "head", signing_open},
    {'c', N_("Changes of permits"), "head", changes_open},
    {'c', N_("Changes of permits"), "section_head", changes_open},
    {'c', N_("Changes of permits"), "analyst", changes_open},
    {'c', N_("Changes of permits"), "auditor", changes_open},
    {'w', N_("Warnings"), "section_head", warnings_open},
    {'w', N_("Warnings"), "head", warnings_open},
    {'e', N_("Permits"), "front_office", permits_open},
    {'e', N_("Permits"), "analyst", permits_open},
    {'e', N_("Permits"), "section_head", permits_open},
    {'e', N_("Permits"), "head", permits_open},
    {'e', N_("Permits"), "archivist", permits_open},
    {'e', N_("Permits"), "manager", permits_open},
    {'e', N_("Permits"), "auditor", permits_open},
    {'y', N_("Working days"), "admin", calendar_open},
    {'y', N_("Working days"), "auditor", calendar_open},
    {'b', N_("Payments"), "treasurer", payments_open},
    {'b', N_("Payments"), "auditor", payments_open},
    {'b', N_("Payments"), "manager", payments_open},
    {'r', N_("Refunds and waivers"), "head", money_proposals_open},
    {'r', N_("Refunds and waivers"), "section_head", money_proposals_open},
    {'r', N_("Refunds and waivers"), "treasurer", money_proposals_open},
    {'r', N_("Refunds and waivers"), "analyst", money_proposals_open},
    {'r', N_("Refunds and waivers"), "auditor", money_proposals_open},
    {'r', N_("Refunds and waivers"), "manager", money_proposals_open},
    {'d', N_("Fairness"), "auditor", fairness_open},
    {'d', N_("Fairness"), "manager", fairness_open},
    {'d', N_("Thresholds"), "admin", thresholds_open},
    {'d', N_("Possible duplicates"), "section_head", duplicates_open},
    {'j', N_("Disposal of archives"), "archivist", disposals_open},
    {'j', N_("Disposal of archives"), "head", disposals_open},
    {'j', N_("Disposal of archives"), "auditor", disposals_open},
    {'j', N_("Erasure of personal data"), "front_office", erasures_open},
    {'m', N_("Notices"), "front_office", notices_open},
    {'m', N_("Notices"), "admin", notices_open},
    {'m', N_("Notices"), "auditor", notices_open},
    {'o', N_("Absence"), NULL, absences_open},
    {'t', N_("Follow an application"), NULL, track_open},
    {'l', N_("Bahasa Indonesia / English"), NULL, language_switch},
    {'x', N_("Log out"), NULL, logout_open},
    {'p', N_("Change password"), NULL, password_open},
    {'h', N_("One-time codes"), NULL, codes_open},
    {'i', N_("My sessions"), NULL, sessions_open},
    {'z', N_("Lock the screen"), NULL, lock_screen},
    {'v', N_("Waiting for a second administrator"), "admin", accounts_open},
    {'v', N_("Waiting for a second administrator"), "auditor", accounts_open},
    {0, NULL, NULL, NULL},
};

bool place_offered(const struct app *app, const struct place *place) {
    return !place->role || app_has_role(app, place->role);
}

/* A place that several roles have is one row to somebody with more than one of them. */
static bool place_said(const struct app *app, const struct place *place) {
    for (const struct place *other = places; other != place; other++)
        if (other->open == place->open && place_offered(app, other)) return true;
    return false;
}

void places_draw(const struct app *app, int row, int rows) {
    int at = 0, width = COLS / 2 - 2;
    for (const struct place *place = places; place->name; place++) {
        if (!place_offered(app, place) || place_said(app, place)) continue;
        int column = at / rows;
        if (column > 1) return;
        char line[120];
        (void)snprintf(line, sizeof line, "g %c  %s", place->letter, _(place->name));
        text_draw(row + at++ % rows, 2 + column * width, width, line);
    }
}

const struct stage_screen *stage_screen_find(const struct app *app, const char *stage) {
    bool known = false;
    for (const struct stage_screen *row = stages; row->stage; row++) {
        if (strcmp(row->stage, stage) != 0) continue;
        if (!row->role || app_has_role(app, row->role)) return row;
        known = true;
    }
    return known ? NULL : &added;
}
