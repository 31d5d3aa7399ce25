//! What was found, for people and as JSON.

use super::MountedRoute;
use crate::{
    api::scopes,
    config::{Config, Message},
};
use serde_json::json;
use std::fmt;

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// No problem was found.
    Fine,
    /// It works, and something should be changed before the app is deployed.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    severity: Severity,
    message: &'static Message,
    text: String,
}

impl Finding {
    pub(crate) fn new(severity: Severity, message: &'static Message, detail: &str) -> Self {
        Self::saying(severity, message, message.text(detail))
    }

    pub(crate) fn saying(severity: Severity, message: &'static Message, text: String) -> Self {
        Self { severity, message, text }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What was checked, with its result: `"store_works"`. The [guide](crate::guide::setting_up) lists all
    /// codes.
    #[must_use]
    pub fn code(&self) -> &str {
        self.message.code
    }

    /// What was found. It holds no secret.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What to do about it. `None`: nothing.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        Some(self.message.remedy).filter(|remedy| !remedy.is_empty())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8}{}.", self.severity.as_str(), self.text)?;
        self.remedy().map_or(Ok(()), |remedy| write!(f, "\n        {remedy}"))
    }
}

/// What [`doctor`](crate::KomerzaConnectLayer::doctor) found, and what to register at Komerza.
///
/// `Display` is for people; [`to_json`](Self::to_json) for programs.
#[derive(Debug, Clone)]
pub struct Report {
    client_id: String,
    redirect_uri: String,
    routes: Vec<MountedRoute>,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(config: &Config, routes: Vec<MountedRoute>, findings: Vec<Finding>) -> Self {
        Self { client_id: config.client_id.clone(), redirect_uri: config.redirect_uri.text.clone(), routes, findings }
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Everything that was checked.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The routes of the layer.
    #[must_use]
    pub fn routes(&self) -> &[MountedRoute] {
        &self.routes
    }

    /// The worst of the findings.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.findings.iter().map(Finding::severity).max().unwrap_or(Severity::Fine)
    }

    /// The redirect URI to register in the Komerza dashboard.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The report as JSON: `severity`, `register`, `routes` and `findings`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let findings = self.findings.iter().map(|finding| {
            json!({
                "severity": finding.severity.as_str(), "code": finding.code(), "text": finding.text,
                "remedy": finding.remedy(),
            })
        });
        let permissions = scopes::MEANINGS.iter().map(|(scope, meaning)| json!({ "scope": scope, "for": meaning }));
        json!({
            "severity": self.severity().as_str(),
            "register": {
                "client_id": self.client_id, "redirect_uri": self.redirect_uri,
                "permissions": permissions.collect::<Vec<_>>(),
            },
            "routes": self.routes,
            "findings": findings.collect::<Vec<_>>(),
        })
        .to_string()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Findings, in all {}:", self.severity().as_str())?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        writeln!(f, "\nRoutes:")?;
        self.routes.iter().try_for_each(|route| writeln!(f, "{route}"))?;
        writeln!(f, "\nRegister in the Komerza dashboard, for the application {}:", self.client_id)?;
        writeln!(f, "  redirect URI  {}", self.redirect_uri)?;
        writeln!(f, "  permissions   those of the calls that your app makes, which each call's documentation names")?;
        write!(f, "    user.view   for user() and stores(), which most apps call")?;
        groups().iter().try_for_each(|(group, rights)| write!(f, "\n    {group:<24}{}", rights.join(", ")))
    }
}

/// Every known permission in the order of the list, by what comes before its last dot.
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
