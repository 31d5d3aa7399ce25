//! All orders of all stores, as a stream, and a page with a picture of them: `cargo run --example orders`
//!
//! Without settings it starts a Komerza of its own and reads the orders of its demo account. With a key of yours in `KOMERZA_KEY`
//! (and a `KOMERZA_USER_AGENT`) it reads your own. It writes `target/orders.html`, prints where that is, and ends.

#![allow(clippy::arithmetic_side_effects, reason = "sums over the orders of a shop")]

use jiff::{civil::Date, tz::Offset};
use komerza_connect::{
    ApiKey, Config, KomerzaConnectLayer, KomerzaKey, MemoryStore, Priority, StoredToken, TokenStore, UserId,
    sandbox::Sandbox,
};
use std::{collections::BTreeMap, env, error::Error, fmt::Write as _, io::Write as _, path::PathBuf};

const REDIRECT_URI: &str = "http://127.0.0.1:3000/komerza/callback";

/// Orders and turnover in the smallest unit, by day.
type Days = BTreeMap<Date, (u32, i128)>;

struct Shop {
    name: String,
    currency: String,
    days: Days,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The sandbox lives as long as this does.
    let (komerza, _sandbox) = connect().await?;
    let mut shops = Vec::new();
    for store in komerza.stores().await? {
        let mut shop = Shop { name: store.name, currency: store.currency_code, days: Days::new() };
        // A hundred orders a page, and the next page on its way while this one is counted. A job that nobody waits for lets
        // the calls of pages go first.
        let orders = komerza.in_store(&store.id).orders().page_size(100).priority(Priority::Background).prefetch();
        let mut orders = orders.items();
        let mut count = 0_u32;
        while let Some(order) = orders.next().await {
            let order = order?;
            let day = Offset::UTC.to_datetime(order.date_created).date();
            let (number, turnover) = shop.days.entry(day).or_default();
            *number += 1;
            *turnover += order.amount.rounded_minor_units(2).unwrap_or_default();
            count += 1;
            if count.is_multiple_of(20) {
                progress(&shop.name, count, orders.pages_told());
            }
        }
        progress(&shop.name, count, orders.pages_told());
        println!();
        shops.push(shop);
    }
    let file = PathBuf::from(env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into())).join("orders.html");
    std::fs::write(&file, page(&shops))?;
    println!("written: {}", file.display());
    Ok(())
}

/// A client for the key in the environment, or for the sandbox's demo account.
async fn connect() -> Result<(KomerzaKey, Option<Sandbox>), Box<dyn Error>> {
    let (config, key, sandbox) = match env::var("KOMERZA_KEY") {
        Ok(key) => {
            let agent = env::var("KOMERZA_USER_AGENT").unwrap_or_else(|_| "komerza-connect-orders/1.0".into());
            // Only the callback and the exchange need a real application; this program has its key already.
            let config = Config::builder().client_id("none").client_secret_of_any_length("none");
            (config.redirect_uri(REDIRECT_URI).user_agent(agent).build()?, key, None)
        }
        Err(_) => {
            let sandbox = Sandbox::builder().app_name("Orders").orders_per_store(400).start().await?;
            (sandbox.config(REDIRECT_URI)?, sandbox.issue_key()?, Some(sandbox))
        }
    };
    let (store, me) = (MemoryStore::default(), UserId::new("me")?);
    store.save(&me, &StoredToken::new(ApiKey::new(key)?)?).await?;
    let komerza = KomerzaConnectLayer::new(config, store)?.client_for(&me).await?;
    Ok((komerza, sandbox))
}

fn progress(shop: &str, count: u32, pages: Option<u32>) {
    let of = pages.map_or(String::new(), |pages| format!(" ({pages} pages in all)"));
    print!("\r{shop}: {count} orders{of}");
    // A progress line that cannot be written harms nobody.
    let _ = std::io::stdout().flush();
}

