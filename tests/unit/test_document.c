/* Documents: what the office stores is what the paper says, on every page, whatever was typed. */
#include "paper.h"

static const char *const kinds[] = {"receipt", "missing",  "inspection_report", "bill",     "decree",     "permit",
                                    "refusal", "handover", "certified_copy",    "disposal", "revocation", "erasure"};

static void a_shipped_template_does_not_say_what_was_decided(void **state) {
    (void)state;
    static const char *const says[][4] = {
        {"TANDA TERIMA PERMOHONAN", "Rp 0 — tidak ada yang harus dibayar", "482913", "Selasa, 24 November 2026"},
        {"DAFTAR KEKURANGAN", "belum didaftarkan", "Pas foto 4×6 latar merah", "Petugas loket"},
        {"BERITA ACARA PEMERIKSAAN", "Mengganti alat pemadam api", "Budi Santoso", "20 November 2026 pukul 14.05"},
        {"SURAT KETETAPAN RETRIBUSI DAERAH", "Rp 1.250.000", "satu juta dua ratus lima puluh ribu rupiah", "12,5 m² × 2 sisi"},
        {"MEMUTUSKAN", "KELIMA", "Mengingat", "Ditandatangani secara elektronik oleh"},
        {"503/0042/SIP-DR/XI/2026", "24 November 2031", "dr. Sari Wulandari-Müller, Sp.A. – “André’s”", "loket --verify"},
        {"tidak dapat dikabulkan", "Pasal 263", "keberatan", "503/0042/SIP-DR/XI/2026"},
        {"Andi Wijaya", "kuasa", "diambil di loket", "************0001"},
        {"SALINAN SAH", "503/0003/SAL/XI/2026", "9f86d081884c7d659a2f", "26 November 2026"},
        {"PEMUSNAHAN ARSIP", "2019-000017", "2c26b46b68ffc68ff99b", "Slamet Widodo"},
        {"PENCABUTAN SURAT IZIN", "503/0017/SIP-DR/III/2024", "Praktik ditutup", "tidak berlaku lagi"},
        {"PENGHAPUSAN DATA PRIBADI", "BAH-2026-0003", "atas permintaan yang bersangkutan", "2c26b46b68ffc68ff99b"},
    };
    struct document_data *data = sample_data();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct template *template = shipped(kinds[i]);
        struct document_layout layout = render(template, data);
        char *text = ask("pdftotext -layout document.pdf -");
        for (size_t j = 0; j < 4; j++) assert_says(text, says[i][j]);
        char pages[32];
        (void)snprintf(pages, sizeof pages, "Halaman %zu dari %zu", layout.pages, layout.pages);
        assert_says(text, pages);
        free(text);
        free(ask("qpdf --check document.pdf"));
        template_free(template);
    }
    data_free(data);
}

static void a_reader_shows_another_title_author_or_date(void **state) {
    (void)state;
    struct document_data *data = sample_data();
    struct template *template = shipped("permit");
    struct document_layout layout = render(template, data);
    char *info = ask("TZ=UTC pdfinfo -isodates document.pdf");
    assert_int_equal(layout.pages, 1);
    assert_says(info, "Surat Izin Praktik Dokter, Dokter Gigi dan Spesialis 503/0042/SIP-DR/XI/2026\n");
    assert_says(info, "DINAS PENANAMAN MODAL DAN PELAYANAN TERPADU SATU PINTU\n");
    assert_says(info, "2026-11-000042\n");
    assert_says(info, "loket:7K3M-Q9XD-44TB\n");
    assert_says(info, "2026-11-24T09:41:00");
    assert_says(info, "Pages:           1\n");
    assert_says(info, "(A4)");
    free(info);
    template_free(template);
    data_free(data);
}

static void a_telephone_reads_another_address_from_the_qr_code(void **state) {
    (void)state;
    static const char *const with[] = {"receipt",           "permit",        "decree", "refusal", "handover", "bill",
                                       "inspection_report", "certified_copy"};
    struct document_data *data = sample_data();
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
        struct template *template = shipped(with[i]);
        (void)render(template, data);
        char *read = ask("pdftoppm -r 150 -png document.pdf page && zbarimg -q --raw page-*.png 2>/dev/null; rm page-*.png");
        assert_string_equal(read, ADDRESS "\n");
        free(read);
        template_free(template);
    }
    data_free(data);
}

