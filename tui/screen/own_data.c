/* A person's data beyond the screen: numbers seen whole for a reason that is recorded, and everything that the office knows of an
 * applicant in two files, one to read and one for a machine. */
#include <stdio.h>
#include <string.h>
#include <tui/screen/own_data.h>
#include <tui/screen/printout.h>
#include <tui/ui/dialog.h>
#include <tui/ui/reader.h>
#include <tui/ui/text.h>

void own_data_reveal(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    char text[400];
    const Loket__ApplicantRevealReply *revealed = (const Loket__ApplicantRevealReply *)reply;
    screen->waits = false;
    if (error || !revealed->applicant) return;
    const Loket__Applicant *p = revealed->applicant;
    (void)snprintf(text, sizeof text, "%s\n%s: %s%s%s%s%s", p->name, _("NIK"), p->nik, p->npwp[0] ? "\n" : "",
                   p->npwp[0] ? _("NPWP") : "", p->npwp[0] ? ": " : "", p->npwp);
    dialog_tell(screen, text);
}

/* RFC 8259, section 7. */
static void json_put(FILE *out, const char *text) {
    (void)fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') (void)fprintf(out, "\\%c", c);
        else if (c < 0x20) (void)fprintf(out, "\\u%04x", (unsigned)c);
        else (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

static bool json_write(const void *data, FILE *out) {
    const Loket__ApplicantExportReply *given = data;
    (void)fputs("[", out);
    for (size_t i = 0; i < given->n_rows; i++) {
        const Loket__ApplicantExportRow *row = given->rows[i];
        const char *const pairs[][2] = {{"section", row->section}, {"item", row->item}, {"name", row->name}, {"value", row->value}};
        for (size_t j = 0; j < sizeof pairs / sizeof pairs[0]; j++) {
            (void)fputs(j ? ", " : i ? ",\n {" : "\n {", out);
            json_put(out, pairs[j][0]);
            (void)fputs(": ", out);
            json_put(out, pairs[j][1]);
        }
        (void)fputc('}', out);
    }
    return fputs("\n]\n", out) >= 0 && !ferror(out);
}

/* A title for each section and item, then its rows. */
static void text_fill(struct reader *out, const Loket__ApplicantExportReply *given) {
    reader_add(out, LOOK_TITLE, "%s: %s", _("What the office knows of"), given->name);
    for (size_t i = 0; i < given->n_rows; i++) {
        const Loket__ApplicantExportRow *row = given->rows[i], *before = i ? given->rows[i - 1] : NULL;
        if (!before || strcmp(before->section, row->section) != 0 || strcmp(before->item, row->item) != 0) {
            reader_add(out, LOOK_PLAIN, " ");
            reader_add(out, LOOK_TITLE, "%s  %s", row->section, row->item);
        }
        reader_add(out, LOOK_PLAIN, "%s: %s", row->name, row->value);
    }
}

void own_data_export(struct screen *screen, const ProtobufCMessage *reply, const struct error *error) {
    struct reader text = {.count = 0};
    screen->waits = false;
    if (error) return;
    const Loket__ApplicantExportReply *given = (const Loket__ApplicantExportReply *)reply;
    text_fill(&text, given);
    printout_write(screen->app, &text, "data");
    printout_save(screen->app, "data.json", json_write, given);
    reader_free(&text);
}
