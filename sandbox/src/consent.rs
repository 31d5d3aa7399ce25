//! The authorize page: what is asked, whether it may be asked, and where the answer goes.

use url::{Url, form_urlencoded};

use super::world::{Shared, World};
use super::{SandboxError, app::RegisteredApp, grant::Approval, switches::Deny};
use komerza_connect::provider;

/// The request of an app, as its login sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
}

impl Ask {
    /// Reads `client_id`, `redirect_uri` and `state` from a query or a form; other fields are ignored.
    ///
    /// A refusal is the sentence for the error page. A field that comes twice is refused: nothing says which
    /// one counts.
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        let mut fields = [("client_id", None), ("redirect_uri", None), ("state", None)];
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let Some((known, field)) = fields.iter_mut().find(|(known, _)| *known == name)
                && field.replace(value.into_owned()).is_some()
            {
                return Err(format!("The parameter {known} comes more than once."));
            }
        }
        let [(_, client_id), (_, redirect_uri), (_, state)] = fields;
        Ok(Self {
            client_id: client_id.ok_or("The parameter client_id is missing.")?,
            redirect_uri: redirect_uri.ok_or("The parameter redirect_uri is missing.")?,
            state,
        })
    }

    /// What a login's redirect asks.
    pub(super) fn of(authorize_url: &str) -> Result<Self, SandboxError> {
        let url = Url::parse(authorize_url).map_err(|error| SandboxError::Refused(error.to_string()))?;
        if !url.path_segments().is_some_and(|segments| segments.eq(provider::AUTHORIZE_PATH)) {
            return Err(SandboxError::Refused("This is not the path of the authorize page.".to_owned()));
        }
        Self::parse(url.query().unwrap_or_default()).map_err(SandboxError::Refused)
    }

    /// The app that asks; a refusal is the sentence for the error page, and the browser is sent nowhere.
    pub(super) fn check<'w>(&self, world: &'w World) -> Result<&'w RegisteredApp, String> {
        let app = world.app(&self.client_id).ok_or("There is no app with this client_id.")?;
        if app.redirect_uris.contains(&self.redirect_uri) {
            Ok(app)
        } else {
            Err(format!(
                "The redirect_uri is none of those registered for {}; they are compared as exact text.",
                app.name
            ))
        }
    }

    /// The user approves: where the browser goes next. The request is checked again: a form can say anything.
    pub(super) fn approve(&self, approval: &Approval, shared: &Shared) -> Result<String, SandboxError> {
        let mut world = shared.world();
        self.check(&world).map_err(SandboxError::Refused)?;
        let grant = world.grant(&self.client_id, approval)?;
        let code = world.issue_code(grant, &*shared.clock);
        Ok(self.callback(&[("code", &code)], world.switches.encode_plus))
    }

    /// The user says no: where the browser goes next, if it goes anywhere.
    pub(super) fn deny(&self, shared: &Shared) -> Result<Option<String>, SandboxError> {
        let world = shared.world();
        self.check(&world).map_err(SandboxError::Refused)?;
        Ok(match world.switches.deny {
            Deny::AccessDenied => Some(self.callback(&[("error", "access_denied")], true)),
            Deny::StateOnly => Some(self.callback(&[], true)),
            Deny::NeverReturn => None,
        })
    }

    /// The redirect URI, exactly as registered, with `fields` and the state added to its query.
    fn callback(&self, fields: &[(&str, &str)], encode_plus: bool) -> String {
        let mut added = form_urlencoded::Serializer::new(String::new());
        added.extend_pairs(fields);
        if let Some(state) = &self.state {
            added.append_pair("state", state);
        }
        // A space is `%20`, which every parser reads as a space; a plus sign is left for `encode_plus` to decide.
        let added = added.finish().replace('+', "%20");
        let added = if encode_plus { added } else { added.replace("%2B", "+") };
        let join = match self.redirect_uri.as_bytes() {
            _ if added.is_empty() => "",
            [.., b'?' | b'&'] => "",
            uri if uri.contains(&b'?') => "&",
            _ => "?",
        };
        format!("{}{join}{added}", self.redirect_uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(redirect_uri: &str, state: Option<&str>) -> Ask {
        Ask { client_id: "app".into(), redirect_uri: redirect_uri.into(), state: state.map(Into::into) }
    }

    #[test]
    fn an_ask_needs_client_id_and_redirect_uri_once_each() {
        let whole = Ask::parse("client_id=app&redirect_uri=http%3A%2F%2Fa%2Fb&state=s%20t&x=1").unwrap();
        assert_eq!(whole, ask("http://a/b", Some("s t")));
        assert_eq!(Ask::parse("client_id=app&redirect_uri=x").unwrap().state, None);
        for query in ["", "client_id=a", "redirect_uri=b", "client_id=a&client_id=a&redirect_uri=b", "state&state&a"] {
            assert!(Ask::parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn the_callback_keeps_the_query_of_the_redirect_uri() {
        for (uri, expected) in [
            ("http://a/cb", "http://a/cb?code=1&state=s"),
            ("http://a/cb?tenant=7", "http://a/cb?tenant=7&code=1&state=s"),
            ("http://a/cb?", "http://a/cb?code=1&state=s"),
            ("http://a/cb?x&", "http://a/cb?x&code=1&state=s"),
        ] {
            assert_eq!(ask(uri, Some("s")).callback(&[("code", "1")], true), expected);
        }
        assert_eq!(ask("http://a/cb", None).callback(&[], true), "http://a/cb");
    }

    #[test]
    fn code_and_state_survive_every_character() {
        let (code, state) = ("a/b+c=d%e?f#g h&iä", "<s>&\"+");
        let callback = ask("http://a/cb", Some(state)).callback(&[("code", code)], true);
        let url = url::Url::parse(&callback).unwrap();
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs, [("code".into(), code.into()), ("state".into(), state.into())]);
        assert!(url.fragment().is_none());
    }

    #[test]
    fn a_plus_can_be_left_bare() {
        let bare = ask("http://a/cb", None).callback(&[("code", "a+b/c")], false);
        assert_eq!(bare, "http://a/cb?code=a+b%2Fc");
    }
}
