/* The language of templates: it does what its page says, and a template's mistakes are all told, each at its line. */
#include "paper.h"

static void a_date_or_an_amount_is_written_wrongly(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"date", "2026-11-24", "24 November 2026"},
        {"date", "2028-02-29", "29 Februari 2028"},
        {"date", "2026-11-24T09:41", "24 November 2026"},
        {"date", "2026-13-01", "2026-13-01"},
        {"date", "besok", "besok"},
        {"day", "2026-11-24", "Selasa"},
        {"day", "2028-02-29", "Selasa"},
        {"day", "2000-01-01", "Sabtu"},
        {"instant", "2026-11-24T09:41", "24 November 2026 pukul 09.41"},
        {"instant", "2026-11-24", "24 November 2026"},
        {"rupiah", "0", "Rp 0"},
        {"rupiah", "999", "Rp 999"},
        {"rupiah", "1000", "Rp 1.000"},
        {"rupiah", "1250000", "Rp 1.250.000"},
        {"rupiah", "12,5", "12,5"},
        {"words", "0", "nol rupiah"},
        {"words", "1", "satu rupiah"},
        {"words", "10", "sepuluh rupiah"},
        {"words", "11", "sebelas rupiah"},
        {"words", "12", "dua belas rupiah"},
        {"words", "21", "dua puluh satu rupiah"},
        {"words", "100", "seratus rupiah"},
        {"words", "111", "seratus sebelas rupiah"},
        {"words", "1000", "seribu rupiah"},
        {"words", "1001", "seribu satu rupiah"},
        {"words", "2000", "dua ribu rupiah"},
        {"words", "101000", "seratus satu ribu rupiah"},
        {"words", "1000000", "satu juta rupiah"},
        {"words", "1250000", "satu juta dua ratus lima puluh ribu rupiah"},
        {"words", "1001000000", "satu miliar satu juta rupiah"},
        {"words", "9999999999999999999", "9999999999999999999"},
        {"spell", "3", "tiga"},
        {"upper", "kota metro é", "KOTA METRO É"},
        {"mask", "1872014505850003", "************0003"},
        {"word", "approve", "disetujui"},
        {"word", "self", "yang bersangkutan"},
        {"word", "lainnya", "lainnya"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out = {0};
        filter_run *run = filter_find(cases[i][0]);
        assert_non_null(run);
        run(cases[i][1], &out);
        buffer_byte(&out, '\0');
        assert_string_equal((const char *)out.data, cases[i][2]);
        buffer_free(&out);
    }
    assert_null(filter_find("tanggal"));
}

static void a_mistake_in_a_template_is_not_told_at_its_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int line;
        const char *says;
    } cases[] = {
        {"", 1, "the file is empty"},
        {"Halo\n", 1, "the first line must be @document"},
        {"; c\n@document surat\n@title T\n", 2, "there is no kind of document \"surat\""},
        {"@document permit\nHalo\n", 1, "there is no @title"},
        {"@document permit\n@title T\n\n@tabel 30 70\n", 4, "there is no directive \"@tabel\""},
        {"@document permit\n@title T\nNama\n{applicant.nama}\n", 4, "has no field \"applicant.nama\""},
        {"@document permit\n@title {receipt.pin}\n", 2, "has no field \"receipt.pin\""},
        {"@document bill\n@title T\n{field.area}\n", 3, "has no field \"field.area\""},
        {"@document permit\n@title T\n{permit.issued_on|tanggal}\n", 3, "there is no filter \"tanggal\""},
        {"@document permit\n@title T\n@if applicant.npwp\nx\n", 3, "this block has no @end"},
        {"@document permit\n@title T\n@end\n", 3, "@end has no block"},
        {"@document permit\n@title T\nx {applicant.name\n", 3, "a { has no }"},
        {"@document permit\n@title T\nx {}\n", 3, "names no field"},
        {"@document permit\n@title T\n@table 30 60\n@end\n", 3, "add up to 90 percent"},
        {"@document permit\n@title T\n@table 50 50\na | b\na | b | c\n@end\n", 5, "the row has 3 cells"},
        {"@document permit\n@title T\n@table 50 50 tebal\n@end\n", 3, "\"tebal\" is no word of @table"},
        {"@document permit\n@title T\n@table 50 50 header\n@each initials\n{.name} | {.at}\n@end\n@end\n", 7, "must be a row"},
        {"@document permit\n@title T\n@each syarat\n@end\n", 3, "has no list \"syarat\""},
        {"@document permit\n@title T\n@each initials\n{.nama}\n@end\n", 4, "has no field .nama"},
        {"@document permit\n@title T\n{.name}\n", 3, "outside @each"},
        {"@document permit\n@title T\n{.} {#}\n", 3, "outside @lines"},
        {"@document permit\n@title T\n@else\n", 3, "@else stands outside @if"},
        {"@document permit\n@title T\n@if\n@end\n", 3, "@if names no field"},
        {"@document permit\n@title T\n@if applicant.npwp == x\n@end\n", 3, "not \"==\""},
        {"@document permit\n@title T\n@left size=99\nx\n", 3, "size is a number from 6 to 36"},
        {"@document permit\n@title T\n@center fett\nx\n", 3, "is no style"},
        {"@document permit\n@title T\n@list b\n@end\n", 3, "numbered by a, 1, kesatu or plain"},
        {"@document permit\n@title T\n@list a\nbahwa\n@end\n", 4, "begins with \"- \""},
        {"@document permit\n@title T\n@space banyak\n", 3, "is a number from 1 to 100"},
        {"@document permit\n@title T\n@qr\n", 3, "@qr has no text"},
        {"@document permit\n@title T\n@page 2\n", 3, "@page takes no words"},
        {"@document permit\n@title T\n@title U\n", 3, "@title is given twice"},
        {"@document permit\n@title T\n@table 100\n@letterhead\n@end\n", 4, "can't stand in a table"},
        {"@document permit\n@title T\nsatu *dua\n\ntiga\n", 3, "a * has no second one"},
        {"@document permit\n@title T\nbuka \xff tutup\n", 3, "not UTF-8"},
        {"@document permit\n@title T\n@qr {document.address} |\\\n{document.kode}\n", 3, "has no field \"document.kode\""},
        {"@document permit\n@title T\n@keep\n@keep\n@keep\n@keep\n@keep\n@keep\n@keep\n@keep\n@keep\n@end\n@end\n@end\n"
         "@end\n@end\n@end\n@end\n@end\n@end\n",
         11, "deeper than 8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct template *template = template_parse(cases[i].text, strlen(cases[i].text), "own.tmpl");
        bool told = false;
        for (size_t j = 0; j < template->mistake_count; j++)
            told |= template->mistakes[j].line == cases[i].line && strstr(template->mistakes[j].text, cases[i].says);
        if (!told)
            fail_msg("not told: %s, in %s (%zu, first: %d %s)", cases[i].says, cases[i].text, template->mistake_count,
                     template->mistake_count ? template->mistakes[0].line : 0,
                     template->mistake_count ? template->mistakes[0].text : "");
        template_free(template);
    }
}