static void a_table_of_the_form_loses_rows_on_paper(void **state) {
    (void)state;
    struct error error;
    struct document_data *data = sample_data();
    static const char *const values[][2] = {{"field.staff.1.name", "Sari"},
                                            {"field.staff.1.profession", "Dokter"},
                                            {"field.staff.2.name", "Budi"},
                                            {"field.staff.2.profession", "Perawat"},
                                            {"field.staff.10.name", "Kesepuluh"}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(data_put(data, values[i][0], values[i][1], &error), LOKET_OK);
    char *text =
        paper_of("@document decree\n@title x\n@if field.staff\n@table 20 40 40 header\nNo. | Nama | Profesi\n@each field.staff\n"
                 "{#} | {.name} | {.profession}\n@end\n@end\n@end\n@if field.vehicles\nkendaraan\n@else\ntanpa kendaraan\n@end\n",
                 data);
    static const char *const said[] = {"Profesi", "Sari", "Dokter", "Budi", "Perawat", "Kesepuluh", "tanpa kendaraan"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) assert_says(text, said[i]);
    free(text);
    data_free(data);
}

static void a_bill_hides_what_is_left_to_pay(void **state) {
    (void)state;
    struct error error;
    struct document_data *data = sample_data();
    struct template *template = shipped("bill");
    assert_int_equal(data_put(data, "bill.amount", "1000000", &error), LOKET_OK);
    (void)render(template, data);
    char *text = ask("pdftotext -layout document.pdf -");
    static const char *const said[] = {
        "0012600001338",          "8 Desember 2026",  "Januari", "Rp 1.250.000", "Keringanan", "-Rp 250.000",
        "Rp 1.000.000",           "satu juta rupiah", "BNK-77",  "Rp 600.000",   "Rp 400.000", "Sisa yang",
        "Pembayaran dilakukan ke"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) assert_says(text, said[i]);
    free(text);
    assert_int_equal(data_put(data, "bill.amount", "0", &error), LOKET_OK);
    (void)render(template, data);
    text = ask("pdftotext -layout document.pdf -");
    assert_says(text, "tidak ada yang harus dibayar");
    assert_null(strstr(text, "Pembayaran dilakukan ke"));
    free(text);
    template_free(template);
    data_free(data);
}

static void a_signature_is_placed_beside_its_block(void **state) {
    (void)state;
    struct document_data *data = sample_data();
    struct template *template = shipped("decree");
    struct document_layout layout = render(template, data);
    assert_in_range(layout.signature_page, 1, layout.pages);
    assert_true(layout.signature.x > 70 && layout.signature.y > 70);
    assert_true(layout.signature.x + layout.signature.width < 525 && layout.signature.y + layout.signature.height < 772);
    char command[256];
    (void)snprintf(command, sizeof command, "pdftotext -f %zu -l %zu -x %d -y %d -W %d -H %d -layout document.pdf -",
                   layout.signature_page, layout.signature_page, (int)layout.signature.x,
                   (int)(841.89 - layout.signature.y - layout.signature.height), (int)layout.signature.width,
                   (int)layout.signature.height);
    char *text = ask(command);
    assert_says(text, "Ditandatangani secara elektronik oleh");
    assert_says(text, "Dra. Hj. Yuliana Hasan, M.M.");
    free(text);
    template_free(template);
    data_free(data);
}

static void an_unsigned_document_looks_signed(void **state) {
    (void)state;
    struct error error;
    struct document_data *data = sample_data();
    assert_int_equal(data_put(data, "signatory.electronic", "no", &error), LOKET_OK);
    struct template *template = shipped("permit");
    (void)render(template, data);
    char *text = ask("pdftotext -layout document.pdf -");
    assert_says(text, "Dokumen ini tidak ditandatangani secara elektronik");
    assert_null(strstr(text, "Ditandatangani secara elektronik oleh"));
    free(text);
    template_free(template);
    data_free(data);
}

static void a_draft_can_be_taken_for_the_permit(void **state) {
    (void)state;
    struct error error;
    struct document_data *data = sample_data();
    assert_int_equal(data_put(data, "document.watermark", "KONSEP", &error), LOKET_OK);
    struct template *template = shipped("decree");
    struct document_layout layout = render(template, data);
    for (size_t page = 1; page <= layout.pages; page++) {
        char command[96];
        (void)snprintf(command, sizeof command, "pdftotext -f %zu -l %zu -raw document.pdf -", page, page);
        char *text = ask(command);
        assert_says(text, "KONSEP\n");
        free(text);
    }
    template_free(template);
    data_free(data);
}

static void a_long_table_loses_rows_or_its_header(void **state) {
    (void)state;
    struct document_data *data = sample_data();
    struct error error;
    for (int i = 1; i <= 60; i++) {
        char key[64], value[64];
        (void)snprintf(key, sizeof key, "missing.%d.name", i);
        (void)snprintf(value, sizeof value, "Persyaratan ke-%03d", i);
        assert_int_equal(data_put(data, key, value, &error), LOKET_OK);
    }
    struct template *template = shipped("missing");
    struct document_layout layout = render(template, data);
    assert_true(layout.pages >= 2);
    for (size_t page = 1; page <= 2; page++) {
        char command[96];
        (void)snprintf(command, sizeof command, "pdftotext -f %zu -l %zu -layout document.pdf -", page, page);
        char *text = ask(command);
        assert_says(text, "No.");
        assert_says(text, page == 1 ? "Persyaratan ke-001" : "Persyaratan ke-060");
        free(text);
    }
    char *text = ask("pdftotext -layout document.pdf -");
    for (int i = 1; i <= 60; i++) {
        char value[64];
        (void)snprintf(value, sizeof value, "Persyaratan ke-%03d", i);
        const char *first = strstr(text, value);
        assert_non_null(first);
        assert_null(strstr(first + 1, value)); /* none twice either */
    }
    free(text);
    template_free(template);
    data_free(data);
}

static void a_cell_longer_than_a_page_is_cut_off(void **state) {
    (void)state;
    struct document_data *data = data_new();
    struct error error;
    struct buffer value = {0};
    for (int i = 0; i < 1500; i++) {
        char word[24];
        (void)snprintf(word, sizeof word, "kata%04d ", i);
        buffer_text(&value, word);
    }
    buffer_byte(&value, '\0');
    assert_int_equal(data_put(data, "decision.conditions", (const char *)value.data, &error), LOKET_OK);
    char *text = paper_of("@document permit\n@title T\n@table 30 70 border\nSyarat | {decision.conditions}\n@end\n", data);
    assert_says(text, "kata0000");
    assert_says(text, "kata0750");
    assert_says(text, "kata1499");
    assert_says(text, "Halaman 2 dari");
    free(text);
    buffer_free(&value);
    data_free(data);
}

static void what_an_applicant_writes_changes_the_document(void **state) {
    (void)state;
    struct document_data *data = sample_data();
    struct error error;
    assert_int_equal(data_put(data, "applicant.name", "<b>A&amp;B</b> {permit.number} *x* @end | y", &error), LOKET_OK);
    assert_int_equal(data_put(data, "applicant.address",
                              "@page\n@end\x01\x1b[31m\xff \xe2\x80\xae"
                              "C",
                              &error),
                     LOKET_OK);
    assert_string_equal(data_get(data, "applicant.address"), "@page\n@end\xef\xbf\xbd\xef\xbf\xbd[31m\xef\xbf\xbd \xef\xbf\xbd"
                                                             "C");
    struct template *template = shipped("permit");
    (void)render(template, data);
    char *text = ask("pdftotext -layout document.pdf -");
    assert_says(text, "<b>A&amp;B</b> {permit.number} *x* @end | y");
    assert_says(text, "@page\n");
    free(text);
    template_free(template);
    data_free(data);
}

static void a_very_long_value_ends_the_server(void **state) {
    (void)state;
    struct document_data *data = sample_data();
    struct error error;
    size_t size = 100u * 1024u;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'W', size);
    for (size_t i = 0; i < size; i += 61) text[i] = i % 2 ? ' ' : '\xc3';
    text[size] = '\0';
    for (size_t i = 0; i < sizeof sample / sizeof sample[0]; i++)
        if (strstr(sample[i][0], "name") || strstr(sample[i][0], "fields.1."))
            assert_int_equal(data_put(data, sample[i][0], text, &error), LOKET_OK);
    assert_true(strlen(data_get(data, "applicant.name")) < DATA_VALUE_BYTES);
    for (size_t i = 0; i < 2; i++) {
        struct template *template = shipped(i ? "missing" : "permit");
        struct buffer pdf = {0};
        struct document_layout layout;
        enum loket_error code = document_render(template, data, NULL, &pdf, &layout, &error);
        assert_true(code == LOKET_OK || code == LOKET_TOO_MANY);
        buffer_free(&pdf);
        template_free(template);
    }
    free(text);
    data_free(data);
}

