/* An office's data files: every mistake is told with its file, line and key; a good catalogue becomes one document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <server/catalogue.h>
#include <server/catalogue_rules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFICE                                                                                                                     \
    "[office]\ncode = uji\nname = Kantor \"Uji\"\ncity = Kota Uji\ntime_zone = Asia/Jakarta\n"                                     \
    "weekly_off = saturday, sunday\n[hours]\nmonday = 08:00-12:00, 13:00-16:00\n"
#define UNITS     "[unit:DINKES]\nname = Dinas Kesehatan\ndepartment = yes\n"
#define HOLIDAYS  "[holidays]\n2026-08-17 = Proklamasi Kemerdekaan\n"
#define PROVINCES "[provinces]\n18 = Lampung\n"
#define WORKFLOW                                                                                                                   \
    "[workflow]\ncode = standard\n[stage:intake]\nname = Intake\nrole = front_office\n"                                            \
    "[stage:closed]\nname = Closed\nkind = end\n"                                                                                  \
    "[step:intake.submit]\nto = closed\nrole = front_office\nlabel = Register\n"
#define PERMIT                                                                                                                     \
    "[permit]\ncode = TES\nname = Izin uji\nsector = uji\nservice_days = 3\nvalid_years = 5\n"                                     \
    "number_pattern = 503/{NNNN}/{YYYY}\nworkflow = standard\n"
#define FIELD  "[field:area]\nlabel = Luas\ntype = number\n"
#define TABLE  "[column:staff.name]\nlabel = Nama\ntype = text\n[field:staff]\nlabel = Tenaga\ntype = table\n"
#define CHOICE "[field:own]\nlabel = Mandiri\ntype = choice\nchoices = yes=Ya | no=Tidak\n"

static const struct {
    const char *rule, *text;
} good[] = {{"office", OFFICE},       {"units", UNITS},       {"holidays", HOLIDAYS},
            {"provinces", PROVINCES}, {"workflow", WORKFLOW}, {"permit", PERMIT FIELD CHOICE TABLE}};

/* The good catalogue with one of its files replaced by `text` (none when `rule` is NULL), checked. */
static void read_with(struct catalogue *catalogue, const char *rule, const char *text) {
    catalogue_init(catalogue);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        bool replaced = rule && strcmp(rule, good[i].rule) == 0;
        catalogue_read_text(catalogue, good[i].rule, file_rule_find(good[i].rule), replaced ? text : good[i].text);
    }
    catalogue_check(catalogue);
}

