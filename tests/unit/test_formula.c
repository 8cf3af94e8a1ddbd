/* Formulas of levies: what is good becomes a tree, every mistake is told at its byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <server/buffer.h>
#include <server/formula.h>
#include <stdlib.h>
#include <string.h>

/* base, rate: items; area, sides: numbers; kind: a choice (billboard, banner); place: a text; twice: an item and a field. */
static enum formula_name name_kind(void *data, const char *name) {
    static const struct {
        const char *name;
        enum formula_name kind;
    } names[] = {{"base", NAME_ITEM},   {"rate", NAME_ITEM},   {"area", NAME_NUMBER}, {"sides", NAME_NUMBER},
                 {"kind", NAME_CHOICE}, {"place", NAME_OTHER}, {"twice", NAME_BOTH}};
    (void)data;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, name) == 0) return names[i].kind;
    return NAME_UNKNOWN;
}

static bool choice_known(void *data, const char *name, const char *code) {
    (void)data;
    return strcmp(name, "kind") == 0 && (strcmp(code, "billboard") == 0 || strcmp(code, "banner") == 0);
}

static const struct formula_names names = {name_kind, choice_known, NULL};

static void a_good_formula_becomes_its_tree(void **state) {
    static const struct {
        const char *text, *tree;
    } cases[] = {
        {"1", "[\"number\",\"1\"]"},
        {" base * area ", "[\"*\",[\"item\",\"base\"],[\"field\",\"area\"]]"},
        {"1 + 2 * 3", "[\"+\",[\"number\",\"1\"],[\"*\",[\"number\",\"2\"],[\"number\",\"3\"]]]"},
        {"(1 + 2) * 3", "[\"*\",[\"+\",[\"number\",\"1\"],[\"number\",\"2\"]],[\"number\",\"3\"]]"},
        {"3 - 2 - 1", "[\"-\",[\"-\",[\"number\",\"3\"],[\"number\",\"2\"]],[\"number\",\"1\"]]"},
        {"12 / 4 / 3", "[\"/\",[\"/\",[\"number\",\"12\"],[\"number\",\"4\"]],[\"number\",\"3\"]]"},
        {"-area", "[\"negative\",[\"field\",\"area\"]]"},
        {"min(1.5, base)", "[\"min\",[\"number\",\"1.5\"],[\"item\",\"base\"]]"},
        {"round(ceil(area))", "[\"round\",[\"ceil\",[\"field\",\"area\"]]]"},
        {"if(area >= 8, base, rate)",
         "[\"if\",[\">=\",[\"field\",\"area\"],[\"number\",\"8\"]],[\"item\",\"base\"],[\"item\",\"rate\"]]"},
        {"if(kind = 'banner', 1, 2)", "[\"if\",[\"is\",\"kind\",\"banner\"],[\"number\",\"1\"],[\"number\",\"2\"]]"},
        {"if(kind != 'banner', 1, 2)", "[\"if\",[\"is_not\",\"kind\",\"banner\"],[\"number\",\"1\"],[\"number\",\"2\"]]"},
        {"max(\t0 , area-1)", "[\"max\",[\"number\",\"0\"],[\"-\",[\"field\",\"area\"],[\"number\",\"1\"]]]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct formula formula;
        char *tree = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&tree, &size);
        assert_non_null(out);
        assert_true(formula_read(&formula, cases[i].text, &names, out));
        assert_int_equal(fclose(out), 0);
        assert_string_equal(tree, cases[i].tree);
        free(tree);
    }
}