static void only_the_first_mistake_is_told(void **state) {
    (void)state;
    static const char text[] = "@document permit\n@title {permit.nomor}\n{a.b} {permit.number|x}\n@table 1\n@foo\n@end\n@end\n";
    static const int lines[] = {2, 3, 3, 4, 5, 7};
    struct template *template = template_parse(text, sizeof text - 1, "own.tmpl");
    assert_int_equal(template->mistake_count, 6);
    for (size_t i = 0; i < 6; i++) assert_int_equal(template->mistakes[i].line, lines[i]);
    struct document_data *data = data_new();
    struct buffer pdf = {0};
    struct document_layout layout;
    struct error error;
    assert_int_equal(document_render(template, data, NULL, &pdf, &layout, &error), LOKET_INVALID);
    data_free(data);
    template_free(template);
}

static void a_huge_template_is_read(void **state) {
    (void)state;
    size_t size = TEMPLATE_BYTES + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '{', size);
    struct template *template = template_parse(text, size, "own.tmpl");
    assert_int_equal(template->mistake_count, 1);
    assert_says(template->mistakes[0].text, "65537 bytes");
    template_free(template);
    memset(text, '{', TEMPLATE_BYTES);
    for (size_t i = 0; i < TEMPLATE_BYTES; i += 4) text[i] = '\n';
    template = template_parse(text, TEMPLATE_BYTES, "own.tmpl"); /* a mistake in each line */
    assert_int_equal(template->mistake_count, TEMPLATE_MISTAKES);
    template_free(template);
    free(text);
}

static void the_language_does_other_than_its_page_says(void **state) {
    (void)state;
    struct document_data *data = sample_data();
    struct error error;
    assert_int_equal(data_put(data, "field.area", "12,5", &error), LOKET_OK);
    char *text = paper_of(
        "@document permit ; the kind\n@title T\n@@tanda {{kurung} **bintang\nsatu\\\ndua\n\n"
        "@list a Menimbang\n- bahwa\n  lanjut;\n- dan;\n@end\n@list kesatu from=10\n- x\n- y\n- z\n@end\n"
        "@if applicant.name = Andi\nsalah\n@else\nbenar\n@end\n@if not initials\nsalah\n@end\n"
        "@each initials\n{#}: {.role|word|upper}\n@end\n@lines decision.conditions\n({#}) {.}\n@end\nLuas {field.area} m²\n",
        data);
    static const char *const says[] = {"@tanda {kurung} *bintang satu\n",
                                       "dua",
                                       "bahwa lanjut;",
                                       "Menimbang",
                                       "b. ",
                                       "KESEPULUH",
                                       "KESEBELAS",
                                       "KEDUA BELAS",
                                       "benar",
                                       "1: KEPALA SEKSI",
                                       "(2) Memasang",
                                       "Luas 12,5 m²"};
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) assert_says(text, says[i]);
    assert_null(strstr(text, "salah"));
    free(text);
    data_free(data);
}

static void values_beyond_the_limits_are_kept(void **state) {
    (void)state;
    struct document_data *data = data_new();
    struct error error;
    static const char *const wrong[] = {"", "name", ".a", "a.", "a..b", "a.b c", "a.0.b", "a.01.b"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(data_put(data, wrong[i], "x", &error), LOKET_INVALID);
    assert_int_equal(data_put(data, "a.2001.b", "x", &error), LOKET_TOO_MANY);
    assert_int_equal(data_put(data, "a.99999999999999999999.b", "x", &error), LOKET_TOO_MANY);
    assert_int_equal(data_put(data, "a.2.b", "x", &error), LOKET_OK);
    assert_int_equal(data_put(data, "a.b", NULL, &error), LOKET_OK);
    assert_int_equal(data_count(data, "a"), 2);
    assert_int_equal(data_count(data, "b"), 0);
    assert_string_equal(data_get(data, "a.b"), "");
    assert_null(data_get(data, "a"));
    assert_null(data_get(data, "a.1.b"));
    data_free(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_or_an_amount_is_written_wrongly),
        cmocka_unit_test(a_mistake_in_a_template_is_not_told_at_its_line),
        cmocka_unit_test(only_the_first_mistake_is_told),
        cmocka_unit_test(a_huge_template_is_read),
        cmocka_unit_test(the_language_does_other_than_its_page_says),
        cmocka_unit_test(values_beyond_the_limits_are_kept),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
