/* Compares the method table with the database. Only reads results; sends nothing. */
#include <server/api/method.h>
#include <server/db/bind.h>
#include <server/db/shape.h>
#include <stdio.h>
#include <string.h>

const char shape_functions_query[] = "select p.proname, coalesce(array_to_string(p.proargnames, ','), ''),"
                                     "       coalesce((select string_agg(format_type(t, null), ',' order by n)"
                                     "                   from unnest(p.proargtypes::oid[]) with ordinality x(t, n)), ''),"
                                     "       format_type(p.prorettype, null)"
                                     "  from pg_proc p where p.pronamespace = 'api'::regnamespace";

const char shape_types_query[] =
    "select c.relname, string_agg(a.attname || ' ' || format_type(a.atttypid, null), ',' order by a.attnum)"
    "  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
    " where c.relnamespace = 'api'::regnamespace and c.relkind = 'c' group by c.relname";

static const char *result_find(const PGresult *result, const char *name, int column) {
    for (int row = 0; row < PQntuples(result); row++)
        if (strcmp(PQgetvalue(result, row, 0), name) == 0) return PQgetvalue(result, row, column);
    return NULL;
}

static enum loket_error differs(struct error *error, const char *what, const char *name, const char *expected, const char *found) {
    error_set(error, LOKET_INVALID, name, what, NULL);
    (void)snprintf(error->argument, sizeof error->argument, "%.90s | %.90s", expected, found ? found : "-");
    return LOKET_INVALID;
}

static void append(struct buffer *list, const char *text) {
    if (list->size) buffer_byte(list, ',');
    buffer_text(list, text);
}

static const char *finish(struct buffer *list) {
    buffer_byte(list, 0);
    return list->failed ? "" : (const char *)list->data;
}

static enum loket_error check_type(const ProtobufCMessageDescriptor *descriptor, bool announces, const PGresult *types,
                                   struct error *error, int depth) {
    struct buffer list = {.limit = 65536};
    char name[64], type[80], attribute[160];
    enum loket_error result = LOKET_OK;
    bind_type_name(descriptor, name, sizeof name);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        bind_field_type(field, false, type, sizeof type);
        (void)snprintf(attribute, sizeof attribute, "%s %s", field->name, type);
        append(&list, attribute);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE && depth < 4) {
            result = check_type(field->descriptor, false, types, error, depth + 1);
            if (result != LOKET_OK) goto out;
        }
    }
    if (announces) append(&list, "announce text[]");
    const char *expected = finish(&list), *found = result_find(types, name, 1);
    if (!found || strcmp(expected, found) != 0) result = differs(error, "This type in the database differs", name, expected, found);
out:
    buffer_free(&list);
    return result;
}

static enum loket_error check_function(const struct method *method, const PGresult *functions, struct error *error) {
    struct buffer names = {.limit = 65536}, kinds = {.limit = 65536};
    char name[64], type[80], reply[80] = "api.";
    enum loket_error result = LOKET_OK;
    bind_function_name(method, name, sizeof name);
    bind_type_name(method->reply, reply + 4, sizeof reply - 4);
    append(&names, method->kind == METHOD_PUBLIC ? "client_address" : "session_token");
    append(&kinds, method->kind == METHOD_PUBLIC ? "text" : "bytea");
    if (method->kind == METHOD_WRITE) {
        append(&names, "idempotency_key");
        append(&kinds, "bytea");
    }
    for (unsigned i = 0; i < method->request->n_fields; i++) {
        bind_field_type(&method->request->fields[i], true, type, sizeof type);
        append(&names, method->request->fields[i].name);
        append(&kinds, type);
    }
    const char *expected_names = finish(&names), *expected_kinds = finish(&kinds);
    const char *found_names = result_find(functions, name, 1), *found_kinds = result_find(functions, name, 2);
    const char *found_reply = result_find(functions, name, 3);
    if (!found_names || strcmp(found_names, expected_names) != 0)
        result = differs(error, "This function's parameters differ", name, expected_names, found_names);
    else if (strcmp(found_kinds, expected_kinds) != 0)
        result = differs(error, "This function's parameter types differ", name, expected_kinds, found_kinds);
    else if (strcmp(found_reply, reply) != 0) result = differs(error, "This function's reply differs", name, reply, found_reply);
    buffer_free(&names);
    buffer_free(&kinds);
    return result;
}

enum loket_error shape_check(const PGresult *functions, const PGresult *types, struct error *error) {
    size_t count;
    const struct method *const *methods = method_all(&count);
    for (size_t i = 0; i < count; i++) {
        const struct method *method = methods[i];
        if (method->place == AT_AUTH) continue;
        enum loket_error result = check_function(method, functions, error);
        if (result == LOKET_OK) result = check_type(method->reply, method->kind == METHOD_WRITE, types, error, 0);
        if (result != LOKET_OK) return result;
    }
    return LOKET_OK;
}
