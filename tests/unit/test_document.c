/* Documents: what the office stores is what the paper says, on every page, and a template's mistakes are all told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <server/doc/render.h>

#define FOLDER  "sql/catalogue/templates/"
#define ADDRESS "https://loket.metro.example/v/7K3M-Q9XD-44TB"

/* fontconfig keeps what it read of its configuration until the program ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig\n";
}

static const char *const sample[][2] = {
    {"office.name", "DINAS PENANAMAN MODAL DAN PELAYANAN TERPADU SATU PINTU"},
    {"office.city", "Kota Metro"},
    {"office.header", "PEMERINTAH KOTA METRO"},
    {"office.address", "Jalan A.H. Nasution No. 3, Imopuro, Metro Pusat"},
    {"office.phone", "0725-41644"},
    {"office.signatory_title", "Kepala DPMPTSP Kota Metro"},
    {"application.number", "2026-11-000042"},
    {"application.kind", "new"},
    {"application.submitted_on", "2026-11-19"},
    {"application.promised_on", "2026-11-24"},
    {"application.service_days", "3"},
    {"application.location", "Jalan Ahmad Yani No. 17, Yosomulyo, Metro Pusat"},
    {"application.priority", "elderly"},
    {"applicant.kind", "person"},
    {"applicant.name", "dr. Sari Wulandari-Müller, Sp.A. – “André’s”"},
    {"applicant.nik", "1872014505850003"},
    {"applicant.npwp", "09.254.294.3-407.000"},
    {"applicant.birth_place", "Metro"},
    {"applicant.birth_on", "1985-05-05"},
    {"applicant.address", "Jalan Diponegoro No. 12, RT 003/RW 005, Imopuro, Metro Pusat"},
    {"permit_type.code", "SIP-DR"},
    {"permit_type.name", "Surat Izin Praktik Dokter, Dokter Gigi dan Spesialis"},
    {"permit_type.legal_basis", "UU 17/2023 tentang Kesehatan, PP 28/2024, Permenkes 2052/2011"},
    {"permit_type.valid_years", "5"},
    {"document.code", "7K3M-Q9XD-44TB"},
    {"document.address", "https://loket.metro.example/v/7K3M-Q9XD-44TB"},
    {"document.made_on", "2026-11-24"},
    {"document.made_at", "2026-11-24T09:41"},
    {"document.version", "1"},
    {"document.watermark", ""},
    {"officer.name", "Rina Marlina, S.E."},
    {"officer.role", "front_office"},
    {"fields.1.label", "Profesi"},
    {"fields.1.value", "Dokter spesialis"},
    {"fields.2.label", "Spesialisasi"},
    {"fields.2.value", "Anak"},
    {"fields.3.label", "Nomor STR"},
    {"fields.3.value", "KX00001234567890"},
    {"fields.4.label", "Nama fasilitas atau praktik"},
    {"fields.4.value", "Rumah Sakit Umum Daerah Jenderal Ahmad Yani Metro"},
    {"fields.5.label", "Alamat tempat praktik"},
    {"fields.5.value", "Jalan Jenderal Ahmad Yani No. 13\nImopuro, Metro Pusat"},
    {"receipt.pin", "482913"},
    {"receipt.fee", "0"},
    {"revocation.number", "503/0017/SIP-DR/III/2024"},
    {"revocation.issued_on", "2024-03-05"},
    {"revocation.asked_by", "holder"},
    {"revocation.reason", "Praktik ditutup"},
    {"requirements.1.name", "Fotokopi KTP"},
    {"requirements.1.present", "yes"},
    {"requirements.1.document_number", "1872014505850003"},
    {"requirements.2.name", "Surat Tanda Registrasi (STR) dari Konsil Kedokteran Indonesia"},
    {"requirements.2.present", "yes"},
    {"requirements.2.document_number", "KX00001234567890"},
    {"requirements.3.name", "Pas foto 4×6 latar merah"},
    {"requirements.3.present", "no"},
    {"missing.1.name", "Surat Tanda Registrasi (STR) yang masih berlaku"},
    {"missing.2.name", "Pas foto 4×6 latar merah"},
    {"inspection.unit", "Dinas Kesehatan"},
    {"inspection.visit", "yes"},
    {"inspection.appointment_at", "2026-11-20T09:00"},
    {"inspection.visited_at", "2026-11-20T09:15"},
    {"inspection.coordinates", "-5.113500, 105.306700"},
    {"inspection.findings", "Ruang praktik memenuhi persyaratan luas dan pencahayaan. Alat pemadam api tersedia tetapi masa "
                            "berlakunya berakhir pada Januari 2027."},
    {"inspection.recommendation", "approve_with_conditions"},
    {"inspection.conditions", "Mengganti alat pemadam api sebelum Januari 2027.\nMemasang papan nama praktik."},
    {"members.1.name", "Budi Santoso, S.K.M."},
    {"members.1.signed_at", "2026-11-20T14:05"},
    {"members.2.name", "Dewi Lestari"},
    {"checklist.1.question", "Apakah ruang praktik sesuai denah?"},
    {"checklist.1.answer", "yes"},
    {"checklist.2.question", "Apakah pengelolaan limbah medis memenuhi ketentuan?"},
    {"checklist.2.answer", "no"},
    {"checklist.2.note", "Perjanjian dengan pengangkut limbah belum diperpanjang"},
    {"bill.number", "SKRD/0017/XI/2026"},
    {"bill.amount", "1250000"},
    {"bill.issued_on", "2026-11-24"},
    {"lines.1.item", "Retribusi reklame papan"},
    {"lines.1.legal_basis", "Perda 4/2023 Lampiran II"},
    {"lines.1.price", "50000"},
    {"lines.1.arithmetic", "12,5 m² × 2 sisi × Rp 50.000"},
    {"lines.1.amount", "1250000"},
    {"lines.1.kind", "item"},
    {"lines.1.valid_from", "2026-01-01"},
    {"lines.2.item", "Rumus"},
    {"lines.2.arithmetic", "max(Rp 100.000; Rp 50.000 × 12,5 m² × 2 sisi) = Rp 1.250.000"},
    {"lines.2.amount", "0"},
    {"lines.2.kind", "formula"},
    {"lines.3.item", "Keringanan"},
    {"lines.3.legal_basis", "Perda 4/2023 Pasal 90"},
    {"lines.3.arithmetic", "20% × Rp 1.250.000"},
    {"lines.3.amount", "-250000"},
    {"lines.3.kind", "waiver"},
    {"bill.reference", "0012600001338"},
    {"bill.due_on", "2026-12-08"},
    {"bill.left", "400000"},
    {"payments.1.paid_on", "2026-11-25"},
    {"payments.1.reference", "BNK-77"},
    {"payments.1.amount", "600000"},
    {"permit.number", "503/0042/SIP-DR/XI/2026"},
    {"permit.issued_on", "2026-11-24"},
    {"permit.valid_until_on", "2031-11-24"},
    {"permit.version", "1"},
    {"decision.considerations", "bahwa setiap dokter yang menjalankan praktik wajib memiliki surat izin praktik;\nbahwa tempat "
                                "praktik telah memenuhi persyaratan sarana dan prasarana;"},
    {"decision.conditions", "Menjalankan praktik sesuai dengan standar profesi.\nMemasang papan nama praktik."},
    {"decision.reason", "Surat Tanda Registrasi telah berakhir pada tanggal 1 Oktober 2026."},
    {"decision.rule", "Pasal 263 Undang-Undang Nomor 17 Tahun 2023 tentang Kesehatan"},
    {"initials.1.name", "Agus Pratama, S.H."},
    {"initials.1.role", "section_head"},
    {"initials.1.at", "2026-11-23T15:20"},
    {"signatory.name", "Dra. Hj. Yuliana Hasan, M.M."},
    {"signatory.title", "Kepala DPMPTSP Kota Metro"},
    {"signatory.electronic", "yes"},
    {"handover.recipient", "Andi Wijaya"},
    {"handover.recipient_nik", "1872011203800001"},
    {"handover.relation", "proxy"},
    {"handover.method", "counter"},
    {"handover.at", "2026-11-25T10:05"},
    {"copy.number", "503/0003/SAL/XI/2026"},
    {"copy.reason", "Keperluan kredensial di rumah sakit"},
    {"copy.made_on", "2026-11-26"},
    {"original.sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
};

static const char *const kinds[] = {"receipt", "missing", "inspection_report", "bill",           "decree",
                                    "permit",  "refusal", "handover",          "certified_copy", "revocation"};

static char folder[] = "/tmp/loket-document-XXXXXX";
static char pdf_path[64];

static int folder_make(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(pdf_path, sizeof pdf_path, "%s/document.pdf", folder);
    return 0;
}

static int folder_remove(void **state) {
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* What a program says of the document, to be freed; %s in the command is the folder. */
static char *ask(const char *command) {
    char line[256];
    (void)snprintf(line, sizeof line, "cd '%s' && %s", folder, command);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t size = 0, room = 4u << 20;
    char *out = malloc(room);
    assert_non_null(out);
    size = fread(out, 1, room - 1, pipe);
    out[size] = '\0';
    int status = pclose(pipe);
    if (status != 0) fail_msg("%s: status %d: %s", command, status, out);
    return out;
}

