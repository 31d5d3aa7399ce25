//! Kinds of failures: an open set, where each kind has a stable code, a status and a sentence.

/// Implements `Error`, without a cause, for these types. Their `Debug` says the same as `Display`, because
/// `main` prints an error with `Debug`.
macro_rules! readable {
    ($($error:ty),+) => {$(
        impl std::error::Error for $error {}

        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    )+};
}

/// Gives secrets a `Debug` that shows their type and nothing else.
macro_rules! redacted {
    ($($secret:ident),+) => {$(
        impl std::fmt::Debug for $secret {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($secret), "(redacted)"))
            }
        }
    )+};
}

/// Gives types a `Debug` that shows their name and what `Display` shows: `TokenVersion(0001…)`.
macro_rules! named {
    ($($shown:ident),+) => {$(
        impl std::fmt::Debug for $shown {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($shown), "({})"), self)
            }
        }
    )+};
}

/// Gives types a `Debug` that shows these fields and no others.
macro_rules! shows {
    ($($shown:ident $(<$parameter:ident $(: $bound:path)?>)? { $($field:ident),* })+) => {$(
        impl $(<$parameter $(: $bound)?>)? std::fmt::Debug for $shown $(<$parameter>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($shown))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    )+};
}

/// Makes an enum of kinds from a table: name, code, status, sentence and, where visitors read it, advice.
macro_rules! kinds {
    (
        $(#[$about:meta])*
        $kind:ident
        $($(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:ident, $title:literal $(, $advice:literal)?;)*
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $kind {
            $(
                $(#[doc = $doc])+
                ///
                #[doc = concat!("Code `", $code, "`, status [`", stringify!($status), "`](http::StatusCode::", stringify!($status), "). ")]
                $(#[doc = concat!("The visitor reads: \"", $title, " ", $advice, "\"")])?
                $name,
            )*
        }

        impl $kind {
            /// A stable code for logs, metrics and programs, in `snake_case`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The status of the crate's answer, unless the answer is a redirect.
            #[must_use]
            pub fn status(self) -> http::StatusCode {
                match self { $(Self::$name => http::StatusCode::$status,)* }
            }

            /// One sentence that says what happened.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Every kind, in the order of this page.
            #[must_use]
            pub fn all() -> &'static [Self] {
                &[$(Self::$name),*]
            }
        }

        $crate::kinds::advice! { $kind $($name $($advice)?;)* }
    };
}

/// What a visitor should do next, where the table says so.
macro_rules! advice {
    ($kind:ident $($name:ident $advice:literal;)+) => {
        impl $kind {
            /// What the visitor should do next.
            #[must_use]
            pub fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)+ }
            }
        }
    };
    ($kind:ident $($name:ident;)+) => {};
}

pub(crate) use {advice, kinds, named, readable, redacted, shows};
