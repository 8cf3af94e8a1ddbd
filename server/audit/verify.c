/* `loketd audit verify`: everything about an office's events, computed anew, and the first row named that does not fit.
 *
 * Three passes, each over a stream: the file of checkpoints beside the database's; the tree from the events upwards, with
 * each checkpoint's root when its size is reached; the chain of every application. */
#include <errno.h>
#include <inttypes.h>
#include <server/audit/command.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct verification {
    struct audit_office *office;
    struct checkpoint_reader reader; /* second pass: the next checkpoint to be reached */
    bool reading;
    struct tree tree;
    uint64_t rows, last_event, checkpoints, applications;
    char newest_at[CHECKPOINT_TIME_BYTES];
    uint64_t newest_size;
    bool bad;
};

static void found(struct verification *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void found(struct verification *v, const char *format, ...) {
    va_list values;
    va_start(values, format);
    printf("%s: ", v->office->code);
    (void)vprintf(format, values);
    printf("\n");
    va_end(values);
    v->bad = true;
}

static uint64_t number_of(const PGresult *row, int column) {
    return strtoull(audit_text(row, column), NULL, 10);
}

/* ------------------------------------------------------------------------------------------ 1: the checkpoints */

static bool reader_begin(struct verification *v) {
    const char *path = v->office->config->audit_checkpoints;
    if (checkpoint_reader_open(&v->reader, path, v->office->origin, v->office->key)) return true;
    found(v, "%s: %s", path, strerror(errno));
    return false;
}

/* The next line of the file; says what is wrong with it. */
static bool reader_next(struct verification *v) {
    if (checkpoint_reader_next(&v->reader)) return true;
    if (v->reader.objection)
        found(v, "%s:%llu: the checkpoint is %s", v->office->config->audit_checkpoints, v->reader.number, v->reader.objection);
    return false;
}

/* One row of the database against the file, which has been read up to `v->reader.checkpoint` when `*line` is true. */
static void compare_checkpoint(struct verification *v, const PGresult *row, bool *line) {
    uint64_t size = number_of(row, 0);
    if (!*line || v->reader.checkpoint.size > size) {
        found(v, "the checkpoint of %" PRIu64 " events, signed at %s, is missing from the file: deleted or truncated", size,
              audit_text(row, 2));
    } else if (v->reader.checkpoint.size < size) {
        found(v, "%s:%llu: the database does not know this checkpoint: inserted, or deleted there",
              v->office->config->audit_checkpoints, v->reader.number);
    } else if (strcmp(v->reader.line, audit_text(row, 1)) != 0) {
        found(v, "the checkpoint of %" PRIu64 " events is another in the database: altered", size);
    } else {
        *line = reader_next(v);
    }
}

static bool check_checkpoints(struct verification *v) {
    struct audit_stream stream;
    const char *values[] = {v->office->id};
    if (!v->office->key) return true;
    if (!audit_stream_open(
            &stream, v->office->db,
            "select size::text, line, split_part(line, ' ', 4) from audit.checkpoint c where office_id = $1 order by c.size", 1,
            values))
        return false;
    bool line = reader_begin(v) && reader_next(v);
    for (const PGresult *row; !v->bad && (row = audit_stream_next(&stream));) {
        v->checkpoints++;
        compare_checkpoint(v, row, &line);
    }
    while (!v->bad && line) line = reader_next(v); /* written, but the process ended before it could tell the database */
    audit_stream_close(&stream);
    checkpoint_reader_close(&v->reader);
    return !stream.failed;
}

/* ------------------------------------------------------------------------------------------ 2: the tree */

enum { NODE_LEAF, NODE_HASH, NODE_EVENT, NODE_FOUND, NODE_BYTES, NODE_NUMBER, NODE_APPLICATION };

static const char tree_query[] =
    "select n.leaf::text, n.hash, n.event_id::text, e.event_id::text, case when e.event_id is not null then rule.event_bytes(e) "
    "end,"
    "       n.number::text, a.number"
    "  from audit.tree_node n"
    "  left join audit.event e on e.office_id = n.office_id and e.event_id = n.event_id"
    "  left join application.application a on a.office_id = e.office_id and a.application_id = e.application_id"
    " where n.office_id = $1 order by n.number";

/* What does not fit, kept until the stream is at its end and the connection free for questions. */
struct misfit {
    char event[24], application[40], number[24];
    char hash[2 * TREE_HASH_BYTES + 3]; /* as PostgreSQL writes bytea */
    bool missing, there;
};

static void misfit_set(struct misfit *misfit, const PGresult *row) {
    static const char digits[] = "0123456789abcdef";
    misfit->there = true;
    misfit->missing = audit_is_null(row, NODE_FOUND);
    (void)snprintf(misfit->event, sizeof misfit->event, "%s", audit_text(row, NODE_EVENT));
    (void)snprintf(misfit->application, sizeof misfit->application, "%s", audit_text(row, NODE_APPLICATION));
    (void)snprintf(misfit->number, sizeof misfit->number, "%s", audit_text(row, NODE_NUMBER));
    const uint8_t *hash = (const uint8_t *)PQgetvalue(row, 0, NODE_HASH);
    char *p = misfit->hash;
    *p++ = '\\';
    *p++ = 'x';
    for (int i = 0; i < PQgetlength(row, 0, NODE_HASH) && i < TREE_HASH_BYTES; i++) {
        *p++ = digits[hash[i] >> 4];
        *p++ = digits[hash[i] & 15];
    }
    *p = '\0';
}

/* Deleted, or is everything from here on gone? */
static void name_missing(struct verification *v, const struct misfit *misfit) {
    const char *values[] = {v->office->id, misfit->event};
    PGresult *row =
        audit_row(v->office->db,
                  "select case when exists (select from audit.event e join audit.tree_node n using (office_id, event_id)"
                  " where e.office_id = $1 and e.event_id > $2::bigint) then 'deleted' else 'truncated' end",
                  2, values);
    found(v, "event %s: %s", misfit->event, row ? audit_text(row, 0) : "missing");
    PQclear(row);
}

static void name_misfit(struct verification *v, const struct misfit *misfit) {
    const char *values[] = {v->office->id, misfit->event, misfit->hash};
    if (!misfit->event[0]) {
        found(v, "row %s of the tree: altered", misfit->number);
        return;
    }
    if (misfit->missing) {
        name_missing(v, misfit);
        return;
    }
    PGresult *row = audit_row(v->office->db, "select rule.event_moved($1, $2, $3)::text", 3, values);
    bool moved = row && !audit_is_null(row, 0);
    found(v, "event %s%s%s: %s%s", misfit->event, misfit->application[0] ? " of application " : "", misfit->application,
          moved ? "reordered: what it was is now event " : "altered", moved ? audit_text(row, 0) : "");
    PQclear(row);
}

/* The checkpoint whose size the tree has now must have its root. */
static void reach_checkpoint(struct verification *v) {
    uint8_t root[TREE_HASH_BYTES];
    if (!v->reading || v->tree.size != v->reader.checkpoint.size) return;
    tree_root(&v->tree, root);
    if (memcmp(root, v->reader.checkpoint.root, sizeof root) != 0) {
        found(v,
              "the first %" PRIu64 " events are not those of the checkpoint of %s: altered between leaf %" PRIu64
              " and leaf %" PRIu64 ", and the tree made anew",
              v->tree.size, v->reader.checkpoint.at, v->newest_size, v->tree.size - 1);
        return;
    }
    v->newest_size = v->reader.checkpoint.size;
    memcpy(v->newest_at, v->reader.checkpoint.at, sizeof v->newest_at);
    v->reading = reader_next(v);
}

/* One row of the tree: the next leaf, or the subtree that has become whole. False at the first that does not fit. */
static bool take_node(struct verification *v, const PGresult *row, struct misfit *misfit) {
    uint8_t hash[TREE_HASH_BYTES];
    bool joined = tree_join(&v->tree, hash), fits;
    if (audit_is_null(row, NODE_LEAF)) {
        fits = joined && audit_is_hash(row, NODE_HASH, hash);
    } else {
        fits = !joined && number_of(row, NODE_LEAF) == v->tree.size && !audit_is_null(row, NODE_FOUND);
        tree_leaf_hash(PQgetvalue(row, 0, NODE_BYTES), (size_t)PQgetlength(row, 0, NODE_BYTES), hash);
        fits = fits && audit_is_hash(row, NODE_HASH, hash);
        if (fits) tree_push(&v->tree, hash);
        v->last_event = number_of(row, NODE_EVENT);
    }
    if (fits && number_of(row, NODE_NUMBER) != v->rows++) {
        found(v, "row %" PRIu64 " of the tree: deleted", v->rows - 1);
        return false;
    }
    if (!fits) misfit_set(misfit, row);
    return fits;
}

/* Has every subtree of the right edge been joined? Then a checkpoint may be looked at. */
static bool is_whole(const struct tree *tree) {
    return tree->count < 2 || tree->levels[tree->count - 1] != tree->levels[tree->count - 2];
}

static bool build_tree(struct verification *v, struct misfit *misfit) {
    struct audit_stream stream;
    const char *values[] = {v->office->id};
    bool fits = true;
    if (!audit_stream_open(&stream, v->office->db, tree_query, 1, values)) return false;
    for (const PGresult *row; fits && !v->bad && (row = audit_stream_next(&stream));) {
        fits = take_node(v, row, misfit);
        if (fits && is_whole(&v->tree)) reach_checkpoint(v);
    }
    audit_stream_close(&stream);
    return !stream.failed;
}

static void check_end(struct verification *v) {
    const char *values[] = {v->office->id};
    PGresult *row = audit_row(
        v->office->db,
        "select coalesce((select t.size from audit.tree t where t.office_id = $1), 0)::text,"
        "       coalesce((select t.last_event from audit.tree t where t.office_id = $1), 0)::text,"
        "       (select min(e.event_id) from audit.event e, audit.tree t"
        "         where e.office_id = $1 and t.office_id = $1 and e.event_id <= t.last_event"
        "           and not exists (select from audit.tree_node n where n.office_id = $1 and n.event_id = e.event_id))::text",
        1, values);
    if (!row) v->bad = true;
    else if (!audit_is_null(row, 2)) found(v, "event %s: inserted", audit_text(row, 2));
    else if (v->reading)
        found(v, "event after %" PRIu64 ": truncated: the checkpoint of %s has %" PRIu64 " events, the database has %" PRIu64,
              v->last_event, v->reader.checkpoint.at, v->reader.checkpoint.size, v->tree.size);
    else if (number_of(row, 0) != v->tree.size || (v->tree.size && number_of(row, 1) != v->last_event))
        found(v, "the tree ends at event %" PRIu64 " and %" PRIu64 " leaves, its head says %s and %s: truncated", v->last_event,
              v->tree.size, audit_text(row, 1), audit_text(row, 0));
    PQclear(row);
}

static bool check_tree(struct verification *v) {
    struct misfit misfit = {.there = false};
    bool good = true;
    if (v->office->key) v->reading = reader_begin(v) && reader_next(v);
    if (!v->bad) good = build_tree(v, &misfit);
    if (misfit.there) name_misfit(v, &misfit);
    else if (good && !v->bad) check_end(v);
    checkpoint_reader_close(&v->reader);
    return good;
}

/* ------------------------------------------------------------------------------------------ 3: the chains */

enum { CHAIN_APPLICATION, CHAIN_NUMBER, CHAIN_LAST, CHAIN_EVENT, CHAIN_PREVIOUS, CHAIN_HASH, CHAIN_BYTES };

static const char chain_query[] =
    "select a.application_id::text, a.number, a.last_hash, e.event_id::text, e.previous_hash, e.hash,"
    "       case when e.event_id is not null then rule.event_bytes(e) end"
    "  from application.application a"
    "  left join audit.event e on e.office_id = a.office_id and e.application_id = a.application_id and e.hash is not null"
    " where a.office_id = $1 order by a.application_id, e.event_id";

/* The end of one application's chain, while the rows go by. */
struct chain {
    char id[24], number[40];
    bool begun, has_last, has_hash;
    uint8_t last[TREE_HASH_BYTES], hash[TREE_HASH_BYTES];
};

static void chain_end(struct verification *v, const struct chain *chain) {
    bool same = chain->has_last == chain->has_hash && memcmp(chain->last, chain->hash, sizeof chain->hash) == 0;
    if (chain->begun && !same)
        found(v, "application %s: its last hash is not that of its last event: truncated, or the hash was altered", chain->number);
}

static void chain_begin(struct verification *v, struct chain *chain, const PGresult *row) {
    if (chain->begun && strcmp(chain->id, audit_text(row, CHAIN_APPLICATION)) == 0) return;
    chain_end(v, chain);
    *chain = (struct chain){.begun = true, .has_last = PQgetlength(row, 0, CHAIN_LAST) == TREE_HASH_BYTES};
    (void)snprintf(chain->id, sizeof chain->id, "%s", audit_text(row, CHAIN_APPLICATION));
    (void)snprintf(chain->number, sizeof chain->number, "%s", audit_text(row, CHAIN_NUMBER));
    if (chain->has_last) memcpy(chain->last, PQgetvalue(row, 0, CHAIN_LAST), TREE_HASH_BYTES);
    v->applications++;
}

static void chain_take(struct verification *v, struct chain *chain, const PGresult *row) {
    uint8_t hash[TREE_HASH_BYTES];
    bool follows = chain->has_hash ? audit_is_hash(row, CHAIN_PREVIOUS, chain->hash) : audit_is_null(row, CHAIN_PREVIOUS);
    tree_digest(PQgetvalue(row, 0, CHAIN_PREVIOUS), (size_t)PQgetlength(row, 0, CHAIN_PREVIOUS), PQgetvalue(row, 0, CHAIN_BYTES),
                (size_t)PQgetlength(row, 0, CHAIN_BYTES), hash);
    if (!audit_is_hash(row, CHAIN_HASH, hash))
        found(v, "event %s of application %s: altered: its hash does not fit", audit_text(row, CHAIN_EVENT), chain->number);
    else if (!follows)
        found(v, "event %s of application %s: the event before it was deleted, inserted or reordered", audit_text(row, CHAIN_EVENT),
              chain->number);
    memcpy(chain->hash, hash, sizeof hash);
    chain->has_hash = true;
}

static bool check_chains(struct verification *v) {
    struct audit_stream stream;
    struct chain chain = {.begun = false};
    const char *values[] = {v->office->id};
    if (!audit_stream_open(&stream, v->office->db, chain_query, 1, values)) return false;
    for (const PGresult *row; !v->bad && (row = audit_stream_next(&stream));) {
        chain_begin(v, &chain, row);
        if (!v->bad && !audit_is_null(row, CHAIN_EVENT)) chain_take(v, &chain, row);
    }
    if (!v->bad) chain_end(v, &chain);
    audit_stream_close(&stream);
    return !stream.failed;
}

int audit_verify(struct audit_office *office) {
    struct verification v = {.office = office};
    bool done = check_checkpoints(&v) && (v.bad || check_tree(&v)) && (v.bad || check_chains(&v));
    if (!done) return EX_UNAVAILABLE;
    if (v.bad) return EXIT_FAILURE;
    printf("%s: good: %" PRIu64 " events in the tree, %" PRIu64 " applications' chains", office->code, v.tree.size, v.applications);
    if (!office->key) printf("; no checkpoints are configured\n");
    else if (!v.newest_size) printf("; no checkpoint yet\n");
    else printf("; checkpoints up to %" PRIu64 " events at %s\n", v.newest_size, v.newest_at);
    return EX_OK;
}
