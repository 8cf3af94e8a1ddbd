/* The outbox: sql/api/job_time.sql says what is due and what becomes of it. */
#include <server/clock.h>
#include <server/job_query.h>
#include <server/log.h>
#include <server/mail.h>
#include <server/notice.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define AWAY_SECONDS 60

enum { WORK_OFFICE, WORK_NOTICE, WORK_TO, WORK_SUBJECT, WORK_TEXT, WORK_FROM_NAME, WORK_MADE_AT };

static void finish(PGconn *db, const PGresult *work, enum mail_outcome outcome, const char *problem) {
    struct job_parameters parameters = {.count = 0};
    job_text(&parameters, PQgetvalue(work, 0, WORK_OFFICE));
    job_text(&parameters, PQgetvalue(work, 0, WORK_NOTICE));
    job_text(&parameters, outcome == MAIL_SENT ? NULL : problem);
    job_text(&parameters, outcome == MAIL_REFUSED ? "t" : "f");
    (void)job_do(db, "select api_job.notice_done($1::bigint, $2::bigint, $3, $4::boolean)", &parameters);
    if (outcome == MAIL_SENT) log_info("notice sent", "notice", PQgetvalue(work, 0, WORK_NOTICE));
    else log_warn("notice not sent", "notice", PQgetvalue(work, 0, WORK_NOTICE), "why", problem);
}

static enum mail_outcome send_work(PGconn *db, const struct config *config, const PGresult *work) {
    char id[80], problem[200];
    struct mail mail = {.from = config->mail_from,
                        .from_name = PQgetvalue(work, 0, WORK_FROM_NAME),
                        .to = PQgetvalue(work, 0, WORK_TO),
                        .subject = PQgetvalue(work, 0, WORK_SUBJECT),
                        .text = PQgetvalue(work, 0, WORK_TEXT),
                        .id = id,
                        .made_at = strtoll(PQgetvalue(work, 0, WORK_MADE_AT), NULL, 10)};
    (void)snprintf(id, sizeof id, "loket.%.20s.%.20s.%lld", PQgetvalue(work, 0, WORK_OFFICE), PQgetvalue(work, 0, WORK_NOTICE),
                   mail.made_at);
    enum mail_outcome outcome = mail_send(config, &mail, problem, sizeof problem);
    finish(db, work, outcome, problem);
    return outcome;
}

bool notice_send(PGconn *db, const struct config *config) {
    static time_t away_until; /* of this process: its mail server did not let us in */
    if (!*config->mail_server || !*config->mail_from || clock_seconds() < away_until) return false;
    PGresult *work = job_query(db,
                               "select office_id::text, notice_id::text, email, subject, text, from_name, made_at::text"
                               " from api_job.notice_next() where notice_id is not null",
                               NULL);
    bool due = work && PQntuples(work) == 1;
    enum mail_outcome outcome = due ? send_work(db, config, work) : MAIL_AWAY;
    if (due && outcome == MAIL_AWAY) away_until = clock_seconds() + AWAY_SECONDS;
    PQclear(work);
    return due && outcome != MAIL_AWAY;
}
