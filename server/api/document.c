/* Documents: files in and out, previews, copies, and the signatures of heads. */
#include <proto/loket.pb-c.h>
#include <server/api/method.h>

#define MESSAGE(name) &loket__##name##__descriptor

const struct method document_methods[] = {
    {"document.begin", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(document_begin_request),
     MESSAGE(document_begin_reply)},
    /* no key: the chunk's number is one, and sending it again changes nothing */
    {"document.chunk", METHOD_READ, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(document_chunk_request), MESSAGE(document_chunk_reply)},
    {"document.finish", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(document_upload_request), MESSAGE(empty)},
    {"document.cancel", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE, MESSAGE(document_upload_request), MESSAGE(empty)},
    {"document.list", METHOD_READ, AT_DATABASE, ROLE_READERS, MESSAGE(document_list_request), MESSAGE(document_list_reply)},
    {"document.open", METHOD_READ, AT_DATABASE, ROLE_READERS, MESSAGE(document_open_request), MESSAGE(document_open_reply)},
    {"document.read", METHOD_READ, AT_DATABASE, ROLE_READERS, MESSAGE(document_read_request), MESSAGE(document_read_reply)},
    {"document.preview", METHOD_WRITE, AT_DATABASE, ROLE_ANALYST | ROLE_SECTION_HEAD | ROLE_HEAD, MESSAGE(document_preview_request),
     MESSAGE(document_preview_reply)},
    {"document.copy", METHOD_WRITE, AT_DATABASE, ROLE_FRONT_OFFICE | ROLE_ARCHIVIST, MESSAGE(document_copy_request),
     MESSAGE(document_copy_reply)},
    {"signature.list", METHOD_READ, AT_DATABASE, ROLE_HEAD, MESSAGE(empty), MESSAGE(signature_list_reply)},
    {"signature.submit", METHOD_WRITE, AT_DATABASE, ROLE_HEAD, MESSAGE(signature_submit_request), MESSAGE(empty)},
    {.name = NULL},
};