static void assert_says(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("\"%s\" is not in: %s", part, text);
}

static char *file_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s can't be read", path);
    char *text = calloc(1, 1u << 20);
    assert_non_null(text);
    *size = fread(text, 1, (1u << 20) - 1, file);
    (void)fclose(file);
    return text;
}

static struct document_data *sample_data(void) {
    struct document_data *data = data_new();
    struct error error;
    for (size_t i = 0; i < sizeof sample / sizeof sample[0]; i++)
        assert_int_equal(data_put(data, sample[i][0], sample[i][1], &error), LOKET_OK);
    return data;
}

static struct template *shipped(const char *kind) {
    char path[128];
    size_t size;
    (void)snprintf(path, sizeof path, FOLDER "%s.tmpl", kind);
    char *text = file_read(path, &size);
    struct template *template = template_parse(text, size, path);
    free(text);
    assert_non_null(template);
    for (size_t i = 0; i < template->mistake_count; i++)
        fail_msg("%s:%d: %s", path, template->mistakes[i].line, template->mistakes[i].text);
    assert_string_equal(document_kind_name(template->kind), kind);
    return template;
}

static struct template *written(const char *text) {
    struct template *template = template_parse(text, strlen(text), "own.tmpl");
    assert_non_null(template);
    for (size_t i = 0; i < template->mistake_count; i++)
        fail_msg("own.tmpl:%d: %s", template->mistakes[i].line, template->mistakes[i].text);
    return template;
}

