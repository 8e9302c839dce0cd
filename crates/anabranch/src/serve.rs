//! A server's life: start, signals, stop.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::ExitCode;

use anabranch_auth::has_bcrypt_prefix;
use anabranch_broker::{Broker, Options, PEER_VERSION, StartError};

use crate::command::{Configured, fail};
use crate::io_reason::io_reason;
use crate::logging::{self, Logger};
use crate::process::{
    ClientScheme, PortsFile, Signal, Signals, log_panics, raise_descriptor_limit, write_pid_file,
};
use crate::program::{Program, VERSION};

/// Serves until a signal says otherwise. The exit status is 0 then, and 1 if there was no start.
pub(crate) fn serve(program: &Program, configured: Configured) -> ExitCode {
    let logger = match logging::open(program, &configured.options.log) {
        Ok(logger) => logger,
        Err(error) => return fail(program, &error),
    };
    log_panics();
    match start_and_run(program, configured, &logger) {
        Ok(()) => {
            logger.wait_written();
            ExitCode::SUCCESS
        }
        Err(error) => {
            logger.fatal(error);
            ExitCode::FAILURE
        }
    }
}

fn start_and_run(program: &Program, configured: Configured, logger: &Logger) -> Result<(), String> {
    announce(&configured);
    raise_descriptor_limit();
    if let Some(path) = &configured.options.files.pid_file {
        write_pid_file(path)?;
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("worker")
        .enable_all()
        .build()
        .map_err(|why| format!("Could not start threads: {}", io_reason(&why)))?;
    let result = runtime.block_on(run(program, configured, threads, logger));
    // What still resolves a name or reads a file must not delay the end.
    runtime.shutdown_background();
    result
}

/// Who this is, and what the configuration asks for in vain.
fn announce(configured: &Configured) {
    log::info!("Starting anabranch");
    log::info!("  Version:  {VERSION}");
    log::info!("  Compatible with nats-server {PEER_VERSION}");
    log::info!("  Git:      [{}]", option_env!("ANABRANCH_GIT_COMMIT").unwrap_or("not set"));
    let options = &configured.options;
    if has_plain_password(options) {
        log::warn!("Plaintext passwords detected, use nkeys or bcrypt");
    }
    if let Some(path) = &options.config_file {
        log::info!("Using configuration file: {} ({})", path.display(), options.config_digest);
    }
    for warning in &configured.warnings {
        log::warn!("{warning}");
    }
}

/// Whether a password in the configuration is readable. Tokens do not count for nats-server.
fn has_plain_password(options: &Options) -> bool {
    let authorization = &options.authorization;
    let users = authorization.users.iter().map(|user| &user.password);
    // Users without one are known by their certificates.
    let mut given = authorization.password.iter().chain(users).filter(|text| !text.is_empty());
    given.any(|text| !has_bcrypt_prefix(text))
}

async fn run(
    program: &Program,
    configured: Configured,
    threads: usize,
    logger: &Logger,
) -> Result<(), String> {
    let cannot_trap = |why| format!("Could not trap signals: {}", io_reason(&why));
    let mut signals = Signals::trap().map_err(cannot_trap)?;
    let Configured { options, .. } = configured;
    let scheme = client_scheme(&options);
    let ports_directory = options.files.ports_file_dir.clone();
    let broker = Broker::builder().options(options).threads(threads).start().await;
    let broker = broker.map_err(|error| start_reason(&error))?;
    log::info!("  Name:     {}", broker.server_name());
    log::info!("  ID:       {}", broker.server_id());
    let ports = ports_directory
        .map(|directory| PortsFile::write(program, &directory, broker.endpoints(), scheme));
    log::info!("Server is ready");
    until_stopped(&broker, &mut signals, logger).await;
    log::info!("Initiating Shutdown...");
    broker.shutdown().await;
    if let Some(ports) = ports {
        ports.remove();
    }
    log::info!("Server Exiting..");
    Ok(())
}

fn client_scheme(options: &Options) -> ClientScheme {
    if options.tls.is_some() && !options.allow_non_tls {
        ClientScheme::Tls
    } else {
        ClientScheme::Plain
    }
}

/// Why there is no start, in nats-server's words.
fn start_reason(error: &StartError) -> String {
    match error {
        StartError::Listen { what: "port", address, source } => {
            format!("Error listening on port: {address}, {:?}", listen_reason(address, source))
        }
        StartError::Listen { what, address, source } => {
            let why = listen_reason(address, source);
            format!("Can't start monitoring: can't listen to the {what}: {why}")
        }
        _ => error.to_string(),
    }
}

fn listen_reason(address: &str, why: &io::Error) -> String {
    // Without a number it comes from looking up the name, before there was an address.
    let place = why.raw_os_error().map_or(String::new(), |_| format!(" {address}: bind"));
    format!("listen tcp{place}: {}", io_reason(why))
}

/// Acts on signals until one of them, or the end of lame duck mode, ends the server.
async fn until_stopped(broker: &Broker, signals: &mut Signals, logger: &Logger) {
    let mut lame_duck: Option<Pin<Box<dyn Future<Output = bool> + '_>>> = None;
    loop {
        // Cancel-safe: `next` loses no signal, and lame duck mode is kept between turns.
        let signal = tokio::select! {
            signal = signals.next() => signal,
            () = finished(&mut lame_duck) => return,
        };
        log::info!("Trapped \"{}\" signal", signal.name());
        match signal {
            Signal::Interrupt => return,
            // A second way to say what is under way already.
            Signal::Terminate if lame_duck.is_some() => {}
            Signal::Terminate => return,
            #[cfg(unix)]
            Signal::User1 => logger.reopen(),
            #[cfg(unix)]
            Signal::User2 => {
                lame_duck.get_or_insert_with(|| Box::pin(broker.lame_duck()));
            }
            #[cfg(unix)]
            Signal::Hangup => log::error!(
                "Failed to reload server configuration: configuration reload is not supported yet"
            ),
        }
    }
}

/// Ends with lame duck mode; never, if there is none.
async fn finished(lame_duck: &mut Option<Pin<Box<dyn Future<Output = bool> + '_>>>) {
    match lame_duck {
        Some(duck) => {
            duck.await;
        }
        None => std::future::pending().await,
    }
}
