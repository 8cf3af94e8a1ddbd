/* Figures from sql/api/job_figures.sql to shared memory. */
#include <server/job_query.h>
#include <server/log.h>
#include <server/metrics/office.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIGURE_NAME, FIGURE_OFFICE, FIGURE_PERMIT_TYPE, FIGURE_STAGE, FIGURE_VALUE };

static void figure_read(const PGresult *rows, int row, struct metrics_figure *figure) {
    (void)snprintf(figure->name, sizeof figure->name, "%s", PQgetvalue(rows, row, FIGURE_NAME));
    (void)snprintf(figure->office, sizeof figure->office, "%s", PQgetvalue(rows, row, FIGURE_OFFICE));
    (void)snprintf(figure->permit_type, sizeof figure->permit_type, "%s", PQgetvalue(rows, row, FIGURE_PERMIT_TYPE));
    (void)snprintf(figure->stage, sizeof figure->stage, "%s", PQgetvalue(rows, row, FIGURE_STAGE));
    figure->value = strtoll(PQgetvalue(rows, row, FIGURE_VALUE), NULL, 10);
}

void office_figures_read(PGconn *db, const struct inheritance *given, time_t *read_at) {
    time_t now = time(NULL);
    if (now - *read_at < given->config->metrics_interval) return;
    *read_at = now;
    PGresult *rows = job_query(db, "select name, office, permit_type, stage, value::text from api_job.figures()", NULL);
    int count = rows ? PQntuples(rows) : 0;
    if (count > METRICS_FIGURES) {
        log_warn("more figures of the offices' work than there is room for", "figures", log_number(count));
        count = METRICS_FIGURES;
    }
    struct metrics_figure *figures = rows ? calloc((size_t)count + 1, sizeof *figures) : NULL;
    for (int i = 0; figures && i < count; i++) figure_read(rows, i, &figures[i]);
    if (figures) metrics_figures_set(given->metrics, figures, (uint32_t)count);
    free(figures);
    PQclear(rows);
}
