//! Every variable of the storefront, read and checked before a port is bound.

use std::{net::SocketAddr, path::PathBuf};

use chassis::{LogConfig, RateLimitConfig};
use reqwest::Url;

/// The shop's pages.
#[derive(Debug, clap::Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    pub log: LogConfig,
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serve the pages until SIGTERM.
    Serve(Config),
}

/// How to serve.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// Where to listen, such as 127.0.0.1:7100.
    #[arg(long, env = "STOREFRONT_LISTEN")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub limits: RateLimitConfig,
    /// Where the catalogue is, such as <http://127.0.0.1:7101>.
    #[arg(long, env = "STOREFRONT_CATALOG_URL", value_parser = http_url)]
    pub catalog_url: Url,
    /// Where carts are kept.
    #[arg(long, env = "STOREFRONT_CART_URL", value_parser = http_url)]
    pub cart_url: Url,
    /// Where orders are placed.
    #[arg(long, env = "STOREFRONT_ORDERS_URL", value_parser = http_url)]
    pub orders_url: Url,
    /// Where accounts are.
    #[arg(long, env = "STOREFRONT_IDENTITY_URL", value_parser = http_url)]
    pub identity_url: Url,
    /// Who knows what is in stock.
    #[arg(long, env = "STOREFRONT_INVENTORY_URL", value_parser = http_url)]
    pub inventory_url: Url,
    /// Who knows what can be paid with.
    #[arg(long, env = "STOREFRONT_PAYMENTS_URL", value_parser = http_url)]
    pub payments_url: Url,
    /// Who takes messages to the shop.
    #[arg(long, env = "STOREFRONT_NOTIFICATIONS_URL", value_parser = http_url)]
    pub notifications_url: Url,
    /// The address under which shoppers know the shop, for canonical links.
    #[arg(long, env = "STOREFRONT_PUBLIC_URL", value_parser = http_url)]
    pub public_url: Url,
    /// What /health asks: a YAML file with `timeout_ms` and `checks`.
    #[arg(long, env = "STOREFRONT_HEALTH_FILE")]
    pub health_file: PathBuf,
}

/// An address to which a path can be added.
fn http_url(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|error| format!("{error}: expected something like http://127.0.0.1:7101"))?;
    match url.scheme() {
        "http" | "https" if url.query().is_none() && url.fragment().is_none() => Ok(url),
        "http" | "https" => Err("expected an address without ? and #".to_owned()),
        other => Err(format!("expected http:// or https://, not {other}:")),
    }
}
