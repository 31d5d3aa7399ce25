//! What was found, for people and as JSON.

use super::MountedRoute;
use crate::{api::scopes, message::Message};
use serde::Serialize;
use serde_json::json;
use std::fmt;

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// No problem was found.
    Fine,
    /// Something should be changed or checked again before the app is deployed.
    Warning,
    /// Visitors cannot connect.
    Error,
}

impl Severity {
    /// One word, as in the JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was checked, with its result: `"store_works"`. The [guide](crate::guide::setting_up) lists all
    /// codes.
    pub code: &'static str,
    /// What was found. It holds no secret.
    pub text: String,
    /// What to do about it. `None` if nothing has to be done.
    pub remedy: Option<&'static str>,
}

impl Finding {
    pub(super) fn new(severity: Severity, message: &'static Message, detail: &str) -> Self {
        let remedy = Some(message.remedy).filter(|remedy| !remedy.is_empty());
        Self { severity, code: message.code, text: message.text(detail), remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8}{}.", self.severity.as_str(), self.text)?;
        self.remedy.map_or(Ok(()), |remedy| write!(f, "\n        {remedy}"))
    }
}

/// What [`doctor`](crate::KomerzaConnectLayer::doctor) found, and what to register at Komerza.
///
/// `Display` is for people; [`to_json`](Self::to_json) for programs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The client ID of the application.
    pub client_id: String,
    /// The redirect URI to register in the Komerza dashboard.
    pub redirect_uri: String,
    /// The routes of the layer.
    pub routes: Vec<MountedRoute>,
    /// Everything that was checked.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The worst of the findings.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Fine)
    }

    /// The report as JSON: `severity`, `register`, `routes` and `findings`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let permissions = scopes::MEANINGS.iter().map(|(scope, meaning)| json!({ "scope": scope, "for": meaning }));
        json!({
            "severity": self.severity(),
            "register": {
                "client_id": self.client_id, "redirect_uri": self.redirect_uri,
                "permissions": permissions.collect::<Vec<_>>(),
            },
            "routes": self.routes,
            "findings": self.findings,
        })
        .to_string()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Findings (worst: {}):", self.severity().as_str())?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        writeln!(f, "\nRoutes:")?;
        self.routes.iter().try_for_each(|route| writeln!(f, "{route}"))?;
        writeln!(f, "\nRegister in the Komerza dashboard, for the application {}:", self.client_id)?;
        writeln!(f, "  redirect URI  {}", self.redirect_uri)?;
        writeln!(
            f,
            "  permissions   the ones that your app's calls need; the documentation of each call names its permission"
        )?;
        write!(f, "    user.view   for user() and stores(), which most apps call")?;
        groups().iter().try_for_each(|(group, rights)| write!(f, "\n    {group:<24}{}", rights.join(", ")))
    }
}

/// All known permissions in the order of the list, grouped by the part before the last dot.
fn groups() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (group, right) in scopes::ALL.iter().filter_map(|scope| scope.rsplit_once('.')) {
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, rights)) => rights.push(right),
            None => groups.push((group, vec![right])),
        }
    }
    groups
}