fn page(shops: &[Shop]) -> String {
    let mut html = String::from(HEAD);
    for shop in shops {
        let (orders, turnover) = shop.days.values().fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
        let _ = write!(
            html,
            "<section><h2>{}</h2><p><b>{orders}</b> orders, <b>{}</b></p>{}</section>",
            escape(&shop.name),
            money(turnover, &shop.currency),
            chart(shop)
        );
    }
    html.push_str("</main>");
    html
}

/// Bars for the orders of each day, also of those without any, and a line for the mean of seven days.
fn chart(shop: &Shop) -> String {
    let (Some(first), Some(last)) = (shop.days.keys().next(), shop.days.keys().next_back()) else {
        return "<p>No orders yet.</p>".into();
    };
    let days: Vec<Date> = first.series(jiff::Span::new().days(1)).take_while(|day| day <= last).collect();
    let counts: Vec<u32> = days.iter().map(|day| shop.days.get(day).map_or(0, |(count, _)| *count)).collect();
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let (width, height, step) = (720.0, 180.0, 720.0 / days.len() as f64);
    let top = |count: f64| height - count / f64::from(most) * (height - 20.0);
    let mut svg =
        format!("<svg viewBox='-28 -6 760 220' role='img' aria-label='Orders per day at {}'>", escape(&shop.name));
    for mark in [0, most / 2, most] {
        let y = top(f64::from(mark));
        let _ = write!(
            svg,
            "<line class='grid' x1='0' x2='{width}' y1='{y:.1}' y2='{y:.1}'/><text x='-6' y='{:.1}' text-anchor='end'>{mark}</text>",
            y + 4.0
        );
    }
    let mut line = String::new();
    for (at, (day, count)) in days.iter().zip(&counts).enumerate() {
        let (x, y) = (at as f64 * step, top(f64::from(*count)));
        let turnover = shop.days.get(day).map_or(0, |(_, turnover)| *turnover);
        let _ = write!(
            svg,
            "<rect x='{:.1}' y='{y:.1}' width='{:.1}' height='{:.1}' rx='2'><title>{day}: {count} orders, {}</title></rect>",
            x + step * 0.12,
            step * 0.76,
            height - y,
            money(turnover, &shop.currency)
        );
        let week = counts.get(at.saturating_sub(6)..=at).unwrap_or_default();
        let mean = week.iter().copied().map(f64::from).sum::<f64>() / week.len() as f64;
        let _ = write!(line, "{:.1},{:.1} ", x + step / 2.0, top(mean));
        if at % 7 == 0 {
            let _ = write!(
                svg,
                "<text x='{:.1}' y='200' text-anchor='middle'>{}</text>",
                x + step / 2.0,
                day.strftime("%-d %b")
            );
        }
    }
    let _ = write!(svg, "<polyline points='{line}'/></svg>");
    svg
}

fn money(cents: i128, currency: &str) -> String {
    format!("{}.{:02} {}", cents / 100, (cents % 100).abs(), escape(currency))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;")
}

const HEAD: &str = "<!DOCTYPE html><html lang='en'><meta charset='utf-8'><title>Orders per day</title><style>\
:root{color-scheme:light dark;--bar:#5b8def;--mean:#e0643b;--line:#8884}\
body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:2rem}main{max-width:52rem;margin:auto}\
section{margin:2rem 0;padding:1.25rem 1.5rem;border:1px solid var(--line);border-radius:.75rem}\
h2{margin:0}p{margin:.25rem 0 1rem}svg{width:100%;height:auto}rect{fill:var(--bar)}rect:hover{fill:var(--mean)}\
polyline{fill:none;stroke:var(--mean);stroke-width:2.5;stroke-linejoin:round}\
.grid{stroke:var(--line)}text{font-size:11px;fill:currentColor;opacity:.7}</style>\
<main><h1>Orders per day</h1><p>Bars: orders of a day. Line: the mean of seven days.</p>";
