/* The picture of a workflow: the order of its stages, its returns, and what a hostile file could put into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <tui/entry/flow_picture.h>
#include <tui/ui/text.h>

static const struct flow_stage standard[] = {
    {"intake", "Intake", "front_office"},
    {"verification", "Verification", "analyst"},
    {"correction", "Correction", "front_office"},
    {"drafting", "Drafting", "analyst"},
    {"review", "Review", "section_head"},
    {"approval", "Approval", "head"},
    {"closed", "Closed", ""},
};
static const struct flow_step steps[] = {
    {"intake", "verification", "Register"},  {"verification", "correction", "Return"}, {"verification", "drafting", "All good"},
    {"correction", "verification", "Again"}, {"drafting", "review", "Submit"},         {"review", "approval", "Initial"},
    {"review", "drafting", "Send back"},     {"approval", "closed", "Approve"},        {"verification", "closed", "Withdraw"},
};
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Does a line hold the text? */
static bool shows(const struct flow_picture *picture, const char *text) {
    for (size_t i = 0; i < picture->count; i++)
        if (strstr(picture->lines[i], text)) return true;
    return false;
}

static void a_stage_stands_below_what_leads_to_it(void **state) {
    (void)state;
    size_t layers[COUNT(standard)];
    bool returns[COUNT(steps)];
    static const size_t expected[] = {0, 1, 2, 2, 3, 4, 5};
    flow_layers(standard, COUNT(standard), steps, COUNT(steps), layers, returns);
    for (size_t i = 0; i < COUNT(standard); i++) assert_int_equal(layers[i], expected[i]);
    for (size_t i = 0; i < COUNT(steps); i++) assert_int_equal(returns[i], i == 3 || i == 6);
}

static void steps_back_are_told_as_returns(void **state) {
    (void)state;
    struct flow_picture picture;
    assert_true(flow_picture_draw(&picture, standard, COUNT(standard), steps, COUNT(steps), 80, true));
    assert_true(shows(&picture, "Review <-- Drafting: Send back"));
    assert_true(shows(&picture, "Review --> Approval: Initial"));
    assert_true(shows(&picture, "|section_head"));
    for (size_t i = 0; i < picture.count; i++)
        for (const char *p = picture.lines[i]; *p; p++) assert_true(*p >= 0x20 && *p < 0x7f);
    flow_picture_free(&picture);
    assert_true(flow_picture_draw(&picture, standard, COUNT(standard), steps, COUNT(steps), 80, false));
    assert_true(shows(&picture, "┌"));
    assert_true(shows(&picture, "Review ──▶ Approval: Initial"));
    flow_picture_free(&picture);
}

static void nothing_is_wider_than_the_screen(void **state) {
    (void)state;
    static const int widths[] = {5, 20, 40, 60, 80, 200};
    for (size_t w = 0; w < COUNT(widths); w++) {
        struct flow_picture picture;
        assert_true(flow_picture_draw(&picture, standard, COUNT(standard), steps, COUNT(steps), widths[w], false));
        for (size_t i = 0; i < picture.count; i++) assert_true(text_width(picture.lines[i]) <= (widths[w] < 20 ? 20 : widths[w]));
        flow_picture_free(&picture);
    }
}

/* A stage to itself, two in a circle that nothing reaches, a step from and to nowhere. */
static void a_circle_does_not_draw_for_ever(void **state) {
    (void)state;
    static const struct flow_stage stages[] = {{"a", "A", ""}, {"b", "B", ""}, {"c", "C", ""}};
    static const struct flow_step round[] = {
        {"a", "a", "self"}, {"b", "c", "on"}, {"c", "b", "back"}, {"x", "a", "from"}, {"a", "y", "to"}};
    size_t layers[3];
    bool returns[5];
    struct flow_picture picture;
    flow_layers(stages, 3, round, 5, layers, returns);
    assert_int_equal(layers[0], 0);
    assert_int_equal(layers[2], 1);
    assert_true(returns[0] && !returns[1] && returns[2] && returns[3] && returns[4]);
    assert_true(flow_picture_draw(&picture, stages, 3, round, 5, 60, true));
    assert_true(shows(&picture, "C <-- B: back"));
    assert_true(shows(&picture, "A <-- y: to"));
    flow_picture_free(&picture);
    assert_true(flow_picture_draw(&picture, NULL, 0, NULL, 0, 60, true));
    assert_int_equal(picture.count, 0);
}

/* Forty in a line, and each with a step to every other before it. */
static void forty_stages_are_all_there(void **state) {
    (void)state;
    static char codes[40][4];
    static struct flow_stage stages[40];
    static struct flow_step all[40 * 40];
    size_t count = 0, layers[40];
    bool returns[40 * 40];
    for (size_t i = 0; i < 40; i++) {
        (void)snprintf(codes[i], sizeof codes[i], "s%zu", i);
        stages[i] = (struct flow_stage){codes[i], codes[i], ""};
        if (i) all[count++] = (struct flow_step){codes[i - 1], codes[i], "on"};
        for (size_t j = 0; j < i; j++) all[count++] = (struct flow_step){codes[i], codes[j], "back"};
    }
    flow_layers(stages, 40, all, count, layers, returns);
    for (size_t i = 0; i < 40; i++) assert_int_equal(layers[i], i);
    struct flow_picture picture;
    assert_true(flow_picture_draw(&picture, stages, 40, all, count, 80, true));
    assert_int_equal(picture.count, 40 * 4 + count);
    flow_picture_free(&picture);
}

static void a_hostile_name_commands_no_terminal(void **state) {
    (void)state;
    static char longest[3000];
    memset(longest, 'x', sizeof longest - 1);
    const struct flow_stage stages[] = {{"a", "\033[2J\n%s%n", "\xff\xfe"}, {"b", longest, longest}};
    const struct flow_step one[] = {{"a", "b", "\033]0;x\a"}, {"b", longest, longest}};
    struct flow_picture picture;
    assert_true(flow_picture_draw(&picture, stages, 2, one, 2, 80, false));
    for (size_t i = 0; i < picture.count; i++) {
        for (const char *p = picture.lines[i]; *p; p++) assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
        assert_true(text_width(picture.lines[i]) <= 80);
    }
    assert_true(shows(&picture, "%s%n"));
    flow_picture_free(&picture);
}

int main(void) {
    (void)setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stage_stands_below_what_leads_to_it),
        cmocka_unit_test(steps_back_are_told_as_returns),
        cmocka_unit_test(nothing_is_wider_than_the_screen),
        cmocka_unit_test(a_circle_does_not_draw_for_ever),
        cmocka_unit_test(forty_stages_are_all_there),
        cmocka_unit_test(a_hostile_name_commands_no_terminal),
    };
    return cmocka_run_group_tests_name("flow_picture", tests, NULL, NULL);
}
