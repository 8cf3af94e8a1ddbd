/* What the tests of documents share: a folder, the data of a permit, what is rendered into the folder, what pdftotext reads. */
#ifndef TESTS_UNIT_PAPER_H
#define TESTS_UNIT_PAPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <server/doc/render.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    {"disposal.number", "BAP-2026-0007"},
    {"disposal.reason", "Jadwal retensi arsip 2026"},
    {"disposal.proposed_by", "Slamet Widodo"},
    {"disposal.proposed_on", "2026-11-23"},
    {"disposal.approved_by", "Ratna Kusuma"},
    {"disposal.approved_on", "2026-11-24"},
    {"disposal.files", "1"},
    {"disposal.documents", "2"},
    {"erasure.number", "BAH-2026-0003"},
    {"erasure.ground", "request"},
    {"erasure.reason", "Surat permohonan tanggal 20 November"},
    {"erasure.record", "417"},
    {"erasure.proposed_by", "Rina Wati"},
    {"erasure.proposed_on", "2026-11-23"},
    {"erasure.approved_by", "Ratna Kusuma"},
    {"erasure.approved_on", "2026-11-24"},
    {"erasure.applications", "1"},
    {"erasure.documents", "2"},
    {"files.1.number", "2019-000017"},
    {"files.1.permit_type", "SIPP"},
    {"files.1.classification", "503.7"},
    {"files.1.place", "A / 1 / 2 / 7"},
    {"files.1.retain_until_on", "2026-10-31"},
    {"files.1.documents", "2"},
    {"hashes.1.number", "2019-000017"},
    {"hashes.1.name", "permit-2019-000017.pdf"},
    {"hashes.1.sha256", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"},
    {"original.sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
};

static char folder[] = "/tmp/loket-document-XXXXXX";
static char pdf_path[64];

static inline int folder_make(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(pdf_path, sizeof pdf_path, "%s/document.pdf", folder);
    return 0;
}

static inline int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where) {
    (void)facts;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline int folder_remove(void **state) {
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* What a program says of the document, to be freed; %s in the command is the folder. */
static inline char *ask(const char *command) {
    char line[512];
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

static inline void assert_says(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("\"%s\" is not in: %s", part, text);
}

static inline char *file_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s can't be read", path);
    char *text = calloc(1, 1u << 20);
    assert_non_null(text);
    *size = fread(text, 1, (1u << 20) - 1, file);
    (void)fclose(file);
    return text;
}

static inline struct document_data *sample_data(void) {
    struct document_data *data = data_new();
    struct error error;
    for (size_t i = 0; i < sizeof sample / sizeof sample[0]; i++)
        assert_int_equal(data_put(data, sample[i][0], sample[i][1], &error), LOKET_OK);
    return data;
}

static inline struct template *shipped(const char *kind) {
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

static inline struct template *written(const char *text) {
    struct template *template = template_parse(text, strlen(text), "own.tmpl");
    assert_non_null(template);
    for (size_t i = 0; i < template->mistake_count; i++)
        fail_msg("own.tmpl:%d: %s", template->mistakes[i].line, template->mistakes[i].text);
    return template;
}

/* Renders into pdf_path. */
static inline struct document_layout render(const struct template *template, const struct document_data *data) {
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
static inline char *paper_of(const char *text, const struct document_data *data) {
    struct template *template = written(text);
    (void)render(template, data);
    template_free(template);
    return ask("pdftotext -layout document.pdf -");
}

#endif
