//! Draws all orders of all stores by day, as `orders.svg`: `cargo run` in this folder.
//!
//! `Cargo.toml` beside this file has the dependencies. The orders are those of a sandbox on this machine.

use jiff::{Span, civil::Date, tz::Offset};
use komerza_connect::{ApiKey, api::Client};
use komerza_sandbox::Sandbox;
use plotters::prelude::*;
use std::collections::BTreeMap;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::builder().orders_per_store(400).start().await?;
    let key = ApiKey::new(sandbox.issue_key()?)?;
    let komerza = Client::builder(key, "Chart/1.0").api_url(sandbox.api_url()).build()?;
    let mut days: BTreeMap<Date, u32> = BTreeMap::new();
    for store in komerza.stores().await? {
        let mut orders = komerza.in_store(&store.id).orders().page_size(100).prefetch().items();
        while let Some(order) = orders.next().await {
            *days.entry(Offset::UTC.to_datetime(order?.date_created).date()).or_default() += 1;
        }
    }
    draw(&days)?;
    println!("written: orders.svg");
    Ok(())
}

/// A bar for each day, also for those without orders.
fn draw(days: &BTreeMap<Date, u32>) -> Result<(), Box<dyn std::error::Error>> {
    let (Some(first), Some(last)) = (days.keys().next(), days.keys().next_back()) else {
        return Err("there are no orders".into());
    };
    let days: Vec<(Date, u32)> = first
        .series(Span::new().days(1))
        .take_while(|day| day <= last)
        .map(|day| (day, days.get(&day).copied().unwrap_or_default()))
        .collect();
    let most = days.iter().map(|(_, orders)| *orders).max().unwrap_or_default();
    let area = SVGBackend::new("orders.svg", (760, 300)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Orders per day", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(40)
        .build_cartesian_2d(0..days.len(), 0..most + 1)?;
    let label = |at: &usize| days.get(*at).map_or(String::new(), |(day, _)| day.strftime("%-d %b").to_string());
    chart.configure_mesh().disable_x_mesh().x_labels(8).x_label_formatter(&label).draw()?;
    chart.draw_series(days.iter().enumerate().map(|(at, (_, orders))| {
        let mut bar = Rectangle::new([(at, 0), (at + 1, *orders)], BLUE.mix(0.7).filled());
        bar.set_margin(0, 0, 2, 2);
        bar
    }))?;
    area.present()?;
    Ok(())
}
