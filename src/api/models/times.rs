//! Times in ISO 8601 with an offset. A time without an offset is read as UTC, because servers like Komerza's
//! are known to write such times.

use jiff::{Timestamp, civil::Time, fmt::temporal::Pieces, tz::Offset};
use serde::{Deserialize, Deserializer, de::Error};

fn parse(text: &str) -> Option<Timestamp> {
    let pieces = Pieces::parse(text).ok().filter(|pieces| pieces.time_zone_annotation().is_none())?;
    let time = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    // The first and the last hours that can be written do not fit a `Timestamp`. What .NET writes for "never"
    // is one of them.
    let nearest = if time.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Some(offset.to_timestamp(time).unwrap_or(nearest))
}

/// `None` for null and for an empty text.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(from)?.filter(|text| !text.is_empty());
    text.map(|text| parse(&text).ok_or_else(|| D::Error::custom("not a time in ISO 8601"))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_an_offset_and_without() {
        for (text, seconds) in [
            ("2026-11-20T10:00:00Z", Some(1_795_168_800)),
            ("2026-11-20T11:00:00+01:00", Some(1_795_168_800)),
            ("2026-11-20T10:00:00.1234567Z", Some(1_795_168_800)),
            ("2026-11-20T10:00:00", Some(1_795_168_800)),
            ("2026-11-20T10:00:00.123", Some(1_795_168_800)),
            ("2026-11-20", Some(1_795_132_800)),
            ("0001-01-01T00:00:00", Some(-62_135_596_800)),
            ("0001-01-01T00:00:00+14:00", Some(-62_135_647_200)),
            ("9999-12-31T23:59:59.9999999", Some(Timestamp::MAX.as_second())),
            ("9999-12-31T23:59:59.9999999Z", Some(Timestamp::MAX.as_second())),
            ("20.11.2026", None),
            ("", None),
            ("1795168800", None),
            ("2026-11-20T10:00:00[America/New_York]", None),
            ("2026-02-30T10:00:00Z", None),
        ] {
            assert_eq!(parse(text).map(|time| time.as_second()), seconds, "{text}");
        }
    }
}
