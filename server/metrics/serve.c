/* HTTP by libevent's evhttp, with limits on time and size. */
#include <event2/buffer.h>
#include <event2/http.h>
#include <server/log.h>
#include <server/metrics/serve.h>
#include <server/metrics/text.h>
#include <server/sandbox/sandbox.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define TEXT_BYTES    (16u * 1024 * 1024)
#define PATIENCE_S    5
#define HEADERS_BYTES 8192
#define PROMETHEUS    "text/plain; version=0.0.4; charset=utf-8"

bool metrics_socket_path(const struct config *config, char *path, size_t size) {
    int used = *config->metrics_socket ? snprintf(path, size, "%s", config->metrics_socket)
                                       : snprintf(path, size, "%s/metrics.sock", config->run_dir);
    return used > 0 && (size_t)used < size;
}

static void answer(struct evhttp_request *request, int code, const char *type, struct buffer *text) {
    struct evbuffer *body = evbuffer_new();
    bool good = body && !text->failed && evbuffer_add(body, text->data, text->size) == 0;
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
    if (good) evhttp_send_reply(request, code, NULL, body);
    else evhttp_send_error(request, HTTP_INTERNAL, NULL);
    if (body) evbuffer_free(body);
    buffer_free(text);
}

static void on_metrics(struct evhttp_request *request, void *data) {
    const struct inheritance *given = data;
    struct buffer text = {.limit = TEXT_BYTES};
    metrics_text(given->metrics, given->config, &text);
    answer(request, HTTP_OK, PROMETHEUS, &text);
}

static void on_status(struct evhttp_request *request, void *data) {
    const struct inheritance *given = data;
    struct buffer text = {.limit = TEXT_BYTES};
    int wrongs = metrics_status(given->metrics, given->config, &text);
    answer(request, wrongs ? HTTP_SERVUNAVAIL : HTTP_OK, "text/plain; charset=utf-8", &text);
}

static void on_stop(evutil_socket_t signal_number, short what, void *data) {
    (void)signal_number;
    (void)what;
    event_base_loopexit(data, NULL);
}

static struct evhttp *http_new(struct event_base *base, const struct inheritance *given) {
    struct evhttp *http = evhttp_new(base);
    if (!http) return NULL;
    evhttp_set_timeout(http, PATIENCE_S);
    evhttp_set_max_headers_size(http, HEADERS_BYTES);
    evhttp_set_max_body_size(http, 0);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    bool good = evhttp_set_cb(http, "/metrics", on_metrics, (void *)given) == 0 &&
                evhttp_set_cb(http, "/status", on_status, (void *)given) == 0;
    for (int i = 0; good && i < given->metrics_listener_count; i++)
        good = evhttp_accept_socket(http, given->metrics_listeners[i]) == 0;
    if (good) return http;
    evhttp_free(http);
    return NULL;
}

int metrics_run(const struct inheritance *given) {
    struct event_base *base = event_base_new();
    struct evhttp *http = base ? http_new(base, given) : NULL;
    struct event *stop = base ? evsignal_new(base, SIGTERM, on_stop, base) : NULL;
    int code = EX_OSERR;
    if (http && stop && event_add(stop, NULL) == 0 && sandbox_enter(CHILD_METRICS, given->config)) {
        log_info("metrics ready");
        code = event_base_dispatch(base) < 0 ? EX_SOFTWARE : EX_OK;
    }
    if (stop) event_free(stop);
    if (http) evhttp_free(http);
    if (base) event_base_free(base);
    return code;
}