static void a_document_without_end_is_printed(void **state) {
    (void)state;
    struct document_data *data = data_new();
    struct error error = {0};
    struct buffer value = {0}, pdf = {0};
    struct document_layout layout;
    for (int i = 0; i < 30000; i++) buffer_text(&value, "a\n");
    buffer_byte(&value, '\0');
    assert_int_equal(data_put(data, "decision.conditions", (const char *)value.data, &error), LOKET_OK);
    struct template *template = written("@document permit\n@title T\n{decision.conditions}\n");
    assert_int_equal(document_render(template, data, NULL, &pdf, &layout, &error), LOKET_TOO_MANY);
    assert_string_equal(error.field, "pages");
    template_free(template);
    buffer_free(&value);
    buffer_free(&pdf);
    data_free(data);
}

static void a_broken_picture_of_the_arms_is_printed(void **state) {
    (void)state;
    struct document_data *data = sample_data();
    struct template *template = shipped("permit");
    size_t size;
    char *arms = file_read("sql/catalogue/metro/arms.png", &size), *large = calloc(1, DOCUMENT_ARMS_BYTES + 1);
    assert_non_null(large);
    assert_true(size < 20u * 1024u);
    const struct document_assets cases[] = {{"GIF89a", 6}, {"", 0}, {arms, 40}, {arms, size / 2}, {large, DOCUMENT_ARMS_BYTES + 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer pdf = {0};
        struct document_layout layout;
        struct error error = {0};
        assert_int_equal(document_render(template, data, &cases[i], &pdf, &layout, &error), LOKET_INVALID);
        assert_string_equal(error.field, "arms");
        buffer_free(&pdf);
    }
    free(arms);
    free(large);
    template_free(template);
    data_free(data);
}

static void a_text_too_long_for_a_qr_code_is_left_out_silently(void **state) {
    (void)state;
    struct document_data *data = data_new();
    struct error error = {0};
    struct buffer pdf = {0};
    struct document_layout layout;
    char address[4000];
    memset(address, 'a', sizeof address - 1);
    address[sizeof address - 1] = '\0';
    assert_int_equal(data_put(data, "document.address", address, &error), LOKET_OK);
    struct template *template = written("@document permit\n@title T\n@qr {document.address}\n");
    assert_int_equal(document_render(template, data, NULL, &pdf, &layout, &error), LOKET_INVALID);
    assert_string_equal(error.field, "qr");
    template_free(template);
    buffer_free(&pdf);
    data_free(data);
}

static void the_same_data_make_another_file(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct document_data *data = sample_data();
        struct template *template = shipped(kinds[i]);
        size_t size, again;
        (void)render(template, data);
        char *one = file_read(pdf_path, &size);
        template_free(template);
        data_free(data);
        data = sample_data();
        template = shipped(kinds[i]);
        (void)render(template, data);
        char *two = file_read(pdf_path, &again);
        assert_int_equal(size, again);
        assert_memory_equal(one, two, size);
        free(one);
        free(two);
        template_free(template);
        data_free(data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shipped_template_does_not_say_what_was_decided),
        cmocka_unit_test(a_reader_shows_another_title_author_or_date),
        cmocka_unit_test(a_telephone_reads_another_address_from_the_qr_code),
        cmocka_unit_test(a_table_of_the_form_loses_rows_on_paper),
        cmocka_unit_test(a_bill_hides_what_is_left_to_pay),
        cmocka_unit_test(a_signature_is_placed_beside_its_block),
        cmocka_unit_test(an_unsigned_document_looks_signed),
        cmocka_unit_test(a_draft_can_be_taken_for_the_permit),
        cmocka_unit_test(a_long_table_loses_rows_or_its_header),
        cmocka_unit_test(a_cell_longer_than_a_page_is_cut_off),
        cmocka_unit_test(what_an_applicant_writes_changes_the_document),
        cmocka_unit_test(a_very_long_value_ends_the_server),
        cmocka_unit_test(a_document_without_end_is_printed),
        cmocka_unit_test(a_broken_picture_of_the_arms_is_printed),
        cmocka_unit_test(a_text_too_long_for_a_qr_code_is_left_out_silently),
        cmocka_unit_test(the_same_data_make_another_file),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