/* One mistake, and which; `text` begins the message that "file:line: " stands before. */
static const struct {
    const char *rule, *text, *mistake;
} wrongs[] = {
    {"office", OFFICE "sunday = 8-12\n", "office:9: [hours] sunday: \"8-12\" is not of the form 08:00-12:00"},
    {"office", OFFICE "tuesday = 08:00-12:00, 11:00-13:00\n",
     "office:9: [hours] tuesday: \"11:00-13:00\" begins before the one ahead of it ends"},
    {"office", OFFICE "[office]\ncode = uji\nname = x\ncity = y\ntime_zone = UTC\n", "office:9: [office] is there twice"},
    {"office", OFFICE "lunch = no\n", "office:9: [hours] lunch: is not a key of this section"},
    {"office", "[office]\ncode = Uji\nname = x\ncity = y\ntime_zone = UTC\n[hours]\n", "office:2: [office] code: "},
    {"office", "[office]\ncode = uji\nname = x\ntime_zone = UTC\n[hours]\n", "office:1: [office] city: is missing"},
    {"office", "code = uji\n" OFFICE, "office:1: code: stands before the first section"},
    {"office", OFFICE "nonsense\n", "office:9: is neither a [section], nor key = value, nor a comment"},
    {"units", UNITS "department = maybe\n", "units:4: [unit:DINKES] department: is given twice"},
    {"units", UNITS "[unit:PUPR]\nname = x\ndepartment = maybe\n",
     "units:6: [unit:PUPR] department: \"maybe\" is neither yes nor no"},
    {"units", UNITS "[team:PUPR]\n", "units:4: [team:PUPR] is not a section of this file"},
    {"units", "; none\n", "units:1: the section [unit:...] is missing"},
    {"holidays", HOLIDAYS "2026-02-29 = x\n", "holidays:3: [holidays] 2026-02-29: the day 2026-02-29 does not exist"},
    {"holidays", HOLIDAYS "17-08-2026 = x\n", "holidays:3: [holidays] 17-08-2026: "},
    {"provinces", PROVINCES "5 = x\n", "provinces:3: [provinces] 5: "},
    {"permit", PERMIT "service = 3\n", "permit:9: [permit] service: is not a key of this section"},
    {"permit", PERMIT "departments = DINKES, DINAS\n", "permit:9: [permit] departments: units.ini has no [unit:DINAS]"},
    {"permit", PERMIT "visit = sometimes\n", "permit:9: [permit] visit: "},
    {"permit", PERMIT "due_days = 0\n", "permit:9: [permit] due_days: 0 is not between 1 and 365"},
    {"permit", PERMIT "levy_formula = 1 +\n", "permit:9: [permit] levy_formula: column 19: ends where"},
    {"permit", PERMIT "levy_formula = 1\n  + nothing\n", "permit:10: [permit] levy_formula: column 5: there is no [levy:nothing]"},
    {"permit", PERMIT "levy_formula = own\n" CHOICE, "permit:9: [permit] levy_formula: column 16: [field:own] is a choice"},
    {"permit", PERMIT "visit = when own=yes\n", "permit:9: [permit] visit: there is no [field:own]"},
    {"permit", PERMIT "visit = when own=maybe\n" CHOICE, "permit:9: [permit] visit: \"maybe\" is not a choice of"},
    {"permit", PERMIT "valid_not_past = STR\n", "permit:9: [permit] valid_not_past: there is no [requirement:STR]"},
    {"permit", PERMIT "active_years = 2\ndisposal = destroy\n", "permit:10: [permit] inactive_years: is missing"},
    {"permit", PERMIT "disposal = burn\n", "permit:9: [permit] disposal: "},
    {"permit", PERMIT "short_workflow = shorter\n", "permit:9: [permit] short_workflow: there is no workflow \"shorter\""},
    {"permit", PERMIT "lapse_days = 0\n", "permit:9: [permit] lapse_days: 0 is not between 1 and 365"},
    {"permit", PERMIT "deemed_approval = yes\n", "permit:9: [permit] deemed_basis: is missing"},
    {"permit", PERMIT "deemed_approval = yes\ndeemed_basis = UU\n",
     "permit:9: [permit] deemed_approval: the workflow has no step \"deem\""},
    {"permit", PERMIT "[field:xx]\nlabel = x\ntype = colour\n", "permit:11: [field:xx] type: \"colour\" is not one of"},
    {"permit", PERMIT "[field:xx]\nlabel = x\ntype = choice\n", "permit:9: [field:xx] choices: is missing"},
    {"permit", PERMIT FIELD "choices = a=A\n", "permit:12: [field:area] choices: is only for type = choice"},
    {"permit", PERMIT CHOICE "when = own=yes\n", "permit:13: [field:own] when: depends on itself"},
    {"permit", PERMIT CHOICE "[requirement:KTP]\nname = KTP\nwhen = own\n", "permit:15: [requirement:KTP] when: "},
    {"permit", PERMIT "[field:place]\nlabel = x\ntype = table\n", "permit:9: [field:place] type: a table needs a [column:place]"},
    {"permit", PERMIT "[field:place]\nlabel = x\ntype = text\nmax_rows = 2\n",
     "permit:12: [field:place] max_rows: is only for type = table"},
    {"permit", PERMIT TABLE "min_rows = 101\n", "permit:12: [field:staff] min_rows: is more than max_rows"},
    {"permit", PERMIT TABLE "max_rows = 501\n", "permit:15: [field:staff] max_rows: 501 is not between 1 and 500"},
    {"permit", PERMIT FIELD "[column:area.name]\nlabel = x\ntype = text\n",
     "permit:12: [column:area.name] there is no [field:area] of the type table"},
    {"permit", PERMIT "[column:staff]\nlabel = x\ntype = text\n", "permit:9: [column:staff] \"staff\" is not of the form"},
    {"permit", PERMIT "[field:staff]\nlabel = x\ntype = table\n[column:staff.name]\nlabel = x\ntype = table\n",
     "permit:14: [column:staff.name] type: \"table\" is not one"},
    {"permit", PERMIT "[field:plan]\nlabel = x\ntype = file\n", "permit:9: [field:plan] requirement: is missing"},
    {"permit", PERMIT "[field:plan]\nlabel = x\ntype = file\nrequirement = PLAN\n",
     "permit:12: [field:plan] requirement: there is no [requirement:PLAN]"},
    {"office", "[office]\ncode = uji\nname = x\ncity = y\ntime_zone = UTC\nbounds = 1, 2, 3\n[hours]\n",
     "office:6: [office] bounds: is not of the form south, west, north, east"},
    {"office", "[office]\ncode = uji\nname = x\ncity = y\ntime_zone = UTC\nbounds = 1, nan, 3, 4\n[hours]\n",
     "office:6: [office] bounds: \"nan\" is not a number"},
    {"office", "[office]\ncode = uji\nname = x\ncity = y\ntime_zone = UTC\nbounds = -5, 105, -6, 106\n[hours]\n",
     "office:6: [office] bounds: has its south above its north"},
    {"permit", PERMIT "[checklist:DINAS]\naa = b\n", "permit:9: [checklist:DINAS] units.ini has no [unit:DINAS]"},
    {"permit", PERMIT "[checklist:*]\naa = b\n[checklist:DINKES]\naa = c\n",
     "permit:12: [checklist:DINKES] aa: stands in [checklist:*] too"},
    {"permit", PERMIT CHOICE "[levy:aa]\nname = x\nlegal_basis = y\nprice = 1\nvalid_from = 2026-01-01\nquantity = own\n",
     "permit:18: [levy:aa] quantity: [field:own] is not a number"},
    {"permit", PERMIT "[levy:aa]\nname = x\nlegal_basis = y\nprice = -1\nvalid_from = 2026-01-01\n",
     "permit:12: [levy:aa] price: "},
    {"permit",
     "[permit]\ncode = TES\nname = x\nsector = y\nservice_days = 0\nvalid_years = 5\n"
     "number_pattern = {NNNN}/{YYYY}\nworkflow = standard\n",
     "permit:5: [permit] service_days: 0 is not between 1 and 365"},
    {"permit",
     "[permit]\ncode = TES\nname = x\nsector = y\nservice_days = 1\nvalid_years = 5\n"
     "number_pattern = {NNNN}\nworkflow = other\n",
     "permit:7: [permit] number_pattern: must have the year"},
    {"workflow", WORKFLOW "outcome = forgotten\n", "workflow:13: [step:intake.submit] outcome: \"forgotten\" is not one of"},
    {"workflow", WORKFLOW "guards = often\n", "workflow:13: [step:intake.submit] guards: \"often\" is not one of"},
    {"workflow", WORKFLOW "[stage:attic]\nname = Attic\nrole = archivist\n",
     "workflow:13: [stage:attic] no step leads here from the first stage"},
    {"workflow", WORKFLOW "[step:intake.submit]\nto = closed\nrole = front_office\nlabel = x\n",
     "workflow:14: [step:intake.submit] to: the same step stands in line 9"},
    {"workflow", WORKFLOW "[step:intake.skip]\nto = cellar\nrole = front_office\nlabel = x\n",
     "workflow:14: [step:intake.skip] to: there is no [stage:cellar]"},
    {"workflow", WORKFLOW "[step:closed.reopen]\nto = intake\nrole = front_office\nlabel = x\n",
     "workflow:13: [step:closed.reopen] leaves a stage of the kind end"},
    {"workflow",
     WORKFLOW "[step:intake.skip]\nto = desk\nrole = front_office\nlabel = x\n[step:desk.go]\nto = closed\n"
              "role = analyst\nlabel = x\n[stage:desk]\nname = x\nrole = analyst\ndemands = horoscope\n",
     "workflow:24: [stage:desk] demands: \"horoscope\" is not one of receipt, inspection_report"},
    {"workflow",
     WORKFLOW "[step:intake.skip]\nto = desk\nrole = front_office\nlabel = x\n[step:desk.go]\nto = closed\n"
              "role = analyst\nlabel = x\n[stage:desk]\nname = x\nrole = analyst\ndemands = receipt\n",
     "workflow:24: [stage:desk] demands: no stage before this one produces the document receipt"},
    {"workflow",
     WORKFLOW "[step:intake.skip]\nto = desk\nrole = front_office\nlabel = x\n[step:desk.go]\nto = closed\n"
              "role = analyst\nlabel = x\n[stage:desk]\nname = x\nrole = analyst\nproduces = bill\n",
     "workflow:24: [stage:desk] produces: the work in this stage does not write the document bill"},
    {"workflow", WORKFLOW "[step:intake]\nto = closed\nrole = front_office\nlabel = x\n",
     "workflow:13: [step:intake] \"intake\" is not of the form stage.action"},
};