/* Renders into pdf_path. */
static struct document_layout render(const struct template *template, const struct document_data *data) {
    struct buffer pdf = {0};
    struct document_layout layout;
    struct error error = {0};
    size_t size;
    char *arms = file_read("sql/catalogue/metro/arms.png", &size);
    const struct document_assets assets = {arms, size};
    enum loket_error code = document_render(template, data, &assets, &pdf, &layout, &error);
    if (code) fail_msg("%s: %s", error.field, error.message);
    FILE *file = fopen(pdf_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(pdf.data, 1, pdf.size, file), pdf.size);
    assert_int_equal(fclose(file), 0);
    free(arms);
    buffer_free(&pdf);
    return layout;
}

/* The text of a one-paragraph document, as pdftotext reads it, to be freed. */
static char *paper_of(const char *text, const struct document_data *data) {
    struct template *template = written(text);
    (void)render(template, data);
    template_free(template);
    return ask("pdftotext -layout document.pdf -");
}

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
        {"PENCABUTAN SURAT IZIN", "503/0017/SIP-DR/III/2024", "Praktik ditutup", "tidak berlaku lagi"},
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
        cmocka_unit_test(a_date_or_an_amount_is_written_wrongly),
        cmocka_unit_test(a_mistake_in_a_template_is_not_told_at_its_line),
        cmocka_unit_test(only_the_first_mistake_is_told),
        cmocka_unit_test(a_huge_template_is_read),
        cmocka_unit_test(what_an_applicant_writes_changes_the_document),
        cmocka_unit_test(a_very_long_value_ends_the_server),
        cmocka_unit_test(a_document_without_end_is_printed),
        cmocka_unit_test(a_broken_picture_of_the_arms_is_printed),
        cmocka_unit_test(a_text_too_long_for_a_qr_code_is_left_out_silently),
        cmocka_unit_test(the_same_data_make_another_file),
        cmocka_unit_test(the_language_does_other_than_its_page_says),
        cmocka_unit_test(values_beyond_the_limits_are_kept),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
