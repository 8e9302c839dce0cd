//! HTTP/1 over an accepted stream: who may ask, how long it may take, and the form of an
//! answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CONTENT_TYPE, HeaderName, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Kind};
use super::serve::Monitor;

/// Time for the head of a request, and between two requests of one connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const HEAD_MAX: usize = 64 * 1024;

/// Serves requests on `stream` until it ends or `stop`.
pub(super) async fn serve<S>(stream: S, monitor: Arc<Monitor>, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request| {
        let monitor = Arc::clone(&monitor);
        async move { Ok::<_, Infallible>(respond(&monitor, &request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // Cancel-safe: the connection is polled on by reference, and dropped only with all of this.
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => return,
    };
    if let Err(e) = ended {
        log::debug!("monitoring: {e}");
    }
}

/// Answers one request. Its body, if it has one, is not read.
async fn respond(monitor: &Arc<Monitor>, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let refused = Answer::text(405, "Method Not Allowed\n");
        let mut response = response(refused);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let uri = request.uri();
    response(monitor.answer(uri.path(), uri.query().unwrap_or_default()).await)
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let not_found = answer.status == 404;
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (content_type, extra): (_, Option<(HeaderName, &'static str)>) = match answer.kind {
        Kind::Json => ("application/json", Some((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))),
        Kind::Html => ("text/html; charset=utf-8", None),
        Kind::Text if not_found => {
            ("text/plain; charset=utf-8", Some((X_CONTENT_TYPE_OPTIONS, "nosniff")))
        }
        Kind::Text => ("text/plain; charset=utf-8", None),
        Kind::Metrics => ("application/openmetrics-text; version=1.0.0; charset=utf-8", None),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some((name, value)) = extra {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
