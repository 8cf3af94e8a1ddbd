/* The catalogue as the one document that rule.catalogue_load takes: {"demonstration":.., "office":[FILE], ..,
 * "permit":[FILE, ..]}, a FILE being the list of its sections. Nothing is checked here: see catalogue_check.c. */
#include <openssl/evp.h>
#include <server/catalogue.h>
#include <server/catalogue_rules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_text(FILE *out, const char *text) {
    (void)fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\') (void)fprintf(out, "\\%c", *p);
        else if (*p < 0x20) (void)fprintf(out, "\\u%04x", *p);
        else (void)fputc(*p, out);
    }
    (void)fputc('"', out);
}

static void put_list(FILE *out, struct catalogue *catalogue, const char *value, char separator) {
    const char *before = "[";
    for (const char *part; (part = list_next(catalogue, &value, separator)); before = ",") {
        (void)fputs(before, out);
        put_text(out, part);
    }
    (void)fputs(*before == '[' ? "[]" : "]", out);
}

static void put_value(FILE *out, struct catalogue *catalogue, const struct value_rule *rule, const char *value) {
    if (rule->json == JSON_NUMBER) (void)fputs(value, out);
    else if (rule->json == JSON_FLAG) (void)fputs(strcmp(value, "yes") == 0 ? "true" : "false", out);
    else if (rule->json == JSON_TEXT) put_text(out, value);
    else put_list(out, catalogue, value, rule->separator);
}

/* {"kind":..,"code":..,"values":{..}}; where the keys are data: "rows":[[key, value]..], because their order counts. */
static void put_section(FILE *out, struct catalogue *catalogue, const struct file_rule *file, const struct ini_section *section) {
    const struct section_rule *rule = section_rule_find(file, section->kind);
    (void)fputs("{\"kind\":", out);
    put_text(out, section->kind);
    (void)fputs(",\"code\":", out);
    put_text(out, section->code);
    (void)fputs(rule->keys ? ",\"values\":{" : ",\"rows\":[", out);
    for (size_t i = 0; i < section->count; i++) {
        const struct ini_entry *entry = &section->entries[i];
        const struct value_rule *value = rule->keys ? key_rule_find(rule, entry->key)->value : rule->free_value;
        (void)fputs(i ? "," : "", out);
        (void)fputs(rule->keys ? "" : "[", out);
        put_text(out, entry->key);
        (void)fputc(rule->keys ? ':' : ',', out);
        put_value(out, catalogue, value, entry->value);
        (void)fputs(rule->keys ? "" : "]", out);
    }
    (void)fputs(rule->keys ? "}}" : "]}", out);
}

/* A formula also goes as the tree that the database walks, in a section of its own behind the file's. */
static void put_formula(FILE *out, struct catalogue *catalogue, const struct ini_file *file) {
    const char *tree = catalogue_formula_tree(catalogue, file);
    if (tree) (void)fprintf(out, ",{\"kind\":\"formula\",\"code\":\"\",\"values\":{\"tree\":%s}}", tree);
}

static void put_files(FILE *out, struct catalogue *catalogue, const struct file_rule *rule) {
    const char *before = "";
    (void)fprintf(out, ",\"%s\":[", rule->name);
    for (size_t i = 0; i < catalogue->file_count; i++) {
        const struct ini_file *file = &catalogue->files[i];
        if (file->rule != rule) continue;
        (void)fprintf(out, "%s[", before);
        before = ",";
        for (size_t j = 0; j < file->count; j++) {
            (void)fputs(j ? "," : "", out);
            put_section(out, catalogue, rule, &file->sections[j]);
        }
        put_formula(out, catalogue, file);
        (void)fputc(']', out);
    }
    (void)fputc(']', out);
}

static void put_templates(FILE *out, const struct catalogue *catalogue) {
    (void)fputs(",\"templates\":[", out);
    for (size_t i = 0; i < catalogue->template_count; i++) {
        const struct template_text *template = &catalogue->templates[i];
        const char *const pairs[][2] = {
            {"kind", template->kind}, {"permit_type", template->permit_type}, {"path", template->path}, {"text", template->text}};
        (void)fputs(i ? ",{" : "{", out);
        for (size_t j = 0; j < sizeof pairs / sizeof pairs[0]; j++) {
            (void)fprintf(out, "%s\"%s\":", j ? "," : "", pairs[j][0]);
            put_text(out, pairs[j][1]);
        }
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
}

/* Bytes as base64 (RFC 4648). */
static void put_arms(FILE *out, struct catalogue *catalogue) {
    if (!catalogue->arms) return;
    unsigned char *text = catalogue_take(catalogue, catalogue->arms_size * 4 / 3 + 8);
    (void)EVP_EncodeBlock(text, catalogue->arms, (int)catalogue->arms_size);
    (void)fputs(",\"arms\":", out);
    put_text(out, (const char *)text);
}

char *catalogue_json(struct catalogue *catalogue, bool demonstration) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    (void)fprintf(out, "{\"demonstration\":%s", demonstration ? "true" : "false");
    for (const struct file_rule *rule = catalogue_files; rule->name; rule++) put_files(out, catalogue, rule);
    put_templates(out, catalogue);
    put_arms(out, catalogue);
    (void)fputc('}', out);
    bool broken = ferror(out) != 0;
    if (fclose(out) == 0 && !broken) return text;
    free(text);
    return NULL;
}
