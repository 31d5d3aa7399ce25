//! The sandbox as a program, for apps in any language: `komerza-sandbox --help`.

mod arguments;
mod doctor;

use arguments::{Arguments, Wish};
use komerza_sandbox::{App, Sandbox, SandboxError};
use std::{fmt::Write, process::ExitCode};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Wish::Help) => {
            print!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Wish::Version) => {
            println!("komerza-sandbox {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Ok(Wish::Doctor { url, cookie, json }) => match doctor::examine(&url, cookie.as_deref(), json).await {
            Ok((report, wrong)) => {
                println!("{}", report.trim_end());
                return ExitCode::from(u8::from(wrong));
            }
            Err(why) => Err(why),
        },
        Ok(Wish::Run(arguments)) => run(arguments).await,
        Err(why) => Err(why),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("komerza-sandbox: {why}");
            ExitCode::from(2)
        }
    }
}

/// Serves until it is told to stop.
async fn run(arguments: Arguments) -> Result<(), String> {
    let Arguments { port, redirect_uris, client_id, client_secret } = arguments;
    let mut app = App::new("Demo app").client_id(client_id).client_secret(client_secret);
    for uri in &redirect_uris {
        app = app.redirect_uri(uri);
    }
    let sandbox = Sandbox::builder().app(app).address(([127, 0, 0, 1], port).into()).start().await;
    let sandbox = sandbox.map_err(refusal)?;
    // Whoever started this may send a signal as soon as the lines are printed, so signals are handled before
    // that.
    let stopped = stopped()?;
    print!("{}", lines(&sandbox, &redirect_uris));
    stopped.await;
    sandbox.stop().await;
    Ok(())
}

/// What a shell reads to use this sandbox: `source` takes it as it is.
fn lines(sandbox: &Sandbox, redirect_uris: &[String]) -> String {
    let mut text = format!(
        "# A Komerza sandbox is running. It lists connected apps on {}\n# Set these for your app:\n",
        sandbox.dashboard_url()
    );
    let mut uris = redirect_uris.iter();
    for (name, value) in sandbox.variables(uris.next().map(String::as_str).unwrap_or_default()) {
        let _ = writeln!(text, "export {name}={}", arguments::quoted(&value));
    }
    for uri in uris {
        let _ = writeln!(text, "# also registered: {uri}");
    }
    text
}

/// Names the argument that is at fault. A secret is not repeated.
fn refusal(why: SandboxError) -> String {
    match &why {
        SandboxError::SecretLength(..) => format!("--client-secret: {why}"),
        SandboxError::RedirectUri(_) => format!("--redirect-uri: {why}"),
        SandboxError::Bind(_, source) => format!("--port: {why}: {source}"),
        _ => why.to_string(),
    }
}

/// Waits for SIGINT or SIGTERM, which no longer end the program by themselves.
#[cfg(unix)]
fn stopped() -> Result<impl Future<Output = ()>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = |kind| signal(kind).map_err(|why| format!("cannot wait for signals: {why}"));
    let (mut interrupt, mut terminate) = (signals(SignalKind::interrupt())?, signals(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
fn stopped() -> Result<impl Future<Output = ()>, String> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