static void a_mistake_is_told_with_file_line_and_key(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct catalogue catalogue;
        read_with(&catalogue, wrongs[i].rule, wrongs[i].text);
        if (!catalogue.mistake_count) fail_msg("nothing was wrong, but expected: %s", wrongs[i].mistake);
        const struct mistake *first = &catalogue.mistakes[0];
        const char *told = catalogue_text(&catalogue, "%s:%d: %s", first->path, first->line, first->text);
        if (strncmp(told, wrongs[i].mistake, strlen(wrongs[i].mistake)) != 0)
            fail_msg("expected: %s\n     got: %s", wrongs[i].mistake, told);
        catalogue_free(&catalogue);
    }
}

static void all_mistakes_are_told_in_the_order_of_their_lines(void **state) {
    (void)state;
    struct catalogue catalogue;
    read_with(&catalogue, "units", "[unit:a]\nname =\n[unit:B2]\ncolour = red\n");
    static const int lines[] = {1, 2, 3, 4};
    assert_int_equal(catalogue.mistake_count, 4);
    for (size_t i = 0; i < 4; i++) assert_int_equal(catalogue.mistakes[i].line, lines[i]);
    catalogue_free(&catalogue);
}

static void two_files_of_one_code_are_a_mistake(void **state) {
    (void)state;
    struct catalogue catalogue;
    catalogue_init(&catalogue);
    catalogue_read_text(&catalogue, "a.ini", file_rule_find("permit"), PERMIT);
    catalogue_read_text(&catalogue, "b.ini", file_rule_find("permit"), PERMIT);
    catalogue_read_text(&catalogue, "w.ini", file_rule_find("workflow"), WORKFLOW);
    catalogue_check(&catalogue);
    assert_int_equal(catalogue.mistake_count, 1);
    assert_string_equal(catalogue.mistakes[0].path, "b.ini");
    assert_string_equal(catalogue.mistakes[0].text, "[permit] code: TES is the code of a.ini");
    catalogue_free(&catalogue);
}

