//! The way of a load: request, cookies, answer, and the same again for each redirect.

use super::jar::{By, Context};
use super::transport::Transport;
use super::{Browser, Hop, Load, Refused, Visit};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use tower::BoxError;
use url::{Position, Url};

/// As many redirects as browsers follow.
const MOST_HOPS: usize = 20;

/// Why there is no answer to look at.
#[derive(Debug)]
pub enum LoadError {
    /// Nothing is known to answer at this URL.
    NoServer(Url),
    /// The service failed, or the connection did.
    Transport(BoxError),
    TooManyRedirects,
}

impl Browser {
    /// Loads and follows redirects. Panics when there is no answer.
    pub async fn load(&self, load: Load) -> Visit {
        let shown = format!("{} {}", load.method, load.url);
        self.try_load(load).await.unwrap_or_else(|error| panic!("{shown} failed: {error:?}"))
    }

    /// Loads without following redirects: the first answer.
    pub async fn hop(&self, load: Load) -> Hop {
        self.load(load.stop_at_first()).await.first().clone()
    }

    /// Loads and follows redirects.
    pub async fn try_load(&self, mut load: Load) -> Result<Visit, LoadError> {
        let mut chain = vec![load.url.clone()];
        let mut visit = Visit { hops: Vec::new(), stopped_before: None };
        loop {
            let url = chain[chain.len() - 1].clone();
            let Some(server) = self.server(&url) else {
                if visit.hops.is_empty() {
                    return Err(LoadError::NoServer(url));
                }
                visit.stopped_before = Some(url);
                return Ok(visit);
            };
            let hop = self.ask(server, &load, &chain).await?;
            let next = hop.redirect();
            let policy = hop.response.headers().get(header::REFERRER_POLICY).and_then(|policy| policy.to_str().ok());
            load = load.redirected(hop.response.status(), policy.filter(|_| next.is_some()));
            visit.hops.push(hop);
            match next {
                None => return Ok(visit),
                Some(next) if !load.follow => {
                    visit.stopped_before = Some(next);
                    return Ok(visit);
                }
                Some(_) if visit.hops.len() > MOST_HOPS => return Err(LoadError::TooManyRedirects),
                Some(next) => chain.push(next),
            }
        }
    }

    async fn ask(&self, server: Transport, load: &Load, chain: &[Url]) -> Result<Hop, LoadError> {
        let url = chain[chain.len() - 1].clone();
        let context = load.context(chain);
        let request_headers = self.request_headers(load, chain, context);
        let target =
            load.raw_target.clone().unwrap_or_else(|| url[Position::BeforePath..Position::AfterQuery].to_owned());
        let body = load.body.as_ref().map(|(_, body)| body.clone()).unwrap_or_default();
        let mut request = Request::builder()
            .method(load.method.clone())
            .uri(&target)
            .body(body)
            .unwrap_or_else(|error| panic!("no server would see the target {target:?}: {error}"));
        *request.headers_mut() = request_headers.clone();
        let answer = server.send(&url.origin().ascii_serialization(), request).await;
        let response = answer.map_err(LoadError::Transport)?;
        let refused_cookies = self.keep_cookies(&response, &url, context);
        let hop = Hop { method: load.method.clone(), url, request_headers, response, refused_cookies };
        self.record(&hop);
        Ok(hop)
    }

    fn request_headers(&self, load: &Load, chain: &[Url], context: Context) -> HeaderMap {
        let url = &chain[chain.len() - 1];
        let mut headers = load.derived_headers(chain, self.fetch_metadata);
        headers.insert(header::HOST, url[Position::BeforeHost..Position::AfterPort].parse().unwrap());
        if let Some(body) = load.body.as_ref().map(|(_, body)| body) {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        let now = self.now();
        let cookies = self.state().jar.cookies_for(url, By::Http(context), now);
        let pairs = cookies.iter().map(|cookie| match cookie.name.is_empty() {
            true => cookie.value.clone(),
            false => [&cookie.name[..], b"=", &cookie.value[..]].concat(),
        });
        let pairs: Vec<_> = pairs.collect();
        let lines = if self.cookie_lines || pairs.is_empty() { pairs } else { vec![pairs.join(&b"; "[..])] };
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(&line).unwrap());
        }
        headers.extend(self.state().headers.clone());
        headers.extend(load.headers.clone());
        headers
    }

    fn keep_cookies(&self, response: &Response<Bytes>, url: &Url, context: Context) -> Vec<Refused> {
        let now = self.now();
        let lines = response.headers().get_all(header::SET_COOKIE).iter();
        let jar = &mut self.state().jar;
        lines.filter_map(|line| jar.store(line.as_bytes(), url, By::Http(context), now).err()).collect()
    }

    fn record(&self, hop: &Hop) {
        let (own_answers, inspectors) = {
            let mut state = self.state();
            state.history.push(hop.clone());
            (state.own_answers.clone(), state.inspectors.clone())
        };
        if let Some(own_answers) = own_answers {
            own_answers.inspect(hop);
        }
        inspectors.iter().for_each(|inspect| inspect(hop));
    }

    fn server(&self, url: &Url) -> Option<Transport> {
        let known = self.state().servers.get(&url.origin().ascii_serialization()).cloned();
        known.or_else(|| self.network.clone().filter(|_| url.scheme() == "http"))
    }
}
