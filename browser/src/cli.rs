//! The command line. Everything that is about a platform comes as a variable, so that the toolkit can say it once.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use reqwest::Url;

use crate::{platform::Platform, rating, screenshots, suite};

/// Uses a running shop in Chromium.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the tests; only those whose name contains FILTER when one is given.
    Test {
        #[command(flatten)]
        place: Place,
        filter: Option<String>,
        /// Browsers at the same time.
        #[arg(long, default_value_t = 2)]
        at_once: usize,
        /// Names the tests and ends.
        #[arg(long)]
        list: bool,
    },
    /// Takes a picture of every page, narrow and wide, light and dark.
    Screenshots {
        #[command(flatten)]
        place: Place,
        /// Only pages whose name contains this.
        #[arg(long)]
        only: Option<String>,
        /// A shop that lacks a part, such as search=http://localhost:1234: what it still serves is photographed, too.
        #[arg(long, value_name = "PART=URL", value_parser = part_and_shop)]
        without: Vec<(String, Url)>,
    },
    /// Says what the most visited pages weigh, and how Lighthouse rates them: one JSON object a line.
    Rate {
        #[command(flatten)]
        place: Place,
        /// Only the weights: Lighthouse takes half a minute a page.
        #[arg(long)]
        without_lighthouse: bool,
    },
}

/// Where the shop is, and who may do what there.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// The edge, such as <http://localhost:8080>.
    #[arg(long, env = "BROWSER_SHOP_URL")]
    pub(crate) shop_url: Url,
    /// The administrator's address.
    #[arg(long, env = "BROWSER_ADMIN_EMAIL")]
    pub(crate) admin_email: String,
    /// A file with the administrator's password.
    #[arg(long, env = "BROWSER_ADMIN_PASSWORD_FILE")]
    pub(crate) admin_password_file: PathBuf,
    /// Where npm has put the tools of `browser/tools`: a folder for each.
    #[arg(long, env = "BROWSER_TOOLS")]
    pub(crate) tools: PathBuf,
    /// Where pictures go: those that were asked for, and what a failed test has seen.
    #[arg(long, env = "BROWSER_OUT")]
    pub(crate) out: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let good = match arguments.command {
        Command::Test { list: true, .. } => {
            suite::list();
            true
        }
        Command::Test {
            place,
            filter,
            at_once,
            ..
        } => suite::run(Platform::at(place)?, filter.as_deref(), at_once).await?,
        Command::Screenshots {
            place,
            only,
            without,
        } => screenshots::run(Platform::at(place)?, only.as_deref(), &without).await?,
        Command::Rate {
            place,
            without_lighthouse,
        } => {
            rating::run(&Platform::at(place)?, !without_lighthouse).await?;
            true
        }
    };
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn part_and_shop(text: &str) -> Result<(String, Url), String> {
    let (part, shop) = text
        .split_once('=')
        .ok_or("expected the part and where the shop without it is: PART=URL")?;
    let shop = shop
        .parse()
        .map_err(|error| format!("the shop without {part}: {error}"))?;
    Ok((part.to_owned(), shop))
}