/* Column from 1, and how the message begins. */
static const struct {
    const char *text;
    size_t column;
    const char *message;
} wrongs[] = {
    {"", 1, "ends where a number, a name or ( is expected"},
    {"   ", 4, "ends where"},
    {"1 +", 4, "ends where"},
    {"1 + * 2", 5, "\"*\" stands where a number"},
    {"* 2", 1, "\"*\" stands where"},
    {"(1 + 2", 7, "ends where ) is expected"},
    {"1 + 2)", 6, "\")\" stands where the end"},
    {"1 2", 3, "\"2\" stands where the end"},
    {"base area", 6, "\"area\" stands where the end"},
    {"prise * 2", 1, "there is no [levy:prise], no [field:prise]"},
    {"base * lenght", 8, "there is no [levy:lenght]"},
    {"kind * 2", 1, "[field:kind] is a choice"},
    {"2 + place", 5, "[field:place] is not a number"},
    {"twice + 1", 1, "twice is a [levy] and a [field]"},
    {"base / 0", 8, "divides by zero"},
    {"base / 0.000", 8, "divides by zero"},
    {"sqrt(2)", 1, "there is no function sqrt()"},
    {"pg_sleep(10)", 1, "there is no function pg_sleep()"},
    {"min(1)", 6, "\")\" stands where , and the next part"},
    {"min(1, 2, 3)", 9, "\",\" stands where )"},
    {"round(1, 2)", 8, "\",\" stands where )"},
    {"if(area, 1, 2)", 8, "\",\" stands where a comparison"},
    {"if(kind, 1, 2)", 8, "\",\" stands where = or != behind a choice"},
    {"if(kind < 'banner', 1, 2)", 9, "\"<\" stands where = or !="},
    {"if(kind = banner, 1, 2)", 11, "\"banner,\" stands where a choice's code"},
    {"if(kind = 'poster', 1, 2)", 12, "\"poster\" is not a choice of [field:kind]"},
    {"if(kind = 'banner, 1, 2)", 12, "\"banner,\" stands where a closing '"},
    {"if(area > 1, 2)", 15, "\")\" stands where , and the next part"},
    {"area = 1", 6, "\"=\" stands where the end"},
    {"1; drop table bill", 2, "\";\" stands where the end"},
    {"base || 'x'", 6, "\"||\" stands where the end"},
    {"1.", 3, "ends where a digit behind the point"},
    {"1e9", 2, "\"e9\" stands where the end"},
    {"1234567890123456", 1, "a number has at most 15 digits"},
    {"0.1234567", 1, "a number has at most 15 digits"},
    {"Base", 1, "\"Base\" stands where"},
    {"base\xC2\xA0* 2", 5, "\"\xC2\xA0*\" stands where the end"},
    {"a123456789012345678901234567890123456789", 1, "there is no [levy:"},
};

static void every_mistake_is_told_at_its_column(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct formula formula;
        assert_false(formula_read(&formula, wrongs[i].text, &names, NULL));
        assert_int_equal(formula.mistake_count, 1);
        assert_int_equal(formula.mistakes[0].at + 1, wrongs[i].column);
        assert_memory_equal(formula.mistakes[0].text, wrongs[i].message, strlen(wrongs[i].message));
    }
}

static void all_wrong_names_are_told_at_once(void **state) {
    struct formula formula;
    (void)state;
    assert_false(formula_read(&formula, "one + base / 0 + place", &names, NULL));
    assert_int_equal(formula.mistake_count, 3);
    assert_int_equal(formula.mistakes[0].at, 0);
    assert_int_equal(formula.mistakes[1].at, 13);
    assert_int_equal(formula.mistakes[2].at, 17);
}

/* `count` times `begin`, then "1", then `count` times `end`. */
static bool nested(const char *begin, const char *end, size_t count, struct formula *formula) {
    struct buffer text = {0};
    for (size_t i = 0; i < count; i++) buffer_text(&text, begin);
    buffer_text(&text, "1");
    for (size_t i = 0; i < count; i++) buffer_text(&text, end);
    buffer_byte(&text, '\0');
    bool good = formula_read(formula, (const char *)text.data, &names, NULL);
    buffer_free(&text);
    return good;
}

static void a_formula_that_no_machine_can_hold_is_refused(void **state) {
    struct formula formula;
    (void)state;
    assert_true(nested("(", ")", 19, &formula));
    assert_false(nested("(", ")", 20, &formula));
    assert_memory_equal(formula.mistakes[0].text, "goes deeper than", 16);
    assert_false(nested("-", "", 400, &formula));
    assert_memory_equal(formula.mistakes[0].text, "goes deeper than", 16);
    assert_false(nested("round(", ")", 100, &formula));
    assert_memory_equal(formula.mistakes[0].text, "goes deeper than", 16);
    assert_true(nested("1 + ", "", 99, &formula));
    assert_false(nested("1 + ", "", 100, &formula));
    assert_memory_equal(formula.mistakes[0].text, "is a chain of more than", 23);
    assert_false(nested("1+", "", 600, &formula));
    assert_memory_equal(formula.mistakes[0].text, "is longer than", 14);
}

static void many_mistakes_do_not_fill_more_than_there_is_room(void **state) {
    struct formula formula;
    struct buffer text = {0};
    (void)state;
    buffer_text(&text, "no");
    for (size_t i = 0; i < 60; i++) buffer_text(&text, " + no");
    buffer_byte(&text, '\0');
    assert_false(formula_read(&formula, (const char *)text.data, &names, NULL));
    buffer_free(&text);
    assert_int_equal(formula.mistake_count, FORMULA_MISTAKES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_formula_becomes_its_tree),
        cmocka_unit_test(every_mistake_is_told_at_its_column),
        cmocka_unit_test(all_wrong_names_are_told_at_once),
        cmocka_unit_test(a_formula_that_no_machine_can_hold_is_refused),
        cmocka_unit_test(many_mistakes_do_not_fill_more_than_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
