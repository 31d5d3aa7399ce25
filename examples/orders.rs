//! All orders of all stores, as a stream, and a page with a picture of them: `cargo run --example orders`
//!
//! Without settings it starts a Komerza of its own and reads the orders of its demo account. With a key of yours in `KOMERZA_KEY`
//! (and a `KOMERZA_USER_AGENT`) it reads your own. It writes `orders.html` into the target folder, prints its address, and ends.

use jiff::{civil::Date, tz::Offset};
use komerza_connect::{
    ApiKey,
    api::{Client, models::OrderSummary},
    pacing::Priority,
};
use komerza_sandbox::Sandbox;
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::Write as _,
    io::{self, IsTerminal, Write as _},
    path::{Path, PathBuf},
};
use url::Url;

struct Shop {
    name: String,
    days: BTreeMap<Date, Sum>,
}

/// Orders, those of them that are paid, and what was paid, in hundredths, for each currency: two are never added up.
#[derive(Clone, Default)]
struct Sum {
    orders: u32,
    paid: u32,
    money: BTreeMap<String, i128>,
}

impl Sum {
    fn count(&mut self, order: &OrderSummary) -> Result<(), &'static str> {
        let hundredths = |amount: &komerza_connect::api::models::Amount| {
            amount.rounded_minor_units(2).ok_or("an amount beyond all sums")
        };
        let (asked, paid) = (hundredths(&order.amount)?, order.amount_paid.as_ref().map(hundredths).transpose()?);
        self.orders += 1;
        self.paid += u32::from(paid.is_some_and(|paid| paid >= asked));
        if let Some(paid) = paid.filter(|paid| *paid != 0) {
            *self.money.entry(order.currency_code.clone()).or_default() += paid;
        }
        Ok(())
    }

    fn of<'a>(sums: impl IntoIterator<Item = &'a Self>) -> Self {
        sums.into_iter().fold(Self::default(), |mut all, sum| {
            (all.orders, all.paid) = (all.orders + sum.orders, all.paid + sum.paid);
            for (currency, money) in &sum.money {
                *all.money.entry(currency.clone()).or_default() += money;
            }
            all
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The sandbox lives as long as this does.
    let (komerza, _sandbox) = connect().await?;
    let mut shops = Vec::new();
    for store in komerza.stores().await? {
        let mut shop = Shop { name: store.name, days: BTreeMap::new() };
        // A hundred orders a page, and the next page on its way while this one is counted. A job that nobody waits for lets
        // the calls of pages go first.
        let orders = komerza.in_store(&store.id).orders().page_size(100).priority(Priority::Background).prefetch();
        let mut orders = orders.items();
        let mut count = 0_u32;
        while let Some(order) = orders.next().await {
            let order = order?;
            shop.days.entry(Offset::UTC.to_datetime(order.date_created).date()).or_default().count(&order)?;
            count += 1;
            if count.is_multiple_of(100) {
                let of = orders.pages_told().map_or(String::new(), |pages| format!(" ({pages} pages in all)"));
                progress(&format!("{}: {count} orders so far{of}", shop.name), false);
            }
        }
        progress(&format!("{}: {count} orders", shop.name), true);
        shops.push(shop);
    }
    let folder = PathBuf::from(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
    std::fs::create_dir_all(&folder)?;
    let file = std::path::absolute(folder.join("orders.html"))?;
    std::fs::write(&file, page(&shops))?;
    println!("written: {}", address(&file));
    Ok(())
}

/// One line that renews itself on a terminal, and lines elsewhere. One that cannot be written harms nobody.
fn progress(line: &str, last: bool) {
    let mut out = io::stdout();
    let (start, end) = match (out.is_terminal(), last) {
        (true, false) => ("\r\x1b[K", ""),
        (true, true) => ("\r\x1b[K", "\n"),
        (false, _) => ("", "\n"),
    };
    let _ = write!(out, "{start}{line}{end}").and_then(|()| out.flush());
}

/// What a browser opens.
fn address(file: &Path) -> String {
    Url::from_file_path(file).map_or_else(|()| file.display().to_string(), Url::into)
}

/// A client for the key in the environment, or for the sandbox's demo account.
async fn connect() -> Result<(Client, Option<Sandbox>), Box<dyn Error>> {
    let agent = env::var("KOMERZA_USER_AGENT").unwrap_or_else(|_| "komerza-connect-orders/1.0".into());
    if let Ok(key) = env::var("KOMERZA_KEY") {
        return Ok((Client::new(ApiKey::new(key)?, agent)?, None));
    }
    let sandbox = Sandbox::builder().app_name("Orders").orders_per_store(400).start().await?;
    let key = ApiKey::new(sandbox.issue_key()?)?;
    Ok((Client::builder(key, agent).api_url(sandbox.api_url()).build()?, Some(sandbox)))
}

fn page(shops: &[Shop]) -> String {
    let mut html = String::from(HEAD);
    for shop in shops {
        let all = Sum::of(shop.days.values());
        let _ = write!(
            html,
            "<section><h2>{}</h2><p><b>{}</b> orders, {} of them not paid yet. Paid: <b>{}</b></p>{}</section>",
            escape(&shop.name),
            grouped(all.orders.into()),
            grouped((all.orders - all.paid).into()),
            money(&all),
            chart(shop)
        );
    }
    html.push_str("</main></html>");
    html
}

/// A bar for each day, also without orders, or for each week of a longer time; a line for the mean of seven bars.
fn chart(shop: &Shop) -> String {
    let (Some(first), Some(last)) = (shop.days.keys().next(), shop.days.keys().next_back()) else {
        return "<p>No orders yet.</p>".into();
    };
    let days: Vec<Date> = first.series(jiff::Span::new().days(1)).take_while(|day| day <= last).collect();
    // At most seventy days, or a hundred bars of whole weeks, of which the first may be a part.
    let weeks = if days.len() <= 70 { 0 } else { days.len().div_ceil(700) };
    let unit = match weeks {
        0 => "day".to_owned(),
        1 => "week".to_owned(),
        more => format!("{more} weeks"),
    };
    let mut bars: Vec<(Date, Sum)> = Vec::new();
    for days in days.rchunks((weeks * 7).max(1)) {
        bars.extend(days.first().map(|day| (*day, Sum::of(days.iter().filter_map(|day| shop.days.get(day))))));
    }
    bars.reverse();
    let most = bars.iter().map(|(_, sum)| sum.orders).max().unwrap_or_default();
    let mark = round_step(most);
    let top = most.max(1).next_multiple_of(mark);
    let (width, height, step) = (720.0, 180.0, 720.0 / bars.len() as f64);
    let y = |count: f64| height - count / f64::from(top) * height;
    let mut svg = format!(
        "<div><svg viewBox='-36 -24 760 232' role='img' aria-label='{}: orders per {unit} from {first} to {last}, at most {most}'>\
         <text x='-36' y='-12'>orders per {unit}</text>",
        escape(&shop.name)
    );
    for count in (0..=top).step_by(mark as usize) {
        let (y, number) = (y(count.into()), grouped(count.into()));
        let _ = write!(
            svg,
            "<line x1='0' x2='{width}' y1='{y:.1}' y2='{y:.1}'/><text x='-6' y='{:.1}' class='end'>{number}</text>",
            y + 4.0
        );
    }
    let (mut line, mut named) = (String::new(), None);
    // At most seven dates under the picture, or one for each week.
    let every = bars.len().div_ceil(7);
    let every = if weeks == 0 { every.next_multiple_of(7) } else { every };
    for (at, (day, sum)) in bars.iter().enumerate() {
        let (left, wide) = (at as f64 * step + step * 0.12, step * 0.76);
        let (whole, paid) = (y(sum.orders.into()), y(sum.paid.into()));
        let _ = write!(
            svg,
            "<g><title>{unit} of {day}: {} orders, {} of them paid; {}</title><rect class='open' x='{left:.1}' y='{whole:.1}' \
             width='{wide:.1}' height='{:.1}'/><rect x='{left:.1}' y='{paid:.1}' width='{wide:.1}' height='{:.1}'/></g>",
            sum.orders,
            sum.paid,
            money(sum),
            paid - whole,
            height - paid
        );
        if let Some(seven) = at.checked_sub(6).and_then(|from| bars.get(from..=at)) {
            let mean = seven.iter().map(|(_, sum)| f64::from(sum.orders)).sum::<f64>() / 7.0;
            let _ = write!(line, "{:.1},{:.1} ", left + wide / 2.0, y(mean));
        }
        if at % every == 0 {
            // The year where it is new.
            let format = if named.replace(day.year()) == Some(day.year()) { "%-d %b" } else { "%-d %b %Y" };
            let (x, end) = if left > width - 60.0 { (left + wide, "end") } else { (left, "") };
            let _ = write!(svg, "<text x='{x:.1}' y='200' class='{end}'>{}</text>", day.strftime(format));
        }
    }
    let _ = write!(svg, "<polyline points='{line}'/></svg></div>");
    svg
}

/// 1, 2 or 5 times a power of ten, so that at most five marks reach the highest bar.
fn round_step(most: u32) -> u32 {
    let steps = (0..9).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u32.pow(power)));
    steps.into_iter().find(|step| most.div_ceil(*step) <= 5).unwrap_or(u32::MAX)
}

fn money(sum: &Sum) -> String {
    let one = |(currency, hundredths): (&String, &i128)| {
        let (sign, whole) = (if *hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
        format!("{sign}{}.{:02} {}", grouped(whole / 100), whole % 100, escape(currency))
    };
    let all: Vec<String> = sum.money.iter().map(one).collect();
    if all.is_empty() { "nothing".into() } else { all.join(" and ") }
}

/// With a thin space between thousands.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;")
}

const HEAD: &str = "<!DOCTYPE html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>\
<title>Orders</title><style>\
:root{color-scheme:light dark;--paid:#3b6fd8;--open:#a9c1f2;--mean:#c2410c;--line:#8885}\
@media(prefers-color-scheme:dark){:root{--paid:#6f9bf5;--open:#35507f;--mean:#fb923c}}\
body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:1rem}main{max-width:52rem;margin:auto}\
section{margin:1.5rem 0;padding:1.25rem;border:1px solid var(--line);border-radius:.75rem}\
h1{margin:.5rem 0}h2{margin:0}p{margin:.25rem 0 1rem}section div{overflow-x:auto}svg{display:block;width:100%;min-width:38rem}\
rect{fill:var(--paid)}.open{fill:var(--open)}g:hover rect{fill:var(--mean)}line{stroke:var(--line)}\
polyline{fill:none;stroke:var(--mean);stroke-width:2.5;stroke-linejoin:round}text{font-size:12px;fill:currentColor}\
.end{text-anchor:end}i{display:inline-block;width:.9em;height:.9em;margin-right:.4em;border-radius:.2em;vertical-align:-.1em}\
span,b{white-space:nowrap}span{margin-right:1.2em}</style><main><h1>Orders</h1><p><span><i style='background:var(--paid)'></i>paid</span>\
<span><i style='background:var(--open)'></i>not paid yet</span><span><i style='background:var(--mean);height:.25em;\
vertical-align:.2em'></i>mean of seven bars</span><span>days of UTC</span></p>";