static void a_folder_without_files_is_a_mistake_for_each(void **state) {
    (void)state;
    struct catalogue catalogue;
    catalogue_init(&catalogue);
    catalogue_read(&catalogue, "/nonexistent");
    assert_int_equal(catalogue.mistake_count, 7); /* and the folder of templates */
    assert_string_equal(catalogue.mistakes[0].path, "/nonexistent/office.ini");
    catalogue_free(&catalogue);
}

static void a_good_catalogue_becomes_a_document(void **state) {
    (void)state;
    static const char *const parts[] = {
        "{\"demonstration\":true,\"office\":[[{\"kind\":\"office\",\"code\":\"\",\"values\":{\"code\":\"uji\"",
        "\"name\":\"Kantor \\\"Uji\\\"\"",
        "\"weekly_off\":[\"saturday\",\"sunday\"]",
        "\"monday\":[\"08:00-12:00\",\"13:00-16:00\"]",
        "{\"kind\":\"unit\",\"code\":\"DINKES\",\"values\":{\"name\":\"Dinas Kesehatan\",\"department\":true}}",
        "{\"kind\":\"holidays\",\"code\":\"\",\"rows\":[[\"2026-08-17\",\"Proklamasi Kemerdekaan\"]]}",
        "\"service_days\":3",
        "\"choices\":[\"yes=Ya\",\"no=Tidak\"]",
        "{\"kind\":\"step\",\"code\":\"intake.submit\",\"values\":{\"to\":\"closed\"",
    };
    struct catalogue catalogue;
    read_with(&catalogue, NULL, NULL);
    assert_int_equal(catalogue.mistake_count, 0);
    char *document = catalogue_json(&catalogue, true);
    assert_non_null(document);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(document, parts[i])) fail_msg("no %s in %s", parts[i], document);
    free(document);
    catalogue_free(&catalogue);
}

static void files_are_read_as_editors_leave_them(void **state) {
    (void)state;
    struct catalogue catalogue;
    read_with(&catalogue, "units",
              "\xEF\xBB\xBF[unit:DINKES]\r\n; a comment\r\nname = Dinas ; said behind\r\n"
              "\tKesehatan\r\n  Kota\r\n");
    assert_int_equal(catalogue.mistake_count, 0);
    const struct ini_section *unit = section_find(&catalogue.files[1], "unit", "DINKES");
    assert_string_equal(entry_value(unit, "name", ""), "Dinas Kesehatan Kota");
    assert_int_equal(entry_find(unit, "name")->line, 3);
    catalogue_free(&catalogue);
}

static void a_line_too_long_is_not_cut_but_told(void **state) {
    (void)state;
    char text[512];
    (void)snprintf(text, sizeof text, "[unit:DINKES]\nname = %0250d\n", 0);
    struct catalogue catalogue;
    read_with(&catalogue, "units", text);
    assert_int_equal(catalogue.mistake_count, 2);
    assert_string_equal(catalogue.mistakes[0].text, "[unit:DINKES] name: is missing");
    assert_int_equal(catalogue.mistakes[1].line, 2);
    assert_non_null(strstr(catalogue.mistakes[1].text, "longer than"));
    catalogue_free(&catalogue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_told_with_file_line_and_key),
        cmocka_unit_test(all_mistakes_are_told_in_the_order_of_their_lines),
        cmocka_unit_test(two_files_of_one_code_are_a_mistake),
        cmocka_unit_test(a_folder_without_files_is_a_mistake_for_each),
        cmocka_unit_test(a_good_catalogue_becomes_a_document),
        cmocka_unit_test(files_are_read_as_editors_leave_them),
        cmocka_unit_test(a_line_too_long_is_not_cut_but_told),
    };
    return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
