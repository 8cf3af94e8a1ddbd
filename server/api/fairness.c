/* Fairness: the order of work and who leaves it, absence and delegates, whom to send, and the applicant's own data. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method fairness_methods[] = {
    {"task.next", METHOD_WRITE, AT_DATABASE, ROLE_OFFICERS, MESSAGE(empty), MESSAGE(task_next_reply)},
    {"fairness.report", METHOD_READ, AT_STANDBY, ROLE_AUDITOR | ROLE_MANAGER, MESSAGE(fairness_report_request),
     MESSAGE(fairness_report_reply)},
    {"admin.thresholds", METHOD_READ, AT_DATABASE, ROLE_ADMIN | ROLE_AUDITOR, MESSAGE(empty), MESSAGE(thresholds_reply)},
    {"admin.threshold_save", METHOD_WRITE, AT_DATABASE, ROLE_ADMIN, MESSAGE(threshold_save_request), MESSAGE(empty)},
    {"inspection.proposal", METHOD_READ, AT_DATABASE, ROLE_TECHNICAL_COORDINATOR, MESSAGE(inspection_proposal_request),
     MESSAGE(inspection_proposal_reply)},
    {"absence.list", METHOD_READ, AT_DATABASE, ROLE_EVERYONE, MESSAGE(empty), MESSAGE(absence_list_reply)},
    {"absence.people", METHOD_READ, AT_DATABASE, ROLE_EVERYONE, MESSAGE(absence_people_request), MESSAGE(absence_people_reply)},
    {"absence.save", METHOD_WRITE, AT_DATABASE, ROLE_EVERYONE, MESSAGE(absence_save_request), MESSAGE(absence_save_reply)},
    {"absence.end", METHOD_WRITE, AT_DATABASE, ROLE_EVERYONE, MESSAGE(absence_end_request), MESSAGE(empty)},
    {"applicant.open", METHOD_READ, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(applicant_open_request), MESSAGE(applicant_open_reply)},
    {"applicant.correct", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(applicant_correct_request), MESSAGE(empty)},
    {"applicant.duplicates", METHOD_READ, AT_DATABASE, ROLE_SECTION_HEAD, MESSAGE(duplicates_request),
     MESSAGE(applicant_duplicates_reply)},
    {"applicant.pair", METHOD_READ, AT_DATABASE, ROLE_SECTION_HEAD, MESSAGE(applicant_pair_request), MESSAGE(applicant_pair_reply)},
    {"applicant.merge", METHOD_WRITE, AT_DATABASE, ROLE_SECTION_HEAD, MESSAGE(applicant_merge_request), MESSAGE(empty)},
    {"applicant.undo_merge", METHOD_WRITE, AT_DATABASE, ROLE_SECTION_HEAD, MESSAGE(applicant_undo_merge_request), MESSAGE(empty)},
    {"applicant.distinct", METHOD_WRITE, AT_DATABASE, ROLE_SECTION_HEAD, MESSAGE(applicant_distinct_request), MESSAGE(empty)},
    {.name = NULL},
};
